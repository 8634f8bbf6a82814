"""Metrics of what a decoder writes, against what it should: a sequence of tokens (ids, words, a string) on each side.

All arithmetic is float64. What has no value raises `Undefined` with its reason.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from seqtwin.metrics.classes import Measure
from seqtwin.metrics.pairs import Undefined

Texts = Sequence[Sequence[Any] | npt.NDArray[Any]]


def _pairs(written: Texts, right: Texts) -> list[tuple[npt.NDArray[Any], npt.NDArray[Any]]]:
    if len(written) != len(right):
        raise ValueError(f"expected as many written as right, got {len(written)} and {len(right)}")
    if not len(right):
        raise Undefined("there are no rows")
    return [(_tokens(one), _tokens(other)) for one, other in zip(written, right, strict=True)]


def _tokens(one: Sequence[Any] | npt.NDArray[Any]) -> npt.NDArray[Any]:
    return one if isinstance(one, np.ndarray) else np.array(list(one), dtype=object)


def exact_match(written: Texts, right: Texts) -> float:
    """The share of rows written without a fault.

    >>> exact_match(["roma", "pariz"], ["roma", "paris"])
    0.5
    """
    return float(np.mean([np.array_equal(a, b) for a, b in _pairs(written, right)]))


def token_accuracy(written: Texts, right: Texts) -> float:
    """The mean share of places that agree. Formula: mean of (places with the same token) / (the longer length).

    Two empty rows agree fully.

    >>> token_accuracy(["pariz!"], ["paris"])
    0.6666666666666666
    """
    return float(np.mean([_agreement(a, b) for a, b in _pairs(written, right)]))


def _agreement(a: npt.NDArray[Any], b: npt.NDArray[Any]) -> float:
    both, longer = min(len(a), len(b)), max(len(a), len(b))
    return float((a[:both] == b[:both]).sum() / longer) if longer else 1.0


def edit_distance(written: Texts, right: Texts) -> float:
    """The mean share of tokens to mend, in [0, 1]. Formula: mean of levenshtein / (the longer length); 0 of two empty.

    >>> edit_distance(["kitten"], ["sitting"])
    0.42857142857142855
    """
    pairs = _pairs(written, right)
    return float(np.mean([levenshtein(a, b) / max(len(a), len(b), 1) for a, b in pairs]))


def levenshtein(a: Sequence[Any] | npt.NDArray[Any], b: Sequence[Any] | npt.NDArray[Any]) -> int:
    """The fewest insertions, deletions and substitutions that turn one sequence into the other.

    Source: Wagner and Fischer 1974, The String-to-String Correction Problem.

    >>> levenshtein("kitten", "sitting")
    3
    """
    rows, columns = _tokens(a), _tokens(b)
    places = np.arange(len(columns) + 1)
    costs = places
    for row, token in enumerate(rows, start=1):
        changed = np.minimum(costs[1:] + 1, costs[:-1] + (columns != token))
        costs = np.concatenate([[row], changed])
        # an insertion costs 1 a place: without the place's number the best one so far is a running minimum
        costs = np.minimum.accumulate(costs - places) + places
    return int(costs[-1])


def by_length(lengths: npt.ArrayLike, values: npt.ArrayLike) -> dict[int, tuple[int, float]]:
    """For every length that occurs, shortest first: how many rows have it, and the mean of their values.

    >>> by_length([3, 1, 3], [1, 1, 0])
    {1: (1, 1.0), 3: (2, 0.5)}
    """
    n, v = np.asarray(lengths), np.asarray(values, dtype=np.float64)
    if n.ndim != 1 or n.shape != v.shape:
        raise ValueError(f"expected as many lengths as values in two flat arrays, got shapes {n.shape} and {v.shape}")
    known, place, count = np.unique(n, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=v, minlength=len(known))
    return {int(a): (int(b), float(c / b)) for a, b, c in zip(known, count, sums, strict=True)}


WRITTEN_METRICS: dict[str, Measure] = {
    "exact_match": Measure(exact_match),
    "token_accuracy": Measure(token_accuracy),
    "edit_distance": Measure(edit_distance),
}
