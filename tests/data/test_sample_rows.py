"""A sample of rows keeps whole rows, each split on its own, and says how many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.config import parse_run, vary
from seqtwin.data.examples import Examples
from seqtwin.data.pairs import PairData
from seqtwin.data.sample_rows import sample_examples, sample_pairs, sampled_rows
from seqtwin.json_values import hash_of
from seqtwin.run.manifest import config_hash
from seqtwin.run.prepare import prepare


def pairs(count: int) -> PairData:
    split = ["dev" if row % 5 == 0 else "test" if row % 5 == 1 else "train" for row in range(count)]
    left, right = ([f"{side}{row}" for row in range(count)] for side in "lr")
    return PairData.of(left=left, right=right, target=[row % 2 for row in range(count)], split=split, name="many")


@given(st.lists(st.sampled_from(["train", "dev", "test"]), max_size=60), st.integers(1, 80), st.integers(0, 9))
def test_rows_are_kept_in_order_and_at_most_as_many_as_wanted(split: list[str], rows: int, seed: int) -> None:
    kept = sampled_rows(split, rows, seed)
    assert kept.tolist() == sorted(set(kept.tolist()))
    names = np.asarray(split)[kept]
    assert (names == "train").sum() == min(rows, split.count("train"))
    for judged in ("dev", "test"):  # fewer than 1,000 of each are all kept
        assert (names == judged).sum() == split.count(judged)


def test_a_sample_has_whole_rows_and_is_counted() -> None:
    data = pairs(10_000)
    part = sample_pairs(data, 2000, seed=1)
    assert part.frame["split"].value_counts().to_dict() == {"train": 2000, "dev": 1000, "test": 1000}
    assert all(row.left[1:] == row.right[1:] and row.target == int(row.left[1:]) % 2 for row in part.frame.itertuples())
    assert part.notes == (
        "a random sample was used: 2,000 of 6,000 train rows, 1,000 of 2,000 dev rows, 1,000 of 2,000 test rows "
        "(data.rows)",
    )
    assert part.fingerprint == sample_pairs(data, 2000, seed=1).fingerprint
    assert part.fingerprint != sample_pairs(data, 2000, seed=2).fingerprint


@pytest.mark.parametrize("rows", [None, 8000, 10**9])
def test_all_rows_are_the_same_data(rows: int | None) -> None:
    """8,000 rows allow 2,000 of dev and test each, which is all of them."""
    data = pairs(10_000)
    assert sample_pairs(data, rows, 0) is data


def test_sequences_are_sampled_with_their_targets() -> None:
    items = [f"text {row}" for row in range(50)]
    data = Examples(
        "classify", items, [str(row % 3) for row in range(50)], ["train"] * 40 + ["dev"] * 5 + ["test"] * 5, "x"
    )
    part = sample_examples(data, 10, seed=0)
    assert len(part.items) == 20
    assert all(str(int(item.split()[1]) % 3) == target for item, target in zip(part.items, part.targets, strict=True))
    assert "10 of 40 train rows" in part.notes[-1]
    assert sample_examples(data, None, seed=0) is data


def test_a_config_takes_it_for_pairs_and_for_sequences(tmp_path) -> None:
    raw = tiny.raw_run(tiny.write_pairs(tmp_path / "data"), data={"rows": 30})
    prepared = prepare(parse_run(raw))
    assert {split: len(store) for split, store in prepared.stores.items()} == {"train": 30, "dev": 40, "test": 40}
    assert any("30 of 96 train rows" in note for note in prepared.notes)
    digits = prepare(parse_run({"data": {"name": "digits", "rows": 50}, "objective": "classify"}))
    assert len(digits.stores["train"]) == 50


def test_results_without_it_keep_their_identity(tmp_path) -> None:
    """The key is new: published results of configs without it are still recognised."""
    config = parse_run(tiny.raw_run(tiny.write_pairs(tmp_path / "data")))
    raw = config.model_dump(mode="json")
    del raw["data"]["rows"]
    del raw["fit"]["log"]
    del raw["fit"]["ddp"]
    for split in ("train", "dev", "test"):
        raw["data"][split] = f"{split}.csv"
    assert config_hash(config) == hash_of(raw)
    assert config_hash(vary(config, {"data.rows": 30})) != hash_of(raw)
