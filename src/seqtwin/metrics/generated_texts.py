"""WRITTEN_METRICS: the metrics of generated texts against the expected ones.

Each side has one sequence of tokens (ids, words, or the characters of a string) per row. All arithmetic is float64. A
metric without a value raises `Undefined` with the reason.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from seqtwin.metrics.base import HIGHER, LOWER, Direction, Undefined
from seqtwin.metrics.classes import Measure

Tokens = npt.NDArray[np.generic]
Text = Sequence[object] | Tokens
Texts = Sequence[Text]


def _pairs(written: Texts, right: Texts) -> list[tuple[Tokens, Tokens]]:
    if len(written) != len(right):
        raise ValueError(f"expected one generated text per expected text, got {len(written)} and {len(right)}")
    if not len(right):
        raise Undefined("there are no rows")
    return [(_tokens(one), _tokens(other)) for one, other in zip(written, right, strict=True)]


def _tokens(text: Text) -> Tokens:
    return text if isinstance(text, np.ndarray) else np.array(list(text), dtype=object)


def exact_match(written: Texts, right: Texts) -> float:
    """The share of rows that are completely correct.

    >>> exact_match(["roma", "pariz"], ["roma", "paris"])
    0.5
    """
    return float(np.mean([np.array_equal(a, b) for a, b in _pairs(written, right)]))


def token_accuracy(written: Texts, right: Texts) -> float:
    """The mean share of correct places. Formula: mean of (places with the same token) / (the longer length).

    Two empty texts agree completely.

    >>> token_accuracy(["pariz!"], ["paris"])
    0.6666666666666666
    """
    return float(np.mean([_agreement(a, b) for a, b in _pairs(written, right)]))


def _agreement(a: Tokens, b: Tokens) -> float:
    both, longer = min(len(a), len(b)), max(len(a), len(b))
    return float((a[:both] == b[:both]).sum() / longer) if longer else 1.0


def edit_distance(written: Texts, right: Texts) -> float:
    """The mean share of tokens to edit, in [0, 1]. Formula: mean of levenshtein / (the longer length).

    The distance of two empty texts is 0.

    >>> edit_distance(["kitten"], ["sitting"])
    0.42857142857142855
    """
    pairs = _pairs(written, right)
    return float(np.mean([levenshtein(a, b) / max(len(a), len(b), 1) for a, b in pairs]))


def levenshtein(a: Text, b: Text) -> int:
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
        # every insertion costs 1: after subtracting the place, the best insertion is a running minimum
        costs = np.minimum.accumulate(costs - places) + places
    return int(costs[-1])


def by_length(lengths: npt.ArrayLike, values: npt.ArrayLike) -> dict[int, tuple[int, float]]:
    """For every length, shortest first: the number of rows of this length, and the mean of their values.

    >>> by_length([3, 1, 3], [1, 1, 0])
    {1: (1, 1.0), 3: (2, 0.5)}
    """
    n, v = np.asarray(lengths), np.asarray(values, dtype=np.float64)
    if n.ndim != 1 or n.shape != v.shape:
        raise ValueError(f"expected one value per length in two flat arrays, got shapes {n.shape} and {v.shape}")
    distinct, place, count = np.unique(n, return_inverse=True, return_counts=True)
    sums = np.bincount(place, weights=v, minlength=len(distinct))
    return {int(a): (int(b), float(c / b)) for a, b, c in zip(distinct, count, sums, strict=True)}


EXACT = Direction("higher", meaning="of 100 {judged}, {share} are generated without a mistake")
WRITTEN_METRICS: dict[str, Measure[Texts, Texts]] = {
    "exact_match": Measure("exact match", EXACT, exact_match),
    "token_accuracy": Measure("token accuracy", HIGHER, token_accuracy),
    "edit_distance": Measure("edit distance", LOWER, edit_distance),
}
