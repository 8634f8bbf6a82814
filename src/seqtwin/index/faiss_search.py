"""Approximate search by faiss: candidates from its structure, scores and order of the encoder's own similarity.

A family says how its structure is made and how broadly it is searched. To add one: a `Family` and a line in KINDS
(`kinds.py`). Structures are built by several threads, so that two builds need not be equal to the byte.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from seqtwin.errors import ConfigError, DamagedError, missing_extra
from seqtwin.index.equal_vectors import Groups, grouped, read_groups
from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest
from seqtwin.index.rescore import rescored
from seqtwin.model.similarities import SIMILARITIES, IndexForm

LINKS, CARE = 32, 80  # of a node in the graph; candidates weighed for each link while it is built
BITS = 8
FEWEST_TO_LEARN = 1024
# A breadth is chosen for 10 neighbours and the item itself, see `kinds.py`; more of them need a broader search. Where
# the candidates are a twentieth of the corpus or more, scoring everything costs less (measured with 6,000 and 40,000).
CHOSEN_FOR, EXACT_FROM, LEAST_SPARE = 11, 20, 4


@dataclass(frozen=True)
class Family:
    """`make(vectors, metric)` gives a filled structure, `parameters(breadth)` how broadly it is searched.

    `breadths`: those tried, narrowest first, until the recall is good. `broader(breadth, k)`: the one for so many
    neighbours. `spare`: candidates taken for each neighbour
    that is wanted (more than one where the structure knows vectors only roughly). `metrics`: those faiss has for it.
    """

    name: str
    make: Callable[[Array, int], Any]
    parameters: Callable[[int], Any]
    broader: Callable[[int, int], int]
    breadths: tuple[int, ...]
    spare: int
    metrics: frozenset[str]
    fewest: int = 1


def library() -> Any:
    """The module faiss.

    Raises: MissingExtraError.
    """
    try:
        import faiss
    except ImportError as error:
        raise missing_extra("faiss", "ann") from error
    if sys.platform == "darwin":
        faiss.omp_set_num_threads(1)  # two OpenMP runtimes, torch's and its own, abort there
    return faiss


@dataclass(frozen=True)
class Approximate:
    """A structure of faiss over the vectors of an index, each vector once."""

    family: Family
    metric: IndexForm
    structure: Any
    groups: Groups
    breadth: int

    @property
    def breadths(self) -> tuple[int, ...]:
        """The breadths worth trying."""
        return self.family.breadths

    def at(self, breadth: int) -> "Approximate":
        """The same structure, searched so broadly."""
        return replace(self, breadth=breadth)

    def search(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        """The k nearest of the candidates, as many as an exact search finds: where the structure gives fewer, or k is a
        large share of the corpus, the search is exact.
        """
        k = min(k, len(vectors))
        if k > CHOSEN_FOR and k * max(self.family.spare, LEAST_SPARE) * EXACT_FROM >= len(vectors):
            return nearest(matrix, queries, vectors, k)
        found = self._candidates(matrix, queries, vectors, k)
        return _completed(found, matrix, queries, vectors, k)

    def _candidates(self, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
        # as many as the breadth was chosen with, so that one neighbour is found no worse than ten
        wanted = min(len(self.groups), k if self.family.spare == 1 else max(k, CHOSEN_FOR) * self.family.spare)
        breadth = self.breadth if k <= CHOSEN_FOR else self.family.broader(self.breadth, k)
        parameters = self.family.parameters(max(breadth, wanted if self.family.spare == 1 else 0))
        scores, found = self.structure.search(_prepared(queries, self.metric), wanted, params=parameters)
        if self.metric.bounds is not None and self.family.spare == 1 and self.groups.alone:
            return _ordered(scores, found, self.metric.bounds)
        return rescored(matrix, queries, vectors, self.groups.rows(found, k), k)

    def grown(self, vectors: Array) -> "Approximate":
        """A copy that holds further vectors, too."""
        structure = library().clone_index(self.structure)
        prepared = _prepared(vectors, self.metric)
        groups = grouped(prepared)
        structure.add(np.ascontiguousarray(prepared[groups.first]))
        return replace(self, structure=structure, groups=self.groups.grown(groups))

    def dump(self) -> bytes:
        """The structure as bytes."""
        data: bytes = library().serialize_index(self.structure).tobytes()
        return self.groups.dump() + data


def build(family: Family, similarity: str, vectors: Array) -> Approximate:
    """A structure over these vectors.

    Raises: ConfigError for a similarity this family cannot follow, or too few vectors to learn from.
    """
    metric = _metric(family, similarity)
    prepared = _prepared(vectors, metric)
    groups = grouped(prepared)
    prepared = prepared if groups.alone else np.ascontiguousarray(prepared[groups.first])
    if len(prepared) < family.fewest:
        cause = f"{family.name} learns from different vectors: expected {family.fewest} or more, got {len(prepared)}"
        raise ConfigError("INDEX_TOO_SMALL", cause, place="index", remedy="kind exact is fast at this size")
    structure = family.make(prepared, getattr(library(), metric.metric))
    return Approximate(family, metric, structure, groups, family.breadths[0])


def read(family: Family, similarity: str, data: bytes, shape: tuple[int, int], breadth: int) -> Approximate:
    """The structure back from its bytes.

    Raises: DamagedError when they are none, or do not fit vectors of this shape.
    """
    metric, faiss = _metric(family, similarity), library()
    groups, behind = read_groups(data, shape[0])
    try:
        structure = faiss.deserialize_index(np.frombuffer(behind, dtype=np.uint8))
    except (RuntimeError, MemoryError, AssertionError) as error:
        cause = f"not a structure of faiss: {str(error)[:80]}"
        raise DamagedError("INDEX_DAMAGED", cause, place="structure.faiss") from error
    found, expected = (structure.ntotal, structure.d), (len(groups), shape[1])
    if found != expected or structure.metric_type != getattr(faiss, metric.metric):
        cause = f"expected a structure over vectors {expected} by {metric.metric}, got {found}"
        raise DamagedError("INDEX_DAMAGED", cause, place="structure.faiss")
    return Approximate(family, metric, structure, groups, breadth)


def _metric(family: Family, similarity: str) -> IndexForm:
    part = SIMILARITIES.get(similarity)
    metric = part.index_form if part else None
    if metric is None or metric.metric not in family.metrics:
        forms = {name: part.index_form for name, part in SIMILARITIES.items()}
        fit = ", ".join(name for name, form in forms.items() if form and form.metric in family.metrics)
        cause = f"{family.name} cannot follow the similarity '{similarity}'; it can follow: {fit}"
        other = "exact or hnsw" if metric else "exact"
        raise ConfigError("INDEX_SIMILARITY", cause, place="index", remedy=f"choose kind {other}")
    return metric


def _completed(found: Neighbours, matrix: Matrix, queries: Array, vectors: Array, k: int) -> Neighbours:
    """What was found, exactly searched for the queries for which it is less than k."""
    short = np.full(len(queries), True) if found.rows.shape[1] < k else (found.rows < 0).any(axis=1)
    if not short.any():
        return found
    exact = nearest(matrix, queries[short], vectors, k)
    rows, scores = np.empty((len(queries), k), dtype=np.int64), np.empty((len(queries), k), dtype=np.float32)
    rows[short], scores[short] = exact.rows, exact.scores
    rows[~short], scores[~short] = found.rows[~short], found.scores[~short]
    return Neighbours(rows, scores)


def _ordered(scores: Array, rows: Array, bounds: tuple[float, float]) -> Neighbours:
    """What faiss found with scores that need no other formula: equal ones by row, in the range of the similarity."""
    scores = np.where(rows < 0, np.float32(-np.inf), np.minimum(np.maximum(scores, bounds[0]), bounds[1]))
    order = np.lexsort((rows, -scores))
    own = np.arange(len(rows))[:, None]
    return Neighbours(rows[own, order], scores[own, order])


def _prepared(vectors: Array, metric: IndexForm) -> Array:
    found = np.ascontiguousarray(vectors, dtype=np.float32)
    if not metric.unit:
        return found
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-12)


def _graph(vectors: Array, metric: int) -> Any:
    structure = library().IndexHNSWFlat(vectors.shape[1], LINKS, metric)
    structure.hnsw.efConstruction = CARE
    structure.add(vectors)
    return structure


@lru_cache
def _graph_parameters(breadth: int) -> Any:
    return library().SearchParametersHNSW(efSearch=breadth)


def _lists(vectors: Array, metric: int) -> Any:
    faiss = library()
    count, dim = vectors.shape
    lists = max(1, min(int(4 * count**0.5), count // 64))
    pieces = max(n for n in range(1, max(1, dim // 4) + 1) if dim % n == 0)
    flat = faiss.IndexFlat(dim, metric)
    structure = faiss.IndexIVFPQ(flat, dim, lists, pieces, BITS, metric)
    # learns from what there is; faiss would complain on the terminal below 39 vectors a centroid
    structure.cp.min_points_per_centroid = structure.pq.cp.min_points_per_centroid = 1
    structure.train(vectors)
    structure.add(vectors)
    return structure


HNSW = Family(
    name="hnsw",
    make=_graph,
    parameters=_graph_parameters,
    broader=lambda breadth, k: max(breadth, 2 * k),
    breadths=(64, 128, 256, 512),
    spare=1,
    metrics=frozenset({"METRIC_INNER_PRODUCT", "METRIC_L2", "METRIC_L1"}),
)
IVFPQ = Family(
    name="ivfpq",
    make=_lists,
    parameters=lambda breadth: library().SearchParametersIVF(nprobe=breadth),
    broader=lambda breadth, k: breadth * -(-k // 10),
    breadths=(8, 16, 32, 64, 128),
    spare=20,
    metrics=frozenset({"METRIC_INNER_PRODUCT", "METRIC_L2"}),
    fewest=FEWEST_TO_LEARN,
)
