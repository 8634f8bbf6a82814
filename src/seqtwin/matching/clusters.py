"""Clusters from linked pairs: the best links first, with decided pairs, and the most central item of each cluster."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from seqtwin.index.exact_search import Array, Matrix, Neighbours

_TOGETHER, _WITNESSES = 512, 2048


@dataclass(frozen=True)
class Pairs:
    """Pairs of items with a score, best first. `left`, `right`: Int[pairs]; `scores`: Float[pairs]."""

    left: Array
    right: Array
    scores: Array

    def __len__(self) -> int:
        return len(self.left)

    def take(self, wanted: Array) -> "Pairs":
        """The pairs at some positions, or where a mask is true."""
        return Pairs(self.left[wanted], self.right[wanted], self.scores[wanted])


def mutual(neighbours: Neighbours) -> Pairs:
    """The pairs of items that are each among the neighbours of the other, best first, left < right.

    >>> pairs = mutual(Neighbours(np.array([[1], [0], [0]]), np.array([[0.9], [0.9], [0.5]])))
    >>> pairs.left.tolist(), pairs.right.tolist()
    ([0], [1])
    """
    count = len(neighbours.rows)
    items = np.broadcast_to(np.arange(count)[:, None], neighbours.rows.shape)
    exists = neighbours.rows >= 0
    a, b, scores = items[exists], neighbours.rows[exists], neighbours.scores[exists]
    up = a < b
    keys, back = a[up] * count + b[up], b[~up] * count + a[~up]
    both = np.isin(keys, back)
    return best_first([Pairs(a[up][both], b[up][both], scores[up][both])])


def best_first(parts: Sequence[Pairs]) -> Pairs:
    """All of these pairs, best first; equal scores by item."""
    none = Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    left, right, scores = (np.concatenate([getattr(p, n) for p in (none, *parts)]) for n in ("left", "right", "scores"))
    order = np.lexsort((right, left, -scores))
    return Pairs(left[order], right[order], scores[order])


def forest(
    count: int, links: Pairs, *, same: Sequence[tuple[int, int]] = (), different: Sequence[tuple[int, int]] = ()
) -> Pairs:
    """The links that join two groups when links are taken best first.

    The clusters at any threshold are the connected components of the links that reach it, and of the pairs in `same`.
    A link that would put two `different` items into one group is left out.

    >>> links = Pairs(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([0.9, 0.8, 0.7]))
    >>> forest(3, links).scores.tolist(), forest(3, links, different=[(0, 2)]).scores.tolist()
    ([0.9, 0.8], [0.9])
    """
    groups = _Groups(count, different)
    for a, b in same:
        groups.join(a, b)
    joins = [groups.join(a, b) for a, b in zip(links.left.tolist(), links.right.tolist(), strict=True)]
    return links.take(np.array(joins, dtype=bool))


class _Groups:
    """Disjoint groups of items, some of which must never be joined."""

    def __init__(self, count: int, different: Sequence[tuple[int, int]]) -> None:
        self.above = list(range(count))
        self.different: dict[int, set[int]] = {}
        for a, b in different:
            self.different.setdefault(a, set()).add(b)
            self.different.setdefault(b, set()).add(a)

    def top(self, item: int) -> int:
        above = self.above
        while above[item] != item:
            above[item] = item = above[above[item]]
        return item

    def join(self, a: int, b: int) -> bool:
        """Join the groups of two items. Whether they were two groups before, and may be one."""
        a, b = self.top(a), self.top(b)
        if a == b or any(self.top(other) == b for other in self.different.get(a, ())):
            return False
        self.above[b] = a
        if b in self.different:
            self.different.setdefault(a, set()).update(self.different.pop(b))
        return True


def components(count: int, links: Pairs, same: Sequence[tuple[int, int]] = ()) -> Array:
    """The cluster of each item, numbered in order of first appearance: Int[count]."""
    left = np.concatenate([links.left, np.array([a for a, _ in same], dtype=np.int64)])
    right = np.concatenate([links.right, np.array([b for _, b in same], dtype=np.int64)])
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1] if count else np.zeros(0, dtype=np.int64)
    _, first, inverse = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def weakest_links(cluster: Array, links: Pairs) -> Array:
    """The lowest score among the joining links of each cluster, NaN if it has none: Float[clusters]."""
    lowest = np.full(int(cluster.max(initial=-1)) + 1, np.inf)
    np.minimum.at(lowest, cluster[links.left], links.scores)
    return np.where(np.isinf(lowest), np.nan, lowest)


def central(matrix: Matrix, vectors: Array, cluster: Array, weights: Array) -> tuple[Array, Array]:
    """The most central item of the cluster of each item, and the score to it: Int[items], Float[items].

    It has the highest mean score to the members of the cluster, each weighted by `weights`; among equals, the first.
    In a cluster of more than 2,048 items, the mean is taken over 2,048 evenly spaced members, to save time.
    """
    order = np.argsort(cluster, kind="stable")
    means, centre_of = np.empty(len(order)), np.empty(len(order), dtype=np.int64)
    scores = np.empty(len(order), dtype=np.float32)
    for members in _blocks(order, cluster):
        means[members] = _means(matrix, vectors, cluster, weights, members)
        ranked = members[np.lexsort((members, -means[members], cluster[members]))]
        firsts = np.flatnonzero(np.diff(cluster[ranked], prepend=-1))
        centre_of[ranked] = np.repeat(ranked[firsts], np.diff(np.append(firsts, len(ranked))))
    for start in range(0, len(order), _TOGETHER):
        block = order[start : start + _TOGETHER]
        # the order is by cluster, which leaves few central items per block
        centres, place = np.unique(centre_of[block], return_inverse=True)
        scores[block] = np.asarray(matrix(vectors[block], vectors[centres]))[np.arange(len(block)), place]
    return centre_of, scores


def _blocks(order: Array, cluster: Array) -> Iterator[Array]:
    """Blocks of whole clusters, as many as fit; a larger cluster is a block of its own."""
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    begin = 0
    for start, end in pairwise([*starts.tolist(), len(order)]):
        if end - begin > _TOGETHER and start > begin:
            yield order[begin:start]
            begin = start
    if len(order):
        yield order[begin:]


def _means(matrix: Matrix, vectors: Array, cluster: Array, weights: Array, members: Array) -> Array:
    """The mean score of each member to its cluster, rounded to make means equal that differ in the last bits."""
    others = members[:: -(-len(members) // _WITNESSES)]  # skips members only in a block of one cluster
    totals, counts = np.empty(len(members)), np.empty(len(members))
    for start in range(0, len(members), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        same = cluster[members[part], None] == cluster[None, others]
        scores = np.asarray(matrix(vectors[members[part]], vectors[others]))
        totals[part], counts[part] = np.where(same, scores, 0.0) @ weights[others], same @ weights[others]
    return np.round(totals / counts, 5)
