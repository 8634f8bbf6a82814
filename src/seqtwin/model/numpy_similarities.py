"""FORMULAS, INDEX_FORMS and RANGES: the similarities without torch, in NumPy and in the words of faiss.

Each equals the torch similarity of the same name in `similarities.py`, whose attribute `numpy_formula` it is.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]
# vectors (... dim) of both sides and the temperature to scores (...); a formula without a temperature ignores it
Scores = Callable[[Array, Array, float], Array]


@dataclass(frozen=True)
class IndexForm:
    """How an approximate index ranks nearly as a similarity does, in the words of faiss.

    `metric`: the name of its metric. `unit`: vectors are scaled to length 1 first. `bounds`: the range of the
    similarity where the index computes it exactly, up to rounding; None where it only ranks alike.
    """

    metric: Literal["METRIC_INNER_PRODUCT", "METRIC_L2", "METRIC_L1"]
    unit: bool = False
    bounds: tuple[float, float] | None = None


@dataclass(frozen=True)
class NumpyFormula:
    """A similarity in NumPy. `scores`: by broadcasting, (... dim) and (... dim) to (...).

    `matrix`: all scores of two sets by one product, [a dim] and [b dim] to [a b]; None where it is not a product.
    """

    scores: Scores
    matrix: Callable[[Array, Array], Array] | None = None


def _unit(a: Array) -> Array:
    squared = np.square(a).sum(-1, keepdims=True)
    return a / np.sqrt(np.where(squared > 1e-24, squared, np.float32(1.0)))


def _cosine(a: Array, b: Array, _: float) -> Array:
    return np.clip((_unit(a) * _unit(b)).sum(-1), -1.0, 1.0)


def _dot(a: Array, b: Array, _: float) -> Array:
    scores: Array = (a * b).sum(-1)
    return scores


def _negative_euclidean(a: Array, b: Array, _: float) -> Array:
    scores: Array = -np.sqrt(np.square(a - b).sum(-1) + np.float32(1e-12))
    return scores


def _exp_euclidean(a: Array, b: Array, tau: float) -> Array:
    scores: Array = np.exp(_negative_euclidean(a, b, tau) / np.float32(tau))
    return scores


def _exp_manhattan(a: Array, b: Array, tau: float) -> Array:
    scores: Array = np.exp(-np.abs(a - b).sum(-1) / np.float32(tau))
    return scores


COSINE = NumpyFormula(_cosine, lambda a, b: np.clip(_unit(a) @ _unit(b).T, -1.0, 1.0))
DOT = NumpyFormula(_dot, lambda a, b: a @ b.T)
NEGATIVE_EUCLIDEAN = NumpyFormula(_negative_euclidean)
EXP_MANHATTAN = NumpyFormula(_exp_manhattan)
EXP_EUCLIDEAN = NumpyFormula(_exp_euclidean)

# An exported encoder finds its formula here without torch. The formula of a similarity that is not in this dict is
# taken from its class, which loads torch.
FORMULAS: dict[str, NumpyFormula] = {
    "cosine": COSINE,
    "dot": DOT,
    "negative_euclidean": NEGATIVE_EUCLIDEAN,
    "exp_manhattan": EXP_MANHATTAN,
    "exp_euclidean": EXP_EUCLIDEAN,
}

INDEX_FORMS: dict[str, IndexForm] = {
    "cosine": IndexForm("METRIC_INNER_PRODUCT", unit=True, bounds=(-1.0, 1.0)),
    "dot": IndexForm("METRIC_INNER_PRODUCT", bounds=(-math.inf, math.inf)),
    "negative_euclidean": IndexForm("METRIC_L2"),
    "exp_manhattan": IndexForm("METRIC_L1"),
    "exp_euclidean": IndexForm("METRIC_L2"),
}

RANGES: dict[str, tuple[float, float]] = {
    "cosine": (-1.0, 1.0),
    "dot": (-math.inf, math.inf),
    "negative_euclidean": (-math.inf, 0.0),
    "exp_manhattan": (0.0, 1.0),
    "exp_euclidean": (0.0, 1.0),
    "pair_scorer": (-math.inf, math.inf),
}
