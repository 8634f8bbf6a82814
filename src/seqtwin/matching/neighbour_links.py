"""The pairs of neighbours that are linked, and the pairs that reach a threshold but are not linked because of k."""

from dataclasses import dataclass

import numpy as np

from seqtwin.index.exact_search import Array, Neighbours
from seqtwin.matching.clusters import Pairs, best_first, mutual

NEAREST = 3  # by default; more neighbours chain unlike rows, see `benchmarks/matching.py`
CONSIDERED = 16  # neighbours per item, for close groups and for pairs that k leaves out
_SMALLEST = NEAREST + 2  # smaller groups are linked by their nearest neighbours already


def width_for(k: int | None) -> int:
    """The number of neighbours to find for each item."""
    return CONSIDERED if k is None else max(CONSIDERED, k + 1)


@dataclass(frozen=True)
class Links:
    """Linked pairs, best first, left < right. `holding`: a pair with the highest threshold at which it is linked;
    `pairs`: each pair once, with its own score.
    """

    holding: Pairs
    pairs: Pairs


def linked(neighbours: Neighbours, k: int | None) -> Links:
    """The pairs of items that are each among the k nearest of the other.

    By default (None) k is 3, and all items of a close group are linked, whatever their ranks.
    """
    nearest = NEAREST if k is None else k
    pairs = mutual(Neighbours(neighbours.rows[:, :nearest], neighbours.scores[:, :nearest]))
    if k is not None:
        return Links(pairs, pairs)
    holding, own_pairs = close_groups(neighbours)
    repeated = np.isin(
        own_pairs.left * len(neighbours.rows) + own_pairs.right, pairs.left * len(neighbours.rows) + pairs.right
    )
    return Links(best_first([pairs, holding]), best_first([pairs, own_pairs.take(~repeated)]))


def close_groups(neighbours: Neighbours) -> tuple[Pairs, Pairs]:
    """Links within close groups: groups of 5 to 16 items that are all nearer to each other than to any item outside.

    The first result has the lowest score inside the group for every link; the second has each pair once with its own
    score. At a threshold up to its lowest score, such a group is one cluster. A chain of links is never a close group.

    >>> rows = np.array([[b for b in range(6) if b != a] for a in range(6)])
    >>> pairs, _ = close_groups(Neighbours(rows, np.full((6, 5), 0.9)))
    >>> pairs.left.tolist(), pairs.right.tolist()
    ([0, 0, 0, 0, 0], [1, 2, 3, 4, 5])
    """
    count, width = neighbours.rows.shape
    lists = np.column_stack([np.arange(count), neighbours.rows])
    sums = _sums(lists)
    last = width if width < count - 1 else count  # if every item is a neighbour, there is nothing outside
    parts = [_groups_of_size(size, lists, sums, neighbours.scores) for size in range(_SMALLEST, last + 1)]
    own_pairs = best_first([pairs for _, pairs in parts])
    once = np.unique(own_pairs.left * count + own_pairs.right, return_index=True)[1]
    return best_first([pairs for pairs, _ in parts]), own_pairs.take(np.sort(once))


def _sums(lists: Array) -> Array:
    """Running sums along each list of one random number per item. Equal sets of items have equal sums."""
    drawn = np.random.default_rng(0).integers(-(2**62), 2**62, size=len(lists))
    return np.cumsum(np.where(lists < 0, 0, drawn[lists]), axis=1)  # overflows 64 bits and wraps around


def _groups_of_size(size: int, lists: Array, sums: Array, scores: Array) -> tuple[Pairs, Pairs]:
    """The links of each close group of this size, from its first item to all others."""
    members, set_sums = lists[:, :size], sums[:, size - 1]
    agreed = (set_sums[members] == set_sums[:, None]).all(axis=1) & (members >= 0).all(axis=1)
    groups = members[np.flatnonzero(agreed & (members.min(axis=1) == members[:, 0]))]
    inside = scores[groups, size - 2].min(axis=1)
    outside = scores[groups, size - 1].max(axis=1) if size <= scores.shape[1] else np.full(len(groups), -np.inf)
    close, lowest = groups[inside > outside], inside[inside > outside]
    left, right = np.repeat(close[:, 0], size - 1), close[:, 1:].reshape(-1)
    each = scores[close[:, 0], : size - 1].reshape(-1)
    return Pairs(left, right, np.repeat(lowest, size - 1)), Pairs(left, right, each)


@dataclass(frozen=True)
class CutOff:
    """The number of pairs that reach the threshold and would join two clusters with a larger k. `more`: whether there
    may be others, beyond the neighbours considered; `k`: the k that would link these pairs.
    """

    pairs: int
    more: bool
    k: int


def cut_off(neighbours: Neighbours, threshold: float, linked: Pairs, cluster: Array) -> CutOff:
    """The pairs between clusters that k left out. `cluster`: Int[items], the cluster of each item."""
    count, width = neighbours.rows.shape
    item, place = np.nonzero((neighbours.rows >= 0) & (neighbours.scores >= threshold))
    other = neighbours.rows[item, place]
    between = cluster[item] != cluster[other]
    item, other, place = item[between], other[between], place[between]
    keys = np.minimum(item, other) * count + np.maximum(item, other)
    new = ~np.isin(keys, linked.left * count + linked.right)
    pairs, which, sides = np.unique(keys[new], return_inverse=True, return_counts=True)
    needed = np.zeros(len(pairs), dtype=np.int64)
    np.maximum.at(needed, which, place[new] + 1)
    needed[sides < 2] = 2 * width  # one of the two is beyond the considered neighbours of the other
    more = width < count - 1 and bool((neighbours.scores[:, -1:] >= threshold).any()) and len(pairs) > 0
    return CutOff(len(pairs), more, int(needed.max(initial=0)))
