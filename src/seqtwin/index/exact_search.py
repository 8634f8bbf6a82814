"""Exact search: the nearest vectors of a corpus for each query, computed block by block to save memory."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

Array = np.ndarray
Matrix = Callable[[Array, Array], Array]
_QUERIES, CORPUS_BLOCK = 1024, 16_384  # rows per block
_FEW = 20  # with more than 20 k better candidates, a full selection is faster


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of the corpus for each query, best first. `rows`: Int[queries k], -1 for none; `scores`:
    Float[queries k], -inf for none.
    """

    rows: Array
    scores: Array

    def without(self, excluded: Array) -> "Neighbours":
        """The neighbours without those excluded, Bool[queries k]; the ones after them move up."""
        if not excluded.any():
            return self
        order = np.argsort(excluded, axis=1, kind="stable")
        rows, scores = np.where(excluded, -1, self.rows), np.where(excluded, -np.inf, self.scores)
        return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1))


def nearest(matrix: Matrix, queries: Array, corpus: Array, k: int, *, itself: Array | None = None) -> Neighbours:
    """The k best rows of `corpus` for each query.

    `matrix(a, b)`: the scores of every row of a with every row of b. Equal scores keep the order of the corpus.
    `itself`: one row of the corpus per query to leave out, the query itself.

    >>> best = nearest(lambda a, b: a @ b.T, np.eye(2), np.array([[1.0, 0.0], [0.5, 1.0]]), 1)
    >>> best.rows.tolist(), best.scores.tolist()
    ([[0], [1]], [[1.0], [1.0]])
    """
    k = min(k, len(corpus))
    parts = [_block(matrix, queries, corpus, k, itself, start) for start in range(0, len(queries), _QUERIES)]
    if not parts:
        return Neighbours(np.zeros((0, k), dtype=np.int64), np.zeros((0, k), dtype=np.float32))
    return Neighbours(np.concatenate([p.rows for p in parts]), np.concatenate([p.scores for p in parts]))


def _block(matrix: Matrix, queries: Array, corpus: Array, k: int, itself: Array | None, start: int) -> Neighbours:
    chunk = queries[start : start + _QUERIES]
    rows, scores = np.full((len(chunk), k), -1, dtype=np.int64), np.full((len(chunk), k), -np.inf, dtype=np.float32)
    for first, part in _parts(corpus):
        block = np.array(matrix(chunk, part), dtype=np.float32)
        if itself is not None:
            _leave_out(block, itself[start : start + len(chunk)] - first)
        rows, scores = _merge(rows, scores, block, first, k)
    return Neighbours(np.where(np.isneginf(scores), -1, rows), scores)


def _parts(corpus: Array) -> Iterator[tuple[int, Array]]:
    for first in range(0, len(corpus), CORPUS_BLOCK):
        yield first, np.asarray(corpus[first : first + CORPUS_BLOCK])


def _leave_out(block: Array, places: Array) -> None:
    inside = np.flatnonzero((places >= 0) & (places < block.shape[1]))
    block[inside, places[inside]] = -np.inf


def _merge(rows: Array, scores: Array, block: Array, first: int, k: int) -> tuple[Array, Array]:
    """The best k among those so far and the scores of a further block of the corpus, which begins at row `first`."""
    places, best = _above(block, scores[:, -1:], k) if np.isfinite(scores).all() else _best(block, k)
    all_scores = np.concatenate([scores, best], axis=1)
    all_rows = np.concatenate([rows, places + first], axis=1)
    order = np.argsort(-all_scores, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(all_rows, order, axis=1), np.take_along_axis(all_scores, order, axis=1)


def _above(block: Array, least: Array, k: int) -> tuple[Array, Array]:
    """Places and scores above the k-th best so far, left-aligned and padded with -inf.

    Few of a large corpus are, which makes one comparison enough for nearly all of it. An equal score comes too late.
    """
    queries, places = np.nonzero(block > least)
    counts = np.bincount(queries, minlength=len(block))
    if counts.max(initial=0) > _FEW * k:
        return _best(block, k)
    side = np.arange(len(queries)) - np.repeat(np.cumsum(counts) - counts, counts)
    above_places = np.zeros((len(block), int(counts.max(initial=0))), dtype=np.int64)
    above = np.full(above_places.shape, -np.inf, dtype=np.float32)
    above_places[queries, side], above[queries, side] = places, block[queries, places]
    return above_places, above


def _best(block: Array, k: int) -> tuple[Array, Array]:
    """Places and scores of the k best, in order of place; among equal scores at the end, the first ones."""
    if block.shape[1] <= k:
        return np.broadcast_to(np.arange(block.shape[1]), block.shape), block
    edge = -np.partition(-block, k - 1, axis=1)[:, k - 1 : k]
    above = block > edge
    wanted = above | ((block == edge) & (np.cumsum(block == edge, axis=1) <= k - above.sum(axis=1, keepdims=True)))
    places = np.nonzero(wanted)[1].reshape(len(block), k)
    return places, np.take_along_axis(block, places, axis=1)
