"""Approximate search by faiss. faiss finds candidates; the encoder's own similarity scores and ranks them.

A family defines how its structure is built and how broadly it is searched. To add one: a `Family` and a line in KINDS
(`kinds.py`). Several threads build a structure, and two builds may differ in their bytes.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from types import ModuleType
from typing import Protocol

import numpy as np

from seqtwin.errors import ConfigError, DamagedError, missing_extra
from seqtwin.index.equal_vectors import Groups, group_equal, read_groups
from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest
from seqtwin.index.faiss_child import problem_of
from seqtwin.index.rescore import rescored
from seqtwin.model.numpy_similarities import INDEX_FORMS, IndexForm

LINKS, CARE = 32, 80  # links per node of the graph; candidates considered per link while it is built
BITS = 8
FEWEST_TO_LEARN = 1024
# A breadth is chosen for 10 neighbours and the item itself, see `kinds.py`; more neighbours need a broader search. If
# the candidates are a twentieth of the corpus or more, exact search is faster (measured with 6,000 and 40,000 items).
CHOSEN_FOR, EXACT_FROM, LEAST_SPARE = 11, 20, 4


class Structure(Protocol):
    """An index of faiss over vectors."""

    ntotal: int
    d: int
    metric_type: int

    def add(self, vectors: Array, /) -> None: ...

    def search(self, queries: Array, k: int, /, *, params: object) -> tuple[Array, Array]: ...


@dataclass(frozen=True)
class Family:
    """`make(vectors, metric)` builds a structure; `parameters(breadth)` are the faiss parameters of a search.

    `breadths`: the breadths to try, narrowest first, until the recall is good. `broader(breadth, k)`: the breadth for k
    neighbours. `spare`: candidates per neighbour, more than one if the structure stores vectors approximately.
    `metrics`: those that faiss supports for it. `fewest`: the fewest vectors it can learn from.
    """

    name: str
    make: Callable[[Array, int], Structure]
    parameters: Callable[[int], object]
    broader: Callable[[int, int], int]
    breadths: tuple[int, ...]
    spare: int
    metrics: frozenset[str]
    fewest: int = 1


def library() -> ModuleType:
    """The module faiss.

    Raises: MissingExtraError.
    """
    try:
        import faiss
    except ImportError as error:
        raise missing_extra("faiss", "ann") from error
    if sys.platform == "darwin":
        faiss.omp_set_num_threads(1)  # there, a second OpenMP runtime next to torch's aborts the process
    module: ModuleType = faiss
    return module


@dataclass(frozen=True)
class Approximate:
    """A structure of faiss over the distinct vectors of an index, searched with a breadth."""

    family: Family
    metric: IndexForm
    structure: Structure
    groups: Groups
    breadth: int

    @property
    def breadths(self) -> tuple[int, ...]:
        """The breadths to try, narrowest first."""
        return self.family.breadths

    def at(self, breadth: int) -> "Approximate":
        """The same structure, searched with another breadth."""
        return replace(self, breadth=breadth)

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest of the candidates, as many as an exact search returns. The search is exact for queries with too
        few candidates, and for a k that is a large share of the corpus.
        """
        k = min(k, len(vectors))
        if k > CHOSEN_FOR and k * max(self.family.spare, LEAST_SPARE) * EXACT_FROM >= len(vectors):
            return nearest(matrix, queries, vectors, k)
        candidates = self._candidates(matrix, queries, vectors, k)
        return _complete(candidates, matrix, queries, vectors, k)

    def _candidates(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        # at least as many as the breadth was chosen for: a search for one neighbour is as good as one for ten
        wanted = min(len(self.groups), k if self.family.spare == 1 else max(k, CHOSEN_FOR) * self.family.spare)
        breadth = self.breadth if k <= CHOSEN_FOR else self.family.broader(self.breadth, k)
        parameters = self.family.parameters(max(breadth, wanted if self.family.spare == 1 else 0))
        scores, groups = self.structure.search(_prepared(queries, self.metric), wanted, params=parameters)
        if self.metric.bounds is not None and self.family.spare == 1 and self.groups.alone:
            return _ordered(scores, groups, self.metric.bounds)
        return rescored(matrix, queries, vectors, self.groups.rows(groups, k), k)

    def grown(self, vectors: Array) -> "Approximate":
        """A copy with further vectors."""
        structure: Structure = library().clone_index(self.structure)
        prepared = _prepared(vectors, self.metric)
        groups = group_equal(prepared)
        structure.add(np.ascontiguousarray(prepared[groups.first]))
        return replace(self, structure=structure, groups=self.groups.grown(groups))

    def dump(self) -> bytes:
        """The structure as bytes."""
        data: bytes = library().serialize_index(self.structure).tobytes()
        return self.groups.dump() + data


def build(family: Family, similarity: str, vectors: Array) -> Approximate:
    """A structure over these vectors.

    Raises: ConfigError for a similarity that this family does not support, or too few vectors to learn from.
    """
    metric = _metric(family, similarity)
    prepared = _prepared(vectors, metric)
    groups = group_equal(prepared)
    prepared = prepared if groups.alone else np.ascontiguousarray(prepared[groups.first])
    if len(prepared) < family.fewest:
        cause = f"{family.name} is trained on distinct vectors: expected {family.fewest} or more, got {len(prepared)}"
        remedy = "use the kind exact, which is fast at this size"
        raise ConfigError("INDEX_TOO_SMALL", cause, place="index", remedy=remedy)
    structure = family.make(prepared, getattr(library(), metric.metric))
    return Approximate(family, metric, structure, groups, family.breadths[0])


def read(family: Family, similarity: str, data: bytes, shape: tuple[int, int], breadth: int) -> Approximate:
    """The structure from its bytes, as `dump` returns them. `shape`: of the vectors of the index.

    Raises: DamagedError if the bytes are not a structure, or do not fit vectors of this shape.
    """
    metric, faiss = _metric(family, similarity), library()
    groups, rest = read_groups(data, shape[0])
    problem = problem_of(rest)
    if problem:
        raise DamagedError("INDEX_DAMAGED", problem, place="structure.faiss", remedy="build the index again")
    try:
        structure: Structure = faiss.deserialize_index(np.frombuffer(rest, dtype=np.uint8))
    except (RuntimeError, MemoryError, AssertionError) as error:
        cause = f"not a structure of faiss: {str(error)[:80]}"
        raise DamagedError("INDEX_DAMAGED", cause, place="structure.faiss") from error
    actual, expected = (structure.ntotal, structure.d), (len(groups), shape[1])
    if actual != expected or structure.metric_type != getattr(faiss, metric.metric):
        cause = f"expected a structure over vectors {expected} by {metric.metric}, got {actual}"
        raise DamagedError("INDEX_DAMAGED", cause, place="structure.faiss")
    return Approximate(family, metric, structure, groups, breadth)


def _metric(family: Family, similarity: str) -> IndexForm:
    metric = INDEX_FORMS[similarity] if similarity in INDEX_FORMS else _own_form(similarity)
    if metric is None or metric.metric not in family.metrics:
        supported = ", ".join(name for name, form in INDEX_FORMS.items() if form.metric in family.metrics)
        cause = f"{family.name} does not support the similarity '{similarity}'; it supports: {supported}"
        other = "exact or hnsw" if metric else "exact"
        raise ConfigError("INDEX_SIMILARITY", cause, place="index", remedy=f"choose kind {other}")
    return metric


def _own_form(similarity: str) -> IndexForm | None:
    """The form of a similarity that is not built in, if it has one. Only this loads torch, with its class."""
    from seqtwin.model.similarities import SIMILARITIES

    part = SIMILARITIES.get(similarity)
    return part.index_form if part else None


def _complete(neighbours: Neighbours, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
    """The neighbours found; queries with fewer than k of them are searched exactly."""
    short = np.full(len(queries), True) if neighbours.rows.shape[1] < k else (neighbours.rows < 0).any(axis=1)
    if not short.any():
        return neighbours
    exact = nearest(matrix, queries[short], vectors, k)
    rows, scores = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k), dtype=np.float32)
    rows[short], scores[short] = exact.rows, exact.scores
    rows[~short], scores[~short] = neighbours.rows[~short], neighbours.scores[~short]
    return Neighbours(rows, scores)


def _ordered(scores: Array, rows: Array, bounds: tuple[float, float]) -> Neighbours:
    """The neighbours with the scores of faiss, clipped to the range of the similarity; equal scores by row."""
    scores = np.where(rows < 0, np.float32(-np.inf), np.minimum(np.maximum(scores, bounds[0]), bounds[1]))
    order = np.lexsort((rows, -scores))
    queries = np.arange(len(rows))[:, None]
    return Neighbours(rows[queries, order], scores[queries, order])


def _prepared(vectors: Array, metric: IndexForm) -> Array:
    prepared = np.ascontiguousarray(vectors, dtype=np.float32)
    if not metric.unit:
        return prepared
    return prepared / np.maximum(np.linalg.norm(prepared, axis=1, keepdims=True), 1e-12)


def _build_graph(vectors: Array, metric: int) -> Structure:
    structure = library().IndexHNSWFlat(vectors.shape[1], LINKS, metric)
    structure.hnsw.efConstruction = CARE
    structure.add(vectors)
    return structure


@lru_cache
def _graph_parameters(breadth: int) -> object:
    return library().SearchParametersHNSW(efSearch=breadth)


def _build_lists(vectors: Array, metric: int) -> Structure:
    faiss = library()
    count, dim = vectors.shape
    lists = max(1, min(int(4 * count**0.5), count // 64))
    pieces = max(n for n in range(1, max(1, dim // 4) + 1) if dim % n == 0)
    flat = faiss.IndexFlat(dim, metric)
    structure = faiss.IndexIVFPQ(flat, dim, lists, pieces, BITS, metric)
    # train on few vectors too, without the warning of faiss below 39 vectors per centroid
    structure.cp.min_points_per_centroid = structure.pq.cp.min_points_per_centroid = 1
    structure.train(vectors)
    structure.add(vectors)
    return structure


HNSW = Family(
    name="hnsw",
    make=_build_graph,
    parameters=_graph_parameters,
    broader=lambda breadth, k: max(breadth, 2 * k),
    breadths=(64, 128, 256, 512),
    spare=1,
    metrics=frozenset({"METRIC_INNER_PRODUCT", "METRIC_L2", "METRIC_L1"}),
)
IVFPQ = Family(
    name="ivfpq",
    make=_build_lists,
    parameters=lambda breadth: library().SearchParametersIVF(nprobe=breadth),
    broader=lambda breadth, k: breadth * -(-k // 10),
    breadths=(8, 16, 32, 64, 128),
    spare=20,
    metrics=frozenset({"METRIC_INNER_PRODUCT", "METRIC_L2"}),
    fewest=FEWEST_TO_LEARN,
)
