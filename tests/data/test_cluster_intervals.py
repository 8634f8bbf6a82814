"""The interval of a metric over clusters of rows, against those of theory and scikit-learn."""

from typing import Any

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_auc_score

from seqtwin.data.cluster_intervals import interval_of


def test_the_interval_of_a_mean_is_the_one_of_theory() -> None:
    values = np.random.default_rng(1).normal(size=400)
    found = interval_of(lambda rows: float(values[rows].mean()), np.arange(400))
    error = stats.sem(values)
    assert found == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error), abs=0.25 * error)


def test_pairs_of_one_cluster_stay_together() -> None:
    values = np.repeat(np.random.default_rng(1).normal(size=50), 8)
    clusters = np.repeat(np.arange(50) * 7 + 3, 8)
    apart, together = (interval_of(lambda rows: float(values[rows].mean()), of) for of in (np.arange(400), clusters))
    assert apart is not None
    assert together is not None
    assert (together[1] - together[0]) / (apart[1] - apart[0]) == pytest.approx(8**0.5, rel=0.25)
    shuffled = np.random.default_rng(2).permutation(400)
    moved = interval_of(lambda rows: float(values[shuffled][rows].mean()), clusters[shuffled])
    assert moved == pytest.approx(together, abs=0.1), "where a cluster's pairs stand does not matter"


@pytest.mark.parametrize("clusters", [np.zeros(400), np.arange(400) % 19, np.arange(0)])
def test_few_clusters_have_no_interval(clusters: np.ndarray) -> None:
    assert interval_of(lambda rows: 1.0, clusters) is None


def test_draws_without_a_value_are_left_out_while_they_are_few() -> None:
    def absent(every: int) -> Any:
        count = iter(range(10_000))
        return lambda rows: None if next(count) % every == 0 else 1.0

    assert interval_of(absent(50), np.arange(40)) == (1.0, 1.0)
    assert interval_of(absent(10), np.arange(40)) is None


def test_the_metric_of_drawn_rows_is_that_of_sklearn() -> None:
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, 200)
    scores = target + rng.normal(size=200)
    found = interval_of(lambda rows: float(roc_auc_score(target[rows], scores[rows])), np.arange(200))
    assert found is not None
    assert found[0] < roc_auc_score(target, scores) < found[1]
