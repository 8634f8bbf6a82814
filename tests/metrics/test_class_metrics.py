"""Metrics of classes against scikit-learn, a plain loop and what must hold always."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as oracle

from seqtwin.metrics import CLASS_METRICS, Undefined, lower_is_better
from seqtwin.metrics.classes import BINS, accuracy, calibration_error, confusion, log_loss, macro_f1


def drawn(seed, rows, classes, sharp=1.0):
    draw = np.random.default_rng(seed)
    shares = draw.dirichlet(np.full(classes, 1 / sharp), size=rows)
    return shares, draw.integers(0, classes, rows)


@pytest.mark.parametrize(("rows", "classes"), [(1, 2), (3, 5), (40, 2), (200, 7)])
@pytest.mark.parametrize("seed", range(4))
def test_equal_to_scikit_learn(seed, rows, classes):
    shares, target = drawn(seed, rows, classes)
    called, names = shares.argmax(1), range(classes)
    assert accuracy(shares, target) == pytest.approx(oracle.accuracy_score(target, called))
    wanted = oracle.f1_score(target, called, labels=np.unique(target), average="macro", zero_division=0)
    assert macro_f1(shares, target) == pytest.approx(wanted)
    np.testing.assert_array_equal(confusion(shares, target), oracle.confusion_matrix(target, called, labels=names))
    assert log_loss(shares, target) == pytest.approx(oracle.log_loss(target, shares, labels=names))


@pytest.mark.parametrize("seed", range(4))
def test_calibration_error_is_that_of_a_plain_loop(seed):
    shares, target = drawn(seed, 300, 3, sharp=3.0)
    shares[0], shares[1] = [1, 0, 0], [0.6, 0.2, 0.2]  # the ends of the ninth and of the last bin belong to them
    total = 0.0
    for number in range(1, BINS + 1):
        own = [i for i, row in enumerate(shares) if (number - 1) / BINS < max(row) <= number / BINS]
        if own:
            right = sum(int(np.argmax(shares[i])) == target[i] for i in own) / len(own)
            total += len(own) / len(shares) * abs(right - sum(max(shares[i]) for i in own) / len(own))
    assert calibration_error(shares, target) == pytest.approx(total)


def test_a_class_that_is_never_called_counts_zero():
    shares = np.eye(3)[[0, 0, 0, 1]]
    assert macro_f1(shares, [0, 0, 2, 1]) == pytest.approx((0.8 + 0 + 1) / 3)
    assert macro_f1(shares[:2], [0, 0]) == 1.0  # classes that do not occur are not counted


def test_certainty_costs_what_it_should():
    assert log_loss([[1.0, 0.0]], [0]) == 0.0
    assert str(log_loss([[1.0, 0.0]], [0])) == "0.0"
    assert log_loss([[1.0, 0.0]], [1]) == pytest.approx(-np.log(np.finfo(float).eps))
    assert calibration_error([[1.0, 0.0]], [1]) == 1.0


@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 6))
def test_what_holds_always(seed, rows, classes):
    shares, target = drawn(seed, rows, classes)
    order = np.random.default_rng(seed).permutation(rows)
    for name, metric in CLASS_METRICS.items():
        value = metric.function(shares, target)
        assert isinstance(value, float)
        assert value >= 0
        assert value == pytest.approx(metric.function(shares[order], target[order]))
        if name != "log_loss":
            assert value <= 1 + 1e-12
    assert confusion(shares, target).sum() == rows


def test_perfect_answers_are_the_best():
    shares, target = np.eye(4), np.arange(4)
    best = {name: 0.0 if lower_is_better(name) else 1.0 for name in CLASS_METRICS}
    assert {name: metric.function(shares, target) for name, metric in CLASS_METRICS.items()} == best


def test_single_precision_is_taken():
    shares = np.array([[1.0000001, 0.0]], dtype=np.float32)
    assert 0 <= calibration_error(shares, [0]) <= 1
    assert log_loss(shares, [0]) == 0.0


@pytest.mark.parametrize("metric", CLASS_METRICS.values(), ids=CLASS_METRICS)
@pytest.mark.parametrize(
    ("shares", "target", "words"),
    [
        ([0.5, 0.5], [0], "shapes"),
        ([[0.5, 0.5]], [0, 1], "shapes"),
        ([[0.5, np.nan]], [0], "probabilities"),
        ([[1.5, -0.5]], [0], "probabilities"),
        ([[0.5, 0.5]], [2], "classes from 0 to 1"),
        ([[0.5, 0.5]], [-1], "classes from 0 to 1"),
        ([[0.5, 0.5]], [0.5], "integer classes"),
    ],
)
def test_what_is_no_class_is_refused(metric, shares, target, words):
    with pytest.raises(ValueError, match=words):
        metric.function(shares, target)


@pytest.mark.parametrize("metric", CLASS_METRICS.values(), ids=CLASS_METRICS)
def test_no_rows_have_no_value(metric):
    with pytest.raises(Undefined, match="no rows"):
        metric.function(np.zeros((0, 3)), np.zeros(0, dtype=int))
