"""The properties of the vectors of a Siamese that are known before training, by which a loss checks its settings."""

import math
from dataclasses import dataclass

import numpy as np


def count_zero_vectors(vectors: np.ndarray) -> int:
    """The number of rows of `vectors`, Float[n dim], with only zeros. NaN is no zero.

    >>> count_zero_vectors(np.array([[0.0, 0.0], [0.0, 1.0], [np.nan, np.nan]]))
    1
    """
    return int((~vectors.any(axis=1)).sum())


def zero_vectors_line(count: int) -> str:
    """A sentence on vectors of zeros, which have no direction; empty without any.

    >>> zero_vectors_line(1)
    '1 vector has only zeros: its cosine with every other one counts as 0'
    """
    if not count:
        return ""
    vectors, their = ("vector has", "its") if count == 1 else ("vectors have", "their")
    return f"{count:,} {vectors} only zeros: {their} cosine with every other one counts as 0"


@dataclass(frozen=True)
class VectorSpace:
    """Width and bound of the vectors, and the name and range of the similarity that compares them.

    `bound`: the largest possible |coordinate| (1 for states squashed by tanh), None where there is none. `unit`: all
    vectors have length 1. `low`, `high`: the range of the similarity.

    >>> VectorSpace(dim=16, bound=1.0, unit=False, similarity="cosine", low=-1.0, high=1.0).radius
    4.0
    """

    dim: int
    bound: float | None
    unit: bool
    similarity: str
    low: float
    high: float

    @property
    def radius(self) -> float:
        """The largest possible length of a vector: 1, bound * sqrt(dim), or infinite."""
        if self.unit:
            return 1.0
        return math.inf if self.bound is None else self.bound * math.sqrt(self.dim)
