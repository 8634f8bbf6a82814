"""CLASS_METRICS: the metrics of class predictions, and the record of a metric of predictions.

`shares` [rows classes]: the probability of every class. `target` [rows]: the index of the true class. All arithmetic is
float64. A metric without a value raises `Undefined` with the reason.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
import numpy.typing as npt

from seqtwin.metrics.base import CORRECT, HIGHER, LOWER, Direction, Undefined
from seqtwin.metrics.pairs import Floats

Counts = npt.NDArray[np.int64]

BINS = 15
LEAST = float(np.finfo(np.float64).eps)  # a probability of 0 would have an infinite loss
ROUNDING = 1e-6  # float32 probabilities can exceed 1 by this much

Predicted = TypeVar("Predicted")
Expected = TypeVar("Expected")


@dataclass(frozen=True)
class Measure(Generic[Predicted, Expected]):
    """A metric of predictions and true values. `name`: as reports print it."""

    name: str
    direction: Direction
    function: Callable[[Predicted, Expected], float]


def as_classified(shares: npt.ArrayLike, target: npt.ArrayLike) -> tuple[Floats, Counts]:
    """Shares and target as Float64[rows classes] and Int64[rows].

    Raises: ValueError unless they are probabilities and one class per row; Undefined without rows.
    """
    p, y = np.asarray(shares, dtype=np.float64), np.asarray(target)
    if p.ndim != 2 or y.shape != p.shape[:1]:
        raise ValueError(f"expected shares [rows classes] and target [rows], got shapes {p.shape} and {y.shape}")
    if not len(p):
        raise Undefined("there are no rows")
    if not ((p >= 0) & (p <= 1 + ROUNDING)).all():
        raise ValueError("expected probabilities between 0 and 1")
    if not np.issubdtype(y.dtype, np.integer) or not ((y >= 0) & (y < p.shape[1])).all():
        raise ValueError(f"expected integer classes from 0 to {p.shape[1] - 1}")
    return p, y.astype(np.int64)


def confusion(shares: npt.ArrayLike, target: npt.ArrayLike) -> Counts:
    """The counts of each true class (row) and predicted class (column): Int[classes classes]. Ties go to the first.

    >>> confusion([[.9, .1], [.8, .2], [.3, .7]], [0, 1, 1])
    array([[1, 0],
           [1, 1]])
    """
    p, y = as_classified(shares, target)
    size = p.shape[1]
    cells: Counts = np.bincount(y * size + p.argmax(axis=1), minlength=size * size).reshape(size, size)
    return cells


def accuracy(shares: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """The share of rows whose most probable class is the true one.

    >>> accuracy([[.9, .1], [.8, .2]], [0, 1])
    0.5
    """
    cells = confusion(shares, target)
    return float(np.trace(cells) / cells.sum())


def macro_f1(shares: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """The mean of F1 over the classes that occur in `target`. The F1 of a class that is never predicted is 0.

    Formula: F1 of a class = 2 TP / (2 TP + FP + FN).

    >>> round(macro_f1([[.9, .1], [.8, .2]], [0, 1]), 6)
    0.333333
    """
    cells = confusion(shares, target)
    occurs = cells.sum(axis=1)
    f1 = 2 * np.diag(cells) / np.maximum(occurs + cells.sum(axis=0), 1)
    return float(f1[occurs > 0].mean())


def log_loss(shares: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """The mean loss of the true class in nats. Formula: mean -ln max(p[target], eps of float64).

    >>> round(log_loss([[.5, .5], [.75, .25]], [0, 0]), 6)
    0.490415
    """
    p, y = as_classified(shares, target)
    right = np.clip(p[np.arange(len(y)), y], LEAST, 1.0)
    return 0.0 - float(np.log(right).mean())


def calibration_error(shares: npt.ArrayLike, target: npt.ArrayLike) -> float:
    """The difference between the probability of the predicted class and its accuracy (ECE), in [0, 1].

    Formula: sum over 15 bins of |B| / rows * |accuracy(B) - mean probability(B)|, where bin m contains the rows whose
    highest probability is in ((m - 1) / 15, m / 15].
    Source: Guo et al. 2017, On Calibration of Modern Neural Networks, equations 2, 3 and 5.

    >>> round(calibration_error([[.8, .2], [.8, .2]], [0, 1]), 6)
    0.3
    """
    p, y = as_classified(shares, target)
    top, right = np.minimum(p.max(axis=1), 1.0), p.argmax(axis=1) == y
    place = np.maximum(np.ceil(top * BINS).astype(np.int64) - 1, 0)
    surplus = np.bincount(place, weights=right - top, minlength=BINS)
    return float(np.abs(surplus).sum() / len(y))


def measured(
    table: Mapping[str, Measure[Predicted, Expected]], predicted: Predicted, expected: Expected
) -> tuple[dict[str, float], dict[str, str]]:
    """The value of every metric of a table, and the reasons for those without one."""
    values, undefined = {}, {}
    for name, metric in table.items():
        try:
            values[name] = float(metric.function(predicted, expected))
        except Undefined as nothing:
            undefined[name] = nothing.reason
    return values, undefined


CLASS_METRICS: dict[str, Measure[npt.ArrayLike, npt.ArrayLike]] = {
    "accuracy": Measure("accuracy", CORRECT, accuracy),
    "macro_f1": Measure("macro F1", HIGHER, macro_f1),
    "log_loss": Measure("log loss", LOWER, log_loss),
    "calibration_error": Measure("calibration error", LOWER, calibration_error),
}
