"""The nearest series by time warping, against a plain loop; and as a floor of labelled series."""

from dataclasses import replace

import numpy as np
import pytest

from seqtwin.baselines import pairs as floors
from seqtwin.baselines.pairs import measure_floors, nearest_by_dtw
from seqtwin.baselines.time_warping import dtw_1nn, warped_distances
from seqtwin.data.pairs import LabelledItems, PairData


def waves(seed: int, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((rng.integers(1, 7), 3)).astype(np.float32) for _ in range(count)]


def test_the_nearest_of_all_distances() -> None:
    gallery, queries, labels = waves(0, 20), waves(1, 9), np.arange(20) % 4
    every = [[warped_distances([query], [one], power=2)[0] for one in gallery] for query in queries]
    assert dtw_1nn(gallery, labels, queries).tolist() == [labels[int(np.argmin(row))] for row in every]


def test_of_equal_distances_the_first() -> None:
    one = np.zeros((2, 1))
    assert dtw_1nn([one, one + 1, one], np.array([7, 8, 9]), [one, one[:1], one + 2]).tolist() == [7, 7, 8]


def labelled(series: list[np.ndarray], classes: np.ndarray, train: int) -> PairData:
    split = np.array(["train"] * train + ["test"] * (len(series) - train))
    pairs = [(0, 1, 1.0, "train"), (1, 2, 0.0, "dev"), (2, 1, 0.0, "test"), (0, 1, 1.0, "dev"), (1, 0, 1.0, "test")]
    left, right, target, where = zip(*pairs, strict=True)
    data = PairData.of(left=left, right=right, target=target, split=where, name="waves", series=tuple(series))
    return replace(data, labelled=LabelledItems(range(len(series)), classes, split))


def test_the_floor_of_labelled_series() -> None:
    # one channel tells the classes apart, and a louder one, that says nothing, hides it until it is scaled
    rng = np.random.default_rng(0)
    classes = np.arange(60) % 2
    loud = [rng.normal(0, 1000, (4, 1)) for _ in range(60)]
    series = [
        np.hstack([one, np.full((4, 1), 3.0 * c)]).astype(np.float32) for one, c in zip(loud, classes, strict=True)
    ]
    found = nearest_by_dtw(labelled(series, classes, 40))
    assert found["nn_accuracy_scaled"] > 0.8 > found["nn_accuracy"]
    assert measure_floors(labelled(series, classes, 40))["dtw"]["retrieval"] == found


def test_a_floor_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    series, classes = waves(0, 12), np.arange(12) % 3
    data = labelled(series, classes, 8)
    assert set(nearest_by_dtw(data)) == {"nn_accuracy", "nn_accuracy_scaled"}
    assert nearest_by_dtw(replace(data, labelled=None)) == nearest_by_dtw(labelled(series, classes, 12)) == {}
    monkeypatch.setattr(floors, "MOST_SEARCHED", 8 * 4)
    assert nearest_by_dtw(data) == {}
