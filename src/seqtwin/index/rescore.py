"""Candidates put in the order of an encoder's own similarity: only what is a candidate of some query is scored."""

import numpy as np

from seqtwin.index.exact_search import Array, Matrix, Neighbours

# queries that share one call: enough to spread its cost, few enough that scoring all their candidates costs little
_TOGETHER = 8


def rescored(matrix: Matrix, queries: Array, vectors: Array, rows: Array, k: int) -> Neighbours:
    """The k best of each query's candidates by `matrix(a, b)`, best first; equal scores by row.

    `rows`: Int[queries candidates], -1 where there is none.

    >>> found = rescored(lambda a, b: a @ b.T, np.eye(2), np.eye(2), np.array([[0, 1], [1, -1]]), 2)
    >>> found.rows.tolist(), found.scores.tolist()
    ([[0, 1], [1, -1]], [[1.0, 0.0], [1.0, -inf]])
    """
    if len(rows) == 1:
        return _alone(matrix, queries, vectors, rows, k)
    scores = np.empty(rows.shape, dtype=np.float32)
    for start in range(0, len(rows), _TOGETHER):
        part = slice(start, start + _TOGETHER)
        scores[part] = _scores(matrix, queries[part], vectors, rows[part])
    order = np.lexsort((rows, -scores), axis=-1)[:, :k]
    return Neighbours(np.take_along_axis(rows, order, axis=1), np.take_along_axis(scores, order, axis=1))


def _alone(matrix: Matrix, query: Array, vectors: Array, rows: Array, k: int) -> Neighbours:
    """The same for a single query, where every step that is saved is felt."""
    own = rows[0]
    scores = np.asarray(matrix(query, vectors[own]))[0]  # -1 takes the last vector, whose score does not count
    if own.min(initial=0) < 0:
        scores = np.where(own < 0, np.float32(-np.inf), scores)
    order = np.lexsort((own, -scores))[:k]
    return Neighbours(rows[:, order], scores[None, order])


def _scores(matrix: Matrix, queries: Array, vectors: Array, rows: Array) -> Array:
    whose, places = np.unique(np.maximum(rows, 0), return_inverse=True)
    every = np.asarray(matrix(queries, vectors[whose]))
    own = np.take_along_axis(every, places.reshape(rows.shape), axis=1)
    return np.where(rows < 0, -np.inf, own)
