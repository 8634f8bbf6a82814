"""KINDS: the ways an index finds neighbours. To add one: how it is built and read back, and a line at the foot."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from seqtwin.index import faiss_search
from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest

# items of the corpus are a little easier to find than queries from outside, so that more than .95 is asked of them
AT, SAMPLE, GOOD = 10, 200, 0.98


class Searcher(Protocol):
    """What finds the neighbours in the vectors of an index."""

    @property
    def breadth(self) -> int:
        """How broadly it searches; 0 where there is nothing to choose."""

    @property
    def breadths(self) -> tuple[int, ...]:
        """The breadths worth trying, narrowest first; none for an exact one."""

    def at(self, breadth: int) -> "Searcher":
        """The same, searching so broadly."""

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest rows of `vectors` for each query, scored by `matrix`."""

    def grown(self, vectors: Array) -> "Searcher":
        """One that knows further vectors, too."""

    def dump(self) -> bytes:
        """What must be stored beside the vectors; nothing for an exact one."""


@dataclass(frozen=True)
class Exact:
    """Every query against every vector."""

    breadth: int = 0
    breadths: tuple[int, ...] = ()

    def at(self, breadth: int) -> "Exact":
        """Itself."""
        return self

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest; equal scores by row."""
        return nearest(matrix, queries, vectors, k)

    def grown(self, vectors: Array) -> "Exact":
        """Itself: it knows nothing of its own."""
        return self

    def dump(self) -> bytes:
        """Nothing."""
        return b""


@dataclass(frozen=True)
class Kind:
    """`build(similarity, vectors)` makes a searcher, `read(similarity, data, shape, breadth)` takes it from a file."""

    build: Callable[[str, Array], Searcher]
    read: Callable[[str, bytes, tuple[int, int], int], Searcher]


def _approximate(family: faiss_search.Family) -> Kind:
    return Kind(partial(faiss_search.build, family), partial(faiss_search.read, family))


class Recall(BaseModel):
    """The share of the `at` nearest neighbours that an approximate search finds, over `sample` items of the corpus.

    An item that scores as the last true neighbour does counts as found: equal vectors cannot be told apart.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(ge=0, le=1, strict=True)
    at: int = Field(ge=1, strict=True)
    sample: int = Field(ge=1, strict=True)


def tuned(searcher: Searcher, matrix: Matrix, vectors: Array) -> tuple[Searcher, Recall | None]:
    """The narrowest search whose recall against an exact one is good (else the broadest), with that recall.

    None for an exact searcher, and where there is nothing to find: a single vector.
    """
    if not searcher.breadths or len(vectors) < 2:
        return searcher, None
    rows = np.sort(np.random.default_rng(0).permutation(len(vectors))[:SAMPLE])
    truth = nearest(matrix, np.asarray(vectors[rows]), vectors, AT, itself=rows)
    for breadth in searcher.breadths:
        searcher = searcher.at(breadth)
        recall = _recall(searcher, matrix, vectors, rows, truth)
        if recall.value >= GOOD:
            break
    return searcher, recall


def _recall(searcher: Searcher, matrix: Matrix, vectors: Array, rows: Array, truth: Neighbours) -> Recall:
    found = searcher.search(matrix, np.asarray(vectors[rows]), vectors, AT + 1)
    others = np.where((found.rows == rows[:, None]) | (found.rows < 0), -np.inf, found.scores)
    best = -np.sort(-others, axis=1)[:, :AT]
    there = truth.rows >= 0
    last = np.where(there, truth.scores, np.inf).min(axis=1, keepdims=True)
    hits = np.minimum((best >= last - 1e-5 * (1 + np.abs(last))).sum(axis=1), there.sum(axis=1))
    return Recall(value=float(hits.sum() / there.sum()), at=AT, sample=len(rows))


KINDS: dict[str, Kind] = {
    "exact": Kind(lambda *_: Exact(), lambda *_: Exact()),
    "hnsw": _approximate(faiss_search.HNSW),
    "ivfpq": _approximate(faiss_search.IVFPQ),
}
