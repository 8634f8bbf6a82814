"""Baselines before a training: those of all rows where the data are small, those of a sample where they are large."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
import tiny_examples as toy
from seqtwin.baselines import measure
from seqtwin.baselines.examples import measure_example_floors
from seqtwin.baselines.measure import measure_baselines
from seqtwin.baselines.pairs import measure_floors
from seqtwin.data.examples import Examples
from seqtwin.data.pairs import PairData
from seqtwin.data.sets.pair_sets import DATASETS


def pairs(counts: tuple[int, int, int] = (40, 20, 20)) -> PairData:
    rows = tiny.drawn_pairs(sum(counts), 0)
    split = [name for name, count in zip(("train", "dev", "test"), counts, strict=True) for _ in range(count)]
    left, right, target = zip(*rows, strict=True)
    return PairData.of(left=left, right=right, target=target, split=split, name="tiny")


def examples() -> Examples:
    texts = toy.drawn_texts(60)
    return Examples("classify", texts, [toy.class_of(t) for t in texts], ["train", "dev", "test"] * 20, "tiny")


def test_small_data_are_measured_in_full() -> None:
    data = pairs()
    found = measure_baselines(data, "roc_auc")
    assert found.floors == measure_floors(data)
    assert found.rows == found.sampled == {"train": 40, "dev": 20, "test": 20}
    assert measure_baselines(examples(), "accuracy").floors == measure_example_floors(examples())


@pytest.mark.long
def test_series_are_measured_without_the_search_task() -> None:
    data = DATASETS["digits"](pairs=60)
    found, full = measure_baselines(data, "roc_auc").floors, measure_floors(data)
    assert "retrieval" in full["dtw"]
    assert found == {name: {k: v for k, v in entry.items() if k != "retrieval"} for name, entry in full.items()}


@pytest.mark.parametrize("make", [pairs, examples])
def test_a_large_split_is_sampled(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "MOST_ROWS", 7)
    found = measure_baselines(make(), "roc_auc")
    assert set(found.sampled.values()) == {7}
    assert found.floors == measure_baselines(make(), "roc_auc").floors, "the same rows each time"


@given(rows=st.integers(1, 50), characters=st.integers(1, 400))
def test_a_sample_keeps_to_both_limits_and_draws_rows_of_the_data(rows: int, characters: int) -> None:
    data = pairs()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measure, "MOST_ROWS", rows)
        patch.setattr(measure, "MOST_CHARACTERS", characters)
        frame = measure._sample(data).frame
    known = set(data.frame.itertuples(index=False, name=None))
    for _, part in frame.groupby("split"):
        length = int((part["left"].str.len() + part["right"].str.len()).sum())
        assert len(part) == 1 or (len(part) <= rows and length <= characters)
    assert set(frame["split"]) == {"train", "dev", "test"}
    assert set(frame.itertuples(index=False, name=None)) <= known


def test_texts_of_blanks_have_no_terms_and_are_all_alike() -> None:
    split = [name for name in ("train", "dev", "test") for _ in range(2)]
    data = PairData.of(left=[" "] * 6, right=[" "] * 6, target=[0, 1] * 3, split=split, name="blank")
    found = measure_baselines(data, "roc_auc")
    assert found.floors["tfidf_char"]["test"]["roc_auc"] == 0.5
    assert found.best is not None


def test_sizes_are_characters() -> None:
    words = Examples("label_steps", [["ab", "c"], ["d"]], [["X", "Y"], ["X"]], ["train", "test"], "tiny")
    assert measure._sizes(words).tolist() == [3, 1]
    series = Examples("classify", [np.zeros((3, 2))], ["a"], ["train"], "tiny")
    assert measure._sizes(series).tolist() == [0]
