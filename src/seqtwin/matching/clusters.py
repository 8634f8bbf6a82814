"""Links between items to clusters: the best links first, decided pairs honoured, and who stands in the middle."""

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
        """Some of the pairs."""
        return Pairs(self.left[wanted], self.right[wanted], self.scores[wanted])


def mutual(found: Neighbours) -> Pairs:
    """The pairs of items of which each is among the neighbours of the other, best first, left < right.

    >>> pairs = mutual(Neighbours(np.array([[1], [0], [0]]), np.array([[0.9], [0.9], [0.5]])))
    >>> pairs.left.tolist(), pairs.right.tolist()
    ([0], [1])
    """
    count = len(found.rows)
    own = np.broadcast_to(np.arange(count)[:, None], found.rows.shape)
    there = found.rows >= 0
    a, b, scores = own[there], found.rows[there], found.scores[there]
    up = a < b
    keys, back = a[up] * count + b[up], b[~up] * count + a[~up]
    kept = np.isin(keys, back)
    left, right, scores = a[up][kept], b[up][kept], scores[up][kept]
    return best_first([Pairs(left, right, scores)])


def best_first(parts: Sequence[Pairs]) -> Pairs:
    """All of these pairs, best first; equal scores by item."""
    none = Pairs(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.float32))
    left, right, scores = (np.concatenate([getattr(p, n) for p in (none, *parts)]) for n in ("left", "right", "scores"))
    order = np.lexsort((right, left, -scores))
    return Pairs(left[order], right[order], scores[order])


def forest(
    count: int, links: Pairs, *, same: Sequence[tuple[int, int]] = (), different: Sequence[tuple[int, int]] = ()
) -> Pairs:
    """The links that join two groups when links are taken best first: clusters at any threshold are the connected
    components of those that reach it (and of `same`). A link that would bring two `different` items together is left
    out.

    >>> links = Pairs(np.array([0, 1, 0]), np.array([1, 2, 2]), np.array([0.9, 0.8, 0.7]))
    >>> forest(3, links).scores.tolist(), forest(3, links, different=[(0, 2)]).scores.tolist()
    ([0.9, 0.8], [0.9])
    """
    groups = _Groups(count, different)
    for a, b in same:
        groups.join(a, b)
    kept = [groups.join(a, b) for a, b in zip(links.left.tolist(), links.right.tolist(), strict=True)]
    return links.take(np.array(kept, dtype=bool))


class _Groups:
    """Disjoint groups of items, and which of them must never be one."""

    def __init__(self, count: int, different: Sequence[tuple[int, int]]) -> None:
        self.above = list(range(count))
        self.apart: dict[int, set[int]] = {}
        for a, b in different:
            self.apart.setdefault(a, set()).add(b)
            self.apart.setdefault(b, set()).add(a)

    def top(self, item: int) -> int:
        above = self.above
        while above[item] != item:
            above[item] = item = above[above[item]]
        return item

    def join(self, a: int, b: int) -> bool:
        """Whether the two were apart and are one group now."""
        a, b = self.top(a), self.top(b)
        if a == b or any(self.top(other) == b for other in self.apart.get(a, ())):
            return False
        self.above[b] = a
        if b in self.apart:
            self.apart.setdefault(a, set()).update(self.apart.pop(b))
        return True


def components(count: int, links: Pairs, same: Sequence[tuple[int, int]] = ()) -> Array:
    """The cluster of each item, numbered in order of first appearance: Int[count]."""
    left = np.concatenate([links.left, np.array([a for a, _ in same], dtype=np.int64)])
    right = np.concatenate([links.right, np.array([b for _, b in same], dtype=np.int64)])
    graph = coo_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=(count, count))
    found = connected_components(graph, directed=False)[1] if count else np.zeros(0, dtype=np.int64)
    _, first, inverse = np.unique(found, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[inverse]


def weakest_links(cluster: Array, links: Pairs) -> Array:
    """The lowest score among the joining links of each cluster, NaN where it needed none: Float[clusters]."""
    found = np.full(int(cluster.max(initial=-1)) + 1, np.inf)
    np.minimum.at(found, cluster[links.left], links.scores)
    return np.where(np.isinf(found), np.nan, found)


def central(matrix: Matrix, vectors: Array, cluster: Array, weights: Array) -> tuple[Array, Array]:
    """The most central item of the cluster of each item, and the score to it: Int[items], Float[items].

    Most central: the highest mean score to the members of the cluster, each counted `weights` times; first of equals.
    A cluster of more than 2,048 items is asked at so many of them, evenly taken: its square is not worth its cost.
    """
    order = np.argsort(cluster, kind="stable")
    means, whose = np.empty(len(order)), np.empty(len(order), dtype=np.int64)
    scores = np.empty(len(order), dtype=np.float32)
    for members in _blocks(order, cluster):
        means[members] = _means(matrix, vectors, cluster, weights, members)
        ranked = members[np.lexsort((members, -means[members], cluster[members]))]
        firsts = np.flatnonzero(np.diff(cluster[ranked], prepend=-1))
        whose[ranked] = np.repeat(ranked[firsts], np.diff(np.append(firsts, len(ranked))))
    for start in range(0, len(order), _TOGETHER):
        own = order[start : start + _TOGETHER]
        # clusters lie side by side in this order, so that few middles serve a block
        middles, place = np.unique(whose[own], return_inverse=True)
        scores[own] = np.asarray(matrix(vectors[own], vectors[middles]))[np.arange(len(own)), place]
    return whose, scores


def _blocks(order: Array, cluster: Array) -> Iterator[Array]:
    """Whole clusters, as many together as fit into a block; a larger cluster is a block of its own."""
    starts = np.flatnonzero(np.diff(cluster[order], prepend=-1))
    begin = 0
    for start, end in pairwise([*starts.tolist(), len(order)]):
        if end - begin > _TOGETHER and start > begin:
            yield order[begin:start]
            begin = start
    if len(order):
        yield order[begin:]


def _means(matrix: Matrix, vectors: Array, cluster: Array, weights: Array, members: Array) -> Array:
    """The mean score of each member to its cluster, rounded: equal but for the last bit is equal."""
    asked = members[:: -(-len(members) // _WITNESSES)]  # more than one step apart only in a block of one cluster
    totals, counts = np.empty(len(members)), np.empty(len(members))
    for start in range(0, len(members), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        beside = cluster[members[part], None] == cluster[None, asked]
        found = np.asarray(matrix(vectors[members[part]], vectors[asked]))
        totals[part], counts[part] = np.where(beside, found, 0.0) @ weights[asked], beside @ weights[asked]
    return np.round(totals / counts, 5)
