"""A small re-ranker, fitted to pairs of random vectors and drawn texts."""

from functools import cache

import numpy as np

import tiny
from seqtwin.reranker.fit_reranker import JudgedPairs, fit_reranker
from seqtwin.reranker.reranker import EncodedPairs, Reranker

DIM = 5


def pairs(count: int, seed: int, *, share: float = 1.0) -> JudgedPairs:
    """Pairs that are the same when their first letters are. The similarity knows a `share` of it."""
    drawn = tiny.drawn_pairs(count, seed)
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(2, count, DIM)).astype(np.float32)
    targets = np.array([float(same) for *_, same in drawn])
    similarity = (share * targets + rng.normal(size=count)).astype(np.float32)
    left, right = [left for left, *_ in drawn], [right for _, right, _ in drawn]
    return JudgedPairs(EncodedPairs(left, right, a, b, similarity), targets, 0.5)


@cache
def reranker() -> Reranker:
    """A re-ranker of the encoder `f` * 64."""
    return fit_reranker(pairs(300, 0), pairs(160, 1), "f" * 64)
