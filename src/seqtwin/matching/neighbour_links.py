"""Which neighbours are linked, and which pairs that reach a threshold are not."""

from dataclasses import dataclass

import numpy as np

from seqtwin.index.exact_search import Array, Neighbours
from seqtwin.matching.clusters import Pairs, best_first, mutual

NEAREST = 3  # by default; more of them chain unlike rows, see `benchmarks/matching.py`
LOOKED_AT = 16  # neighbours, for close groups and for what k leaves out
_SMALLEST = NEAREST + 2  # smaller groups are linked by the nearest alone


def width_for(k: int | None) -> int:
    """How many neighbours of each item have to be found."""
    return LOOKED_AT if k is None else max(LOOKED_AT, k + 1)


@dataclass(frozen=True)
class Links:
    """Pairs that are linked at any threshold up to their score, best first, left < right. `holding`: a pair has the
    score at which it joins; `pairs`: each pair once, with its own score.
    """

    holding: Pairs
    pairs: Pairs


def linked(found: Neighbours, k: int | None) -> Links:
    """The pairs of which each is among the k nearest of the other.

    By default (None) these are the 3 nearest, and all items of a close group, whatever their ranks.
    """
    nearest = NEAREST if k is None else k
    pairs = mutual(Neighbours(found.rows[:, :nearest], found.scores[:, :nearest]))
    if k is not None:
        return Links(pairs, pairs)
    holding, own = close_groups(found)
    known = np.isin(own.left * len(found.rows) + own.right, pairs.left * len(found.rows) + pairs.right)
    return Links(best_first([pairs, holding]), best_first([pairs, own.take(~known)]))


def close_groups(found: Neighbours) -> tuple[Pairs, Pairs]:
    """Links that hold groups of 5 to 16 items together, each of which is nearer to all others of its group than any
    of them is to an item outside; first with the lowest score inside the group, then each once with its own.

    At a threshold that the lowest score reaches, such a group is whole. A chain of links cannot form one.

    >>> rows = np.array([[b for b in range(6) if b != a] for a in range(6)])
    >>> pairs, _ = close_groups(Neighbours(rows, np.full((6, 5), 0.9)))
    >>> pairs.left.tolist(), pairs.right.tolist()
    ([0, 0, 0, 0, 0], [1, 2, 3, 4, 5])
    """
    count, width = found.rows.shape
    lists = np.column_stack([np.arange(count), found.rows])
    sums = _sums(lists)
    last = width if width < count - 1 else count  # a list of everything has nothing outside
    parts = [_of_size(size, lists, sums, found.scores) for size in range(_SMALLEST, last + 1)]
    own = best_first([pairs for _, pairs in parts])
    once = np.unique(own.left * count + own.right, return_index=True)[1]
    return best_first([pairs for pairs, _ in parts]), own.take(np.sort(once))


def _sums(lists: Array) -> Array:
    """Sums over the first items of each list of a random number per item: equal for equal sets."""
    drawn = np.random.default_rng(0).integers(-(2**62), 2**62, size=len(lists))
    return np.cumsum(np.where(lists < 0, 0, drawn[lists]), axis=1)  # leaves 64 bits and comes round


def _of_size(size: int, lists: Array, sums: Array, scores: Array) -> tuple[Pairs, Pairs]:
    """A star of links over each close group of this size."""
    members, own = lists[:, :size], sums[:, size - 1]
    agreed = (own[members] == own[:, None]).all(axis=1) & (members >= 0).all(axis=1)
    groups = members[np.flatnonzero(agreed & (members.min(axis=1) == members[:, 0]))]
    inside = scores[groups, size - 2].min(axis=1)
    outside = scores[groups, size - 1].max(axis=1) if size <= scores.shape[1] else np.full(len(groups), -np.inf)
    close, lowest = groups[inside > outside], inside[inside > outside]
    left, right = np.repeat(close[:, 0], size - 1), close[:, 1:].reshape(-1)
    each = scores[close[:, 0], : size - 1].reshape(-1)
    return Pairs(left, right, np.repeat(lowest, size - 1)), Pairs(left, right, each)


@dataclass(frozen=True)
class CutOff:
    """Pairs that reach the threshold and would join two clusters, were k larger. `more`: whether there may be others,
    beyond the neighbours that were looked at; `k`: how many neighbours would link these pairs.
    """

    pairs: int
    more: bool
    k: int


def cut_off(found: Neighbours, threshold: float, linked: Pairs, cluster: Array) -> CutOff:
    """What k left out between clusters: Int[items], the cluster of each item."""
    count, width = found.rows.shape
    own, place = np.nonzero((found.rows >= 0) & (found.scores >= threshold))
    other = found.rows[own, place]
    between = cluster[own] != cluster[other]
    own, other, place = own[between], other[between], place[between]
    keys = np.minimum(own, other) * count + np.maximum(own, other)
    new = ~np.isin(keys, linked.left * count + linked.right)
    pairs, which, sides = np.unique(keys[new], return_inverse=True, return_counts=True)
    needed = np.zeros(len(pairs), dtype=np.int64)
    np.maximum.at(needed, which, place[new] + 1)
    needed[sides < 2] = 2 * width  # one of the two has the other beyond those looked at
    more = width < count - 1 and bool((found.scores[:, -1:] >= threshold).any()) and len(pairs) > 0
    return CutOff(len(pairs), more, int(needed.max(initial=0)))
