"""Different pairs drawn for data that list same pairs alone."""

import pandas as pd
import pytest

from seqtwin.config import parse_run
from seqtwin.data.reading.negatives import with_negatives
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.objectives.load_pairs import load_data


def same_pairs(count, split="train"):
    return pd.DataFrame(
        {
            "left": [f"a{i}" for i in range(count)],
            "right": [f"b{i}" for i in range(count)],
            "target": 1.0,
            "split": split,
        }
    )


@pytest.mark.parametrize("count", [1, 3])
def test_each_same_pair_gets_so_many_different_ones_from_its_own_split(count):
    dev = same_pairs(10, "dev")
    frame = pd.concat([same_pairs(20), dev.assign(left="dev " + dev["left"], right="dev " + dev["right"])])
    whole, notes = with_negatives(frame, count, cut=0.5, seed=0)
    different = whole[whole["target"] == 0]
    assert len(different) == 30 * count
    assert notes == [f"{30 * count} random different pairs were added, at most {count} per same pair (data.negatives)"]
    for split, rows in different.groupby("split"):
        own = frame[frame["split"] == split]
        assert set(rows["left"]) == set(own["left"])
        assert set(rows["right"]) <= set(own["right"])
    assert not different.merge(frame[["left", "right"]]).shape[0], "no same pair is called different"
    assert not different.duplicated().any()


def test_the_same_seed_draws_the_same_pairs():
    draws = [with_negatives(same_pairs(20), 1, cut=0.5, seed=seed)[0] for seed in (0, 0, 1)]
    assert draws[0].equals(draws[1])
    assert not draws[0].equals(draws[2])


def test_what_follows_from_same_pairs_is_never_called_different():
    chain = pd.DataFrame({"left": ["a", "b", "x"], "right": ["b", "c", "y"], "target": 1.0, "split": "train"})
    whole, _ = with_negatives(chain, 5, cut=0.5, seed=0)
    different = whole[whole["target"] == 0]
    linked = different["left"].isin([*"abc"]) & different["right"].isin([*"abc"])
    assert len(different)
    assert not linked.any()


def test_pairs_that_are_all_linked_are_refused():
    linked = pd.DataFrame({"left": ["a", "b"], "right": ["b", "c"], "target": 1.0, "split": "train"})
    with pytest.raises(DataError, match="all its pairs share texts"):
        with_negatives(linked, 1, cut=0.5, seed=0)


def test_none_are_drawn_unless_asked_for():
    frame = same_pairs(3)
    assert with_negatives(frame, 0, cut=0.5, seed=0) == (frame, [])


def test_a_config_draws_them(tmp_path):
    path = tmp_path / "pairs.csv"
    path.write_text("left,right,label\n" + "".join(f"a{i},b{i},1\n" for i in range(40)), encoding="utf-8")
    data = load_data(parse_run({"data": {"file": str(path), "label": "label", "negatives": 2}}))
    counts = data.frame.groupby(["split", "target"]).size().unstack()
    assert (counts[0.0] == 2 * counts[1.0]).all()
    assert any("random different pairs" in note for note in data.notes)


@pytest.mark.parametrize("other", [{"text": "left"}, {"series": "left"}])
@pytest.mark.parametrize(
    "key", [{"negatives": 1}, {"labels": {"x": 1}}, {"left_table": "a.csv", "right_table": "b.csv"}]
)
def test_keys_of_pairs_are_refused_beside_texts_and_series_with_a_class(other, key):
    with pytest.raises(ConfigError, match="only for tables of pairs"):
        load_data(parse_run({"data": {"file": "x.csv", "label": "label", **other, **key}}))
