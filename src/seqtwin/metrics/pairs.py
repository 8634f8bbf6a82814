"""METRICS: the metrics of scored pairs. Scores: higher = more similar; targets in [0, 1], 1 = same.

All arithmetic is float64. A metric without a value raises `Undefined` with the reason; it never returns NaN or 0
instead.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from seqtwin.metrics.base import CORRECT, CORRELATION, HIGHER, LOWER, Direction, Undefined

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def as_pairs(scores: npt.ArrayLike, targets: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Scores and targets as float64 arrays: [pairs] each. Raises: ValueError for other shapes, NaN or infinities."""
    s, y = np.asarray(scores, dtype=np.float64), np.asarray(targets, dtype=np.float64)
    if s.ndim != 1 or s.shape != y.shape:
        raise ValueError(f"expected as many scores as targets in two flat arrays, got shapes {s.shape} and {y.shape}")
    if not (np.isfinite(s).all() and np.isfinite(y).all()):
        row = int(np.flatnonzero(~(np.isfinite(s) & np.isfinite(y)))[0])
        raise ValueError(f"expected finite scores and targets, got score {s[row]} and target {y[row]} in row {row}")
    return s, y


def _deviations(values: Floats, what: str) -> Floats:
    """The values centred and scaled to length 1. The correlation of two such arrays is their dot product."""
    centred = values - values.mean()
    length = float(np.sqrt(np.square(centred).sum()))
    # below this the differences are rounding, not information
    if length <= 1e-13 * float(np.abs(values).max()) or length == 0:
        raise Undefined(f"all {what} are equal")
    direction: Floats = centred / length
    return direction


def pearson(scores: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """The sample correlation, in [-1, 1]. Formula: cov(s, y) / (sd(s) sd(y)).

    Raises: Undefined for fewer than three pairs, or when scores or targets are constant.

    >>> round(pearson([.894427, .707107, .96, 0], [.9, .2, .8, .1]), 4)
    0.8044
    """
    s, y = as_pairs(scores, targets)
    if len(s) < 3:
        raise Undefined(f"a correlation needs at least 3 pairs, got {len(s)}")
    return float(np.clip(_deviations(s, "scores") @ _deviations(y, "targets"), -1.0, 1.0))


def average_ranks(values: npt.ArrayLike) -> Floats:
    """Ranks, starting at 1. Equal values get the mean of their places.

    >>> average_ranks([3.0, 1.0, 3.0])
    array([2.5, 1. , 2.5])
    """
    _, place, count = np.unique(np.asarray(values), return_inverse=True, return_counts=True)
    last: Floats = np.cumsum(count).astype(np.float64)
    ranks: Floats = (last - (count - 1) / 2)[place]
    return ranks


def spearman(scores: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """The correlation of average ranks, in [-1, 1].

    Raises: Undefined as `pearson`.

    >>> round(spearman([.9, .7, 1.0, 0], [.9, .2, .8, .1]), 6)
    0.8
    """
    s, y = as_pairs(scores, targets)
    return pearson(average_ranks(s), average_ranks(y))


def mse(scores: npt.ArrayLike, targets: npt.ArrayLike) -> float:
    """The mean squared error. Formula: mean (s - y)^2.

    >>> mse([1.0, 0.5], [1.0, 0.0])
    0.125
    """
    s, y = as_pairs(scores, targets)
    if not len(s):
        raise Undefined("there are no pairs")
    return float(np.square(s - y).mean())


def as_classes(scores: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Bools]:
    """The scores, and whether each pair is same. Raises: ValueError for labels other than 0 and 1."""
    s, y = as_pairs(scores, labels)
    if not np.isin(y, (0.0, 1.0)).all():
        raise ValueError("expected labels 0 and 1; apply the cut to graded targets first")
    return s, y == 1


def roc_auc(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The probability that a same pair scores above a different one. Formula: P(s+ > s-) + 1/2 P(s+ = s-).

    Raises: Undefined when only one class is present.

    >>> roc_auc([.8, .3, .5, .5], [1, 0, 1, 0])
    0.875
    """
    s, same = as_classes(scores, labels)
    positives, negatives = int(same.sum()), int((~same).sum())
    if not positives or not negatives:
        raise Undefined(f"only one class is present ({positives} same, {negatives} different)")
    above = average_ranks(s)[same].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def average_precision(scores: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The area under precision and recall, in steps. Formula: sum over distinct thresholds of (R_k - R_(k-1)) P_k.

    Raises: Undefined when there is no positive.

    >>> round(average_precision([.9, .8, .7], [1, 0, 1]), 6)
    0.833333
    """
    s, same = as_classes(scores, labels)
    if not same.any():
        raise Undefined("no pair is labelled same")
    table = confusion_by_cut(s, same)
    # at the first threshold no pair is called same: it has no precision and adds no recall
    precision = table.true_same[1:] / (table.true_same[1:] + table.false_same[1:])
    return float((np.diff(table.true_same) / same.sum()) @ precision)


@dataclass(frozen=True)
class Counts:
    """A confusion table, or one per threshold: pairs called same or different, correctly (true) or not (false)."""

    true_same: Floats
    false_same: Floats
    false_different: Floats
    true_different: Floats


def _confusion(called: npt.ArrayLike, labels: npt.ArrayLike) -> Counts:
    c, same = as_classes(called, labels)
    if not len(c):
        raise Undefined("there are no pairs")
    yes = c == 1
    cells = (yes & same, yes & ~same, ~yes & same, ~yes & ~same)
    return Counts(*(np.asarray(cell.sum(), dtype=np.float64) for cell in cells))


def confusion_by_cut(scores: Floats, same: Bools) -> Counts:
    """One confusion table per cut, from the cut above all scores down to the one below all."""
    distinct, place = np.unique(scores, return_inverse=True)
    hits = np.bincount(place, weights=same, minlength=len(distinct))[::-1]
    misses = np.bincount(place, weights=~same, minlength=len(distinct))[::-1]
    true_same, false_same = (np.concatenate([[0.0], np.cumsum(part)]) for part in (hits, misses))
    return Counts(true_same, false_same, true_same[-1] - true_same, false_same[-1] - false_same)


def _ratio(top: Floats, bottom: Floats) -> Floats:
    """The quotient, NaN where the divisor is 0 (never returned by a metric, see `_defined`)."""
    quotient: Floats = np.divide(top, bottom, out=np.full(np.shape(bottom), np.nan), where=np.asarray(bottom != 0))
    return quotient


def _defined(value: Floats, reason: str) -> float:
    if np.isnan(value):
        raise Undefined(reason)
    return float(value)


def accuracy_of(c: Counts) -> Floats:
    """Accuracy of each table; NaN without pairs."""
    all_pairs = c.true_same + c.false_same + c.false_different + c.true_different
    return _ratio(c.true_same + c.true_different, all_pairs)


def f1_of(c: Counts) -> Floats:
    """F1 of each table; NaN where no pair is same and none is called same."""
    return _ratio(2 * c.true_same, 2 * c.true_same + c.false_same + c.false_different)


def mcc_of(c: Counts) -> Floats:
    """Matthews' correlation of each table; NaN where a row or column of the table is empty."""
    margins = (c.true_same + c.false_same) * (c.true_same + c.false_different)
    margins = margins * (c.true_different + c.false_same) * (c.true_different + c.false_different)
    return _ratio(c.true_same * c.true_different - c.false_same * c.false_different, np.sqrt(margins))


def accuracy(called: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The share of pairs called correctly. `called` is 1 where the score reached the threshold.

    >>> accuracy([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    return float(accuracy_of(_confusion(called, labels)))


def precision(called: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The share of pairs called same that are same. Raises: Undefined when none is called same.

    >>> precision([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    c = _confusion(called, labels)
    return _defined(_ratio(c.true_same, c.true_same + c.false_same), "no pair is called same")


def recall(called: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The share of same pairs that are called same. Raises: Undefined when no pair is same.

    >>> recall([1, 1, 0, 0], [1, 0, 1, 0])
    0.5
    """
    c = _confusion(called, labels)
    return _defined(_ratio(c.true_same, c.true_same + c.false_different), "no pair is labelled same")


def f1(called: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """The harmonic mean of precision and recall. Formula: 2 TP / (2 TP + FP + FN).

    Raises: Undefined when no pair is same and none is called same.

    >>> f1([1, 1, 0, 0], [1, 0, 0, 0])
    0.6666666666666666
    """
    return _defined(f1_of(_confusion(called, labels)), "no pair is labelled same and none is called same")


def mcc(called: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Matthews' correlation of call and label, in [-1, 1].

    Raises: Undefined when a row or column of the confusion table is empty.

    >>> mcc([1, 1, 0, 0], [1, 1, 0, 0])
    1.0
    """
    reason = "one class is missing among the labels or the calls"
    return _defined(mcc_of(_confusion(called, labels)), reason)


@dataclass(frozen=True)
class Metric:
    """A metric of pairs. `name`: as reports print it.

    `of`: its first argument, which is raw scores, calibrated scores, or the calls at a threshold (1 = same). `targets`:
    its second argument, the graded targets or the labels 0 and 1.
    """

    name: str
    direction: Direction
    function: Callable[[npt.ArrayLike, npt.ArrayLike], float]
    of: Literal["scores", "calibrated", "calls"] = "scores"
    targets: Literal["graded", "binary"] = "graded"


RANK_CORRELATION = Direction(
    "higher", chance=0.0, meaning="rank correlation of scores and targets; 1 is perfect order, 0 is none"
)
RANKED_RIGHT = Direction(
    "higher", chance=0.5, meaning="of a same and a different pair, the same one scores higher {share} times in 100"
)
METRICS: dict[str, Metric] = {
    "pearson": Metric("Pearson", CORRELATION, pearson),
    "spearman": Metric("Spearman", RANK_CORRELATION, spearman),
    "mse": Metric("MSE", LOWER, mse),
    "pearson_iso": Metric("Pearson (isotonic)", CORRELATION, pearson, of="calibrated"),
    "mse_iso": Metric("MSE (isotonic)", LOWER, mse, of="calibrated"),
    "roc_auc": Metric("ROC-AUC", RANKED_RIGHT, roc_auc, targets="binary"),
    "average_precision": Metric("average precision", HIGHER, average_precision, targets="binary"),
    "accuracy": Metric("accuracy", CORRECT, accuracy, of="calls", targets="binary"),
    "precision": Metric("precision", HIGHER, precision, of="calls", targets="binary"),
    "recall": Metric("recall", HIGHER, recall, of="calls", targets="binary"),
    "f1": Metric("F1", HIGHER, f1, of="calls", targets="binary"),
    "mcc": Metric("MCC", CORRELATION, mcc, of="calls", targets="binary"),
}
