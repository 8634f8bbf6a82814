"""Exact neighbours against one stable sort of the whole matrix, over block borders, ties and rising orders."""

import numpy as np
import pytest

from seqtwin.index import exact_search
from seqtwin.index.exact_search import nearest


def product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return a @ b.T


@pytest.mark.parametrize("rising", [False, True])
@pytest.mark.parametrize(
    ("queries", "corpus", "k"),
    [(5, 3, 2), (70, 1000, 5), (103, 1700, 3), (3, 1, 5), (9, 700, 80), (50, 640, 64), (0, 5, 2), (5, 0, 2)],
)
def test_they_are_those_of_a_stable_sort(
    monkeypatch: pytest.MonkeyPatch, queries: int, corpus: int, k: int, rising: bool
) -> None:
    monkeypatch.setattr(exact_search, "_QUERIES", 37)
    monkeypatch.setattr(exact_search, "CORPUS_BLOCK", 64)
    rng = np.random.default_rng(queries)
    a, b = (rng.integers(-3, 4, (n, 4)).astype(np.float32) for n in (queries, corpus))
    if rising:  # every block is better than all before it
        a, b = np.abs(a), b[np.argsort(b.sum(axis=1))]
    for itself in (None, rng.integers(-1, max(corpus, 1), queries)):
        found, scores = nearest(product, a, b, k, itself=itself), product(a, b)
        if itself is not None and corpus:
            own = np.flatnonzero(itself >= 0)
            scores[own, itself[own]] = -np.inf
        order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
        best = np.take_along_axis(scores, order, axis=1)
        np.testing.assert_array_equal(found.scores, best)
        np.testing.assert_array_equal(found.rows, np.where(np.isneginf(best), -1, order))
