"""The nearest vectors of a corpus for each query, exactly: block by block, so that memory stays small."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Matrix = Callable[[Array, Array], Array]
_QUERIES, _CORPUS = 1024, 16_384
_FEW = 20  # times k: from here on a full selection is the cheaper one


@dataclass(frozen=True)
class Neighbours:
    """Per query its nearest rows of the corpus, best first. `rows`: Int[queries k], -1 where there is none;
    `scores`: Float[queries k], -inf there.
    """

    rows: Array
    scores: Array

    def without(self, gone: Array) -> "Neighbours":
        """Without some of them: Bool[queries k]; those behind move up."""
        if not gone.any():
            return self
        order = np.argsort(gone, axis=1, kind="stable")
        rows, scores = np.where(gone, -1, self.rows), np.where(gone, -np.inf, self.scores)
        return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1))


def nearest(matrix: Matrix, queries: Array, corpus: Array, k: int, *, itself: Array | None = None) -> Neighbours:
    """The k best rows of `corpus` for each query by `matrix(a, b)`, the scores of all a with all b.

    Equal scores keep the order of the corpus. `itself`: a row per query that is left out (the query as a corpus item).

    >>> found = nearest(lambda a, b: a @ b.T, np.eye(2), np.array([[1.0, 0.0], [0.5, 1.0]]), 1)
    >>> found.rows.tolist(), found.scores.tolist()
    ([[0], [1]], [[1.0], [1.0]])
    """
    k = min(k, len(corpus))
    parts = [_block(matrix, queries, corpus, k, itself, start) for start in range(0, len(queries), _QUERIES)]
    if not parts:
        return Neighbours(np.zeros((0, k), dtype=np.int64), np.zeros((0, k), dtype=np.float32))
    return Neighbours(np.concatenate([p.rows for p in parts]), np.concatenate([p.scores for p in parts]))


def _block(matrix: Matrix, queries: Array, corpus: Array, k: int, itself: Array | None, start: int) -> Neighbours:
    own = queries[start : start + _QUERIES]
    rows, scores = np.full((len(own), k), -1, dtype=np.int64), np.full((len(own), k), -np.inf, dtype=np.float32)
    for first, part in _parts(corpus):
        found = np.array(matrix(own, part), dtype=np.float32)
        if itself is not None:
            _leave_out(found, itself[start : start + len(own)] - first)
        rows, scores = _merged(rows, scores, found, first, k)
    return Neighbours(np.where(np.isneginf(scores), -1, rows), scores)


def _parts(corpus: Array) -> Iterator[tuple[int, Array]]:
    for first in range(0, len(corpus), _CORPUS):
        yield first, np.asarray(corpus[first : first + _CORPUS])


def _leave_out(found: Array, places: Array) -> None:
    inside = np.flatnonzero((places >= 0) & (places < found.shape[1]))
    found[inside, places[inside]] = -np.inf


def _merged(rows: Array, scores: Array, found: Array, first: int, k: int) -> tuple[Array, Array]:
    """The best k of what is known and of a further part of the corpus."""
    places, found = _above(found, scores[:, -1:], k) if np.isfinite(scores).all() else _best(found, k)
    every = np.concatenate([scores, found], axis=1)
    whose = np.concatenate([rows, places + first], axis=1)
    order = np.argsort(-every, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(whose, order, axis=1), np.take_along_axis(every, order, axis=1)


def _above(found: Array, least: Array, k: int) -> tuple[Array, Array]:
    """Places and scores of what is better than the k best known, side by side from the left, -inf behind them.

    Most of a large corpus is not, so that one comparison does for nearly all of it; an equal score comes too late.
    """
    queries, places = np.nonzero(found > least)
    counts = np.bincount(queries, minlength=len(found))
    if counts.max(initial=0) > _FEW * k:
        return _best(found, k)
    side = np.arange(len(queries)) - np.repeat(np.cumsum(counts) - counts, counts)
    whose = np.zeros((len(found), int(counts.max(initial=0))), dtype=np.int64)
    better = np.full(whose.shape, -np.inf, dtype=np.float32)
    whose[queries, side], better[queries, side] = places, found[queries, places]
    return whose, better


def _best(found: Array, k: int) -> tuple[Array, Array]:
    """Places and scores of the k best, in order of place; of equals at the edge the first."""
    if found.shape[1] <= k:
        return np.broadcast_to(np.arange(found.shape[1]), found.shape), found
    edge = -np.partition(-found, k - 1, axis=1)[:, k - 1 : k]
    above = found > edge
    wanted = above | ((found == edge) & (np.cumsum(found == edge, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    places = np.nonzero(wanted)[1].reshape(len(found), k)
    return places, np.take_along_axis(found, places, axis=1)
