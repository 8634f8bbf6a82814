"""Candidates ranked by a similarity, compared with a plain loop."""

import numpy as np
import pytest

from seqtwin.index.rescore import rescored


def dot(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(a @ b.T, dtype=np.float32)


def plain(queries: np.ndarray, vectors: np.ndarray, rows: np.ndarray, k: int) -> list[list[int]]:
    found = []
    for query, own in zip(queries, rows, strict=True):
        ranked = sorted((-float(np.float32(query @ vectors[row])), int(row)) for row in own if row >= 0)
        kept = [row for _, row in ranked[:k]]
        found.append(kept + [-1] * (min(k, len(own)) - len(kept)))
    return found


@pytest.mark.parametrize("queries", [0, 1, 2, 8, 9, 40])
@pytest.mark.parametrize("k", [1, 3, 7, 20])
def test_the_order_is_that_of_a_plain_loop(queries: int, k: int) -> None:
    rng = np.random.default_rng(queries)
    vectors = rng.integers(-3, 4, (30, 4)).astype(np.float32)  # whole numbers: many equal scores, no rounding
    asked = rng.integers(-3, 4, (queries, 4)).astype(np.float32)
    rows = np.array([rng.permutation(30)[:7] for _ in range(queries)], dtype=np.int64).reshape(queries, 7)
    rows[rng.random(rows.shape) < 0.2] = -1
    found = rescored(dot, asked, vectors, rows, k)
    assert found.rows.tolist() == plain(asked, vectors, rows, k)
    there = found.rows >= 0
    assert np.isneginf(found.scores[~there]).all()
    assert (found.scores[:, 1:] <= found.scores[:, :-1]).all()


def test_no_candidate_at_all() -> None:
    for queries in (1, 3):
        found = rescored(dot, np.ones((queries, 2)), np.ones((4, 2)), np.full((queries, 2), -1), 2)
        assert found.rows.tolist() == [[-1, -1]] * queries
        assert np.isneginf(found.scores).all()
