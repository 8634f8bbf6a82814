"""Thresholds and isotonic maps: against brute force and scikit-learn."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from seqtwin.errors import ConfigError
from seqtwin.metrics import (
    METRICS,
    Undefined,
    fit_isotonic,
    fit_threshold,
    measure,
    primary_metric,
    threshold_optimism,
)
from seqtwin.metrics.thresholds import AIMS

PAIRS = st.lists(st.tuples(st.integers(-5, 5), st.integers(0, 1)), min_size=1, max_size=12)


def best_by_trying(scores: np.ndarray, labels: np.ndarray, metric: str) -> float:
    """The best value over every way to part the scores, the slow way."""
    values = []
    for cut in [*np.unique(scores), scores.max() + 1]:
        try:
            values.append(METRICS[metric].function(scores >= cut, labels))
        except Undefined:
            continue
    return max(values)


@pytest.mark.parametrize("metric", AIMS)
@given(pairs=PAIRS)
def test_no_threshold_is_better(metric: str, pairs: list[tuple[int, int]]) -> None:
    scores, labels = np.array(pairs, dtype=float).T
    assume(labels.any() and not labels.all() and (metric != "mcc" or len(set(scores)) > 1))
    threshold = fit_threshold(scores, labels, metric)
    assert np.isfinite(threshold)
    assert METRICS[metric].function(scores >= threshold, labels) == pytest.approx(
        best_by_trying(scores, labels, metric)
    )


def test_cuts_lie_midway_and_never_split_equal_scores() -> None:
    assert fit_threshold([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0]) == pytest.approx(0.3)
    assert fit_threshold([0.9, 0.5, 0.5, 0.1], [1, 1, 0, 0], "accuracy") == pytest.approx(0.7)


def test_all_may_be_called_same_or_none() -> None:
    assert fit_threshold([0.5, 0.4, 0.3], [0, 0, 1]) < 0.3
    assert fit_threshold([0.5, 0.4, 0.3], [0, 0, 1], "accuracy") > 0.5


def test_neighbouring_floats_are_still_parted() -> None:
    low = 1.0
    high = np.nextafter(low, 2.0)
    threshold = fit_threshold([high, low], [1, 0])
    assert high >= threshold > low


def test_no_threshold_without_both_classes() -> None:
    with pytest.raises(Undefined, match="labelled same"):
        fit_threshold([0.1, 0.2], [0, 0])
    with pytest.raises(Undefined, match="labelled different"):
        fit_threshold([0.1, 0.2], [1, 1])
    with pytest.raises(Undefined, match="no pairs"):
        fit_threshold([], [])


def test_unknown_metric_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="did you mean 'accuracy'"):
        fit_threshold([0.1], [1], "acuracy")


@given(PAIRS, st.integers(-6, 6))
def test_optimism_is_never_negative(pairs: list[tuple[int, int]], threshold: int) -> None:
    scores, labels = np.array(pairs, dtype=float).T
    assume(labels.any() and not labels.all())
    assert threshold_optimism(scores, labels, threshold) >= -1e-12


@pytest.mark.parametrize("seed", range(3))
def test_isotonic_equals_scikit_learn_and_clips(seed: int) -> None:
    draw = np.random.default_rng(seed)
    scores, targets = draw.integers(0, 20, 60) / 20, draw.uniform(size=60)
    ours = fit_isotonic(scores, targets)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, targets)
    new = np.linspace(-1, 2, 50)
    assert ours(new) == pytest.approx(theirs.predict(new))
    assert ours([-9.0]) == ours([scores.min()])


def test_calibration_mends_the_scale_and_keeps_the_rank() -> None:
    targets = np.linspace(0, 1, 30)
    scores = -5 + 3 * targets**3
    threshold = fit_threshold(scores, targets >= 0.5)
    values, undefined = measure(scores, targets, 0.5, threshold, fit_isotonic(scores, targets))
    assert not undefined
    assert values["mse_iso"] == pytest.approx(0, abs=1e-9)
    assert values["pearson_iso"] == pytest.approx(1)
    assert values["pearson"] < 0.95
    assert values["f1"] == 1.0


@pytest.mark.parametrize(("targets", "name"), [([0, 1], "roc_auc"), ([0.0, 0.5], "spearman"), ([1, 1], "roc_auc")])
def test_the_primary_metric_follows_the_targets(targets: list[float], name: str) -> None:
    assert primary_metric(targets) == name
