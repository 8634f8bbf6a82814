"""Candidates ranked by the encoder's own similarity. Only rows that are a candidate of some query are scored."""

import numpy as np

from seqtwin.index.exact_search import Array, Matrix, Neighbours

# queries per call: enough to spread its cost, few enough to score little more than their own candidates
_TOGETHER = 8


def rescored(matrix: Matrix, queries: Array, vectors: Array, rows: Array, k: int) -> Neighbours:
    """The k best of each query's candidates, best first; equal scores by row.

    `matrix(a, b)`: the scores of every row of a with every row of b. `rows`: Int[queries candidates], -1 for none.

    >>> best = rescored(lambda a, b: a @ b.T, np.eye(2), np.eye(2), np.array([[0, 1], [1, -1]]), 2)
    >>> best.rows.tolist(), best.scores.tolist()
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
    """The same for a single query, with less overhead."""
    candidates = rows[0]
    # -1 selects the last vector; its score is discarded below
    scores = np.asarray(matrix(query, vectors[candidates]))[0]
    if candidates.min(initial=0) < 0:
        scores = np.where(candidates < 0, np.float32(-np.inf), scores)
    order = np.lexsort((candidates, -scores))[:k]
    return Neighbours(rows[:, order], scores[None, order])


def _scores(matrix: Matrix, queries: Array, vectors: Array, rows: Array) -> Array:
    distinct, places = np.unique(np.maximum(rows, 0), return_inverse=True)
    all_scores = np.asarray(matrix(queries, vectors[distinct]))
    scores = np.take_along_axis(all_scores, places.reshape(rows.shape), axis=1)
    return np.where(rows < 0, -np.inf, scores)
