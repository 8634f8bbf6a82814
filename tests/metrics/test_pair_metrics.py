"""Metrics against SciPy, scikit-learn, golden values and what must hold always."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics as oracle

from seqtwin.metrics import METRICS, Undefined, average_ranks, lower_is_better, measure
from seqtwin.metrics.pairs import (
    accuracy,
    average_precision,
    f1,
    mcc,
    mse,
    pearson,
    precision,
    recall,
    roc_auc,
    spearman,
)

GRADED = [0.9, 0.2, 0.8, 0.1]
BINARY = [1, 0, 1, 0]
COS = [0.894427, 0.707107, 0.96, 0.0]
EUCLIDEAN = [-0.5, -1.0, -1.414214, -2.0]
EXP_MANHATTAN = [0.606531, 0.367879, 0.135335, 0.135335]


@pytest.mark.parametrize(
    ("scores", "golden"),
    [
        (COS, (0.804391, 0.8, 1.0, 1.0)),
        (EUCLIDEAN, (0.610967, 0.8, 0.75, 0.833333)),
        (EXP_MANHATTAN, (0.430215, 0.632456, 0.625, 0.75)),
    ],
)
def test_golden_values(scores: list[float], golden: tuple[float, ...]) -> None:
    found = (
        pearson(scores, GRADED),
        spearman(scores, GRADED),
        roc_auc(scores, BINARY),
        average_precision(scores, BINARY),
    )
    assert found == pytest.approx(golden, abs=1e-5)


@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_equal_to_scipy_and_scikit_learn(seed: int, ties: bool) -> None:
    draw = np.random.default_rng(seed)
    scores = draw.integers(0, 6, 40) / 6 if ties else draw.normal(size=40)
    graded, labels = draw.uniform(size=40), np.r_[draw.integers(0, 2, 38), 0, 1]
    assert pearson(scores, graded) == pytest.approx(stats.pearsonr(scores, graded).statistic)
    assert spearman(scores, graded) == pytest.approx(stats.spearmanr(scores, graded).statistic)
    assert average_ranks(scores) == pytest.approx(stats.rankdata(scores))
    assert mse(scores, graded) == pytest.approx(oracle.mean_squared_error(graded, scores))
    assert roc_auc(scores, labels) == pytest.approx(oracle.roc_auc_score(labels, scores))
    assert average_precision(scores, labels) == pytest.approx(oracle.average_precision_score(labels, scores))
    called = scores >= np.median(scores)
    assert accuracy(called, labels) == pytest.approx(oracle.accuracy_score(labels, called))
    assert precision(called, labels) == pytest.approx(oracle.precision_score(labels, called))
    assert recall(called, labels) == pytest.approx(oracle.recall_score(labels, called))
    assert f1(called, labels) == pytest.approx(oracle.f1_score(labels, called))
    assert mcc(called, labels) == pytest.approx(oracle.matthews_corrcoef(labels, called))


@pytest.mark.parametrize(
    ("function", "scores", "targets", "why"),
    [
        (pearson, [1, 2], [0, 1], "at least 3"),
        (pearson, [0.3, 0.3, 0.3], [0, 1, 0.5], "all scores are equal"),
        (pearson, np.float32([0.1] * 7), np.linspace(0, 1, 7), "all scores are equal"),
        (spearman, [1, 2, 3], [0.5, 0.5, 0.5], "all targets are equal"),
        (mse, [], [], "no pairs"),
        (roc_auc, [1, 2], [1, 1], "only one class"),
        (roc_auc, [], [], "only one class"),
        (average_precision, [1, 2], [0, 0], "no pair is labelled same"),
        (accuracy, [], [], "no pairs"),
        (precision, [0, 0], [1, 0], "no pair is called same"),
        (recall, [1, 0], [0, 0], "no pair is labelled same"),
        (f1, [0, 0], [0, 0], "no pair is labelled same"),
        (mcc, [1, 1], [1, 0], "one class is missing"),
    ],
)
def test_undefined_says_why(function, scores, targets, why: str) -> None:
    with pytest.raises(Undefined, match=why):
        function(scores, targets)


def test_f1_is_zero_not_undefined_where_a_positive_is_missed() -> None:
    assert f1([0, 0], [1, 0]) == 0.0


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_scores_that_are_not_finite_are_refused_with_their_row(bad: float) -> None:
    with pytest.raises(ValueError, match="row 1") as refused:
        measure([0.5, bad, 0.1], [1, 0, 1], 0.5, None, None)
    assert not isinstance(refused.value, Undefined)


def test_graded_labels_are_refused_where_classes_are_needed() -> None:
    with pytest.raises(ValueError, match="labels 0 and 1"):
        roc_auc([0.1, 0.2], [0.3, 1.0])


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match="as many scores as targets"):
        mse([1.0, 2.0], [1.0])


def test_arithmetic_is_double_even_for_single_precision_scores() -> None:
    draw = np.random.default_rng(0)
    scores = (1e4 + draw.normal(size=50)).astype(np.float32)
    targets = draw.uniform(size=50)
    assert pearson(scores, targets) == pytest.approx(stats.pearsonr(scores.astype(np.float64), targets).statistic)


@given(st.integers(3, 30), st.integers(3, 30), st.floats(-1e3, 1e3), st.floats(1e-3, 1e3))
def test_perfect_separation_gives_one_everywhere(same: int, different: int, start: float, gap: float) -> None:
    targets = np.r_[np.ones(same), np.zeros(different)]
    scores = start + gap * targets
    values, undefined = measure(scores, targets, 0.5, start + gap / 2, None)
    assert set(undefined) == {"pearson_iso", "mse_iso"}
    assert all(values[name] == pytest.approx(1.0) for name in values if not lower_is_better(name))


@given(st.lists(st.tuples(st.integers(-8, 8), st.integers(0, 4)), min_size=1, max_size=20), st.randoms())
def test_the_order_of_pairs_does_not_matter(pairs: list[tuple[int, int]], random) -> None:
    shuffled = random.sample(pairs, len(pairs))
    one, other = (np.array(p, dtype=float).T / 4 for p in (pairs, shuffled))
    values, undefined = measure(*one, 0.5, 0.1, None)
    again, still = measure(*other, 0.5, 0.1, None)
    assert undefined == still
    assert values == pytest.approx(again)
    assert all(np.isfinite(v) for v in values.values())


@given(st.lists(st.integers(-50, 50), min_size=4, max_size=20))
def test_rank_metrics_see_the_order_alone(scores: list[int]) -> None:
    labels = np.arange(len(scores)) % 2
    s = np.array(scores, dtype=float)
    assert roc_auc(s, labels) == pytest.approx(roc_auc(np.cbrt(s) - 100, labels))
    assert average_precision(s, labels) == pytest.approx(average_precision(np.cbrt(s) - 100, labels))
    assert roc_auc(s, labels) + roc_auc(-s, labels) == pytest.approx(1.0)


def test_the_same_keys_are_measured_or_explained() -> None:
    values, undefined = measure([0.2], [0.4], 0.5, None, None)
    assert values.keys() | undefined.keys() == METRICS.keys()
    assert not values.keys() & undefined.keys()
    assert undefined["f1"] == "no threshold could be fitted on dev"
