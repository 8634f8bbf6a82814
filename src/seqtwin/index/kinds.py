"""KINDS: the ways an index finds neighbours. To add one: how it is built and read, and a line in the table below."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from seqtwin.index import faiss_search
from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest

# items of the corpus are a little easier to find than other queries; hence more than .95 is required of them
AT, SAMPLE, GOOD = 10, 200, 0.98


class Searcher(Protocol):
    """Finds the neighbours of queries among the vectors of an index."""

    @property
    def breadth(self) -> int:
        """How broadly it searches; 0 for an exact search."""

    @property
    def breadths(self) -> tuple[int, ...]:
        """The breadths to try, narrowest first; none for an exact search."""

    def at(self, breadth: int) -> "Searcher":
        """The same, with another breadth."""

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest rows of `vectors` for each query, scored by `matrix`."""

    def grown(self, vectors: Array) -> "Searcher":
        """A copy with further vectors."""

    def dump(self) -> bytes:
        """The bytes to store with the vectors; empty for an exact search."""


@dataclass(frozen=True)
class Exact:
    """Compares every query with every vector."""

    breadth: int = 0
    breadths: tuple[int, ...] = ()

    def at(self, breadth: int) -> "Exact":
        """Itself."""
        return self

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest; equal scores by row."""
        return nearest(matrix, queries, vectors, k)

    def grown(self, vectors: Array) -> "Exact":
        """Itself, because it stores no vectors."""
        return self

    def dump(self) -> bytes:
        """No bytes."""
        return b""


@dataclass(frozen=True)
class Kind:
    """`build(similarity, vectors)` builds a searcher; `read(similarity, data, shape, breadth)` restores one."""

    build: Callable[[str, Array], Searcher]
    read: Callable[[str, bytes, tuple[int, int], int], Searcher]


def _approximate(family: faiss_search.Family) -> Kind:
    return Kind(partial(faiss_search.build, family), partial(faiss_search.read, family))


class Recall(BaseModel):
    """The share of the `at` nearest neighbours that an approximate search finds, over `sample` items of the corpus.

    An item with the same score as the last true neighbour counts as found, because equal vectors are interchangeable.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    value: float = Field(ge=0, le=1, strict=True)
    at: int = Field(ge=1, strict=True)
    sample: int = Field(ge=1, strict=True)


def tuned(searcher: Searcher, matrix: Matrix, vectors: Array) -> tuple[Searcher, Recall | None]:
    """The narrowest search with good recall against an exact search (else the broadest), and its recall.

    The recall is None for an exact searcher, and for a single vector, which has no neighbours.
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
    neighbours = searcher.search(matrix, np.asarray(vectors[rows]), vectors, AT + 1)
    others = np.where((neighbours.rows == rows[:, None]) | (neighbours.rows < 0), -np.inf, neighbours.scores)
    best = -np.sort(-others, axis=1)[:, :AT]
    exists = truth.rows >= 0
    last = np.where(exists, truth.scores, np.inf).min(axis=1, keepdims=True)
    hits = np.minimum((best >= last - 1e-5 * (1 + np.abs(last))).sum(axis=1), exists.sum(axis=1))
    return Recall(value=float(hits.sum() / exists.sum()), at=AT, sample=len(rows))


KINDS: dict[str, Kind] = {
    "exact": Kind(lambda *_: Exact(), lambda *_: Exact()),
    "hnsw": _approximate(faiss_search.HNSW),
    "ivfpq": _approximate(faiss_search.IVFPQ),
}
