"""The results of a search: items with scores, best first. A second encoder can re-rank them."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.guards.spreadsheets import csv_text
from seqtwin.index.corpus import Items
from seqtwin.index.exact_search import Array, Neighbours
from seqtwin.index.rescore import rescored
from seqtwin.inference.reranking import EncoderReranker


class Encoder(Protocol):
    """The methods of an encoder that an index uses; `seqtwin.load(folder)` returns one."""

    fingerprint: str
    inputs: str
    similarity_name: str

    @property
    def dim(self) -> int:
        """Width of a vector."""

    @property
    def channels(self) -> int | None:
        """Channels of the series it takes; None for an encoder of texts."""

    @property
    def indexable(self) -> bool:
        """Whether an index can serve its similarity."""

    def encode(self, texts: Iterable[object], *, show_progress_bar: bool = False) -> Array:
        """The vectors of texts or series, float32 [n, dim]."""

    def similarity(self, a: Array, b: Array) -> Array:
        """The scores of every row of a with every row of b."""


@dataclass(frozen=True)
class Hit:
    """One item found by a search. `text` is empty for a series.

    `similarity`: of the encoder, where `score` is the probability of its re-ranker; else None.
    """

    id: str
    text: str
    score: float
    metadata: dict[str, object]
    similarity: float | None = None


SHOWN = 3  # queries, and hits of each, in the repr


def _listed(hits: Sequence[Hit]) -> str:
    named = [f"{textwrap.shorten(hit.text, 60) or hit.id} {hit.score:.3f}" for hit in hits[:SHOWN]]
    return ", ".join([*named, *(["..."] if len(hits) > SHOWN else [])]) or "nothing found"


@dataclass(frozen=True, repr=False)
class Hits:
    """The hits of each query: `hits[0]` are those of the first query, best first.

    `rows`: Int[queries k], rows of the index, -1 for none; `scores`: Float[queries k], -inf for none; `similarities`:
    Float[queries k], where the scores are the probabilities of a re-ranker.
    """

    rows: Array
    scores: Array
    items: Items
    similarities: Array | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __repr__(self) -> str:
        """The first hits of the first queries: the items of the index can be millions."""
        lines = [f"  {query}: {_listed(self[query])}" for query in range(min(len(self), SHOWN))]
        more = [f"  ... {len(self) - SHOWN:,} more"] if len(self) > SHOWN else []
        return "\n".join([f"Hits of {len(self):,} {'query' if len(self) == 1 else 'queries'}", *lines, *more])

    def __getitem__(self, query: int) -> list[Hit]:
        return [self._hit(query, int(place)) for place in np.flatnonzero(self.rows[query] >= 0)]

    def _hit(self, query: int, place: int) -> Hit:
        item, score = self.items[int(self.rows[query, place])], float(self.scores[query, place])
        similarity = None if self.similarities is None else float(self.similarities[query, place])
        return Hit(item.id, item.text, score, item.metadata, similarity)

    def __iter__(self) -> Iterator[list[Hit]]:
        return (self[query] for query in range(len(self)))

    @property
    def ids(self) -> list[list[str]]:
        """The ids of each query's hits."""
        return [[hit.id for hit in hits] for hits in self]

    @property
    def texts(self) -> list[list[str]]:
        """The texts of each query's hits."""
        return [[hit.text for hit in hits] for hits in self]


def reranked(encoder: Encoder, queries: Sequence[object], hits: Hits, k: int) -> Neighbours:
    """The k best of the hits by another encoder, which encodes their texts, with its scores.

    Raises: ConfigError for an encoder of series.
    """
    if encoder.inputs != "tokens":
        raise ConfigError("RERANK_SERIES", "expected an encoder of texts, got one of series", place="rerank")
    hit_rows = np.unique(hits.rows[hits.rows >= 0])
    vectors = encoder.encode([hits.items[int(row)].text for row in hit_rows])
    places = np.where(hits.rows < 0, -1, np.searchsorted(hit_rows, hits.rows))
    neighbours = rescored(encoder.similarity, encoder.encode(queries), vectors, places, k)
    return Neighbours(np.where(neighbours.rows < 0, -1, hit_rows[np.maximum(neighbours.rows, 0)]), neighbours.scores)


def reranked_by_probability(
    reranker: EncoderReranker, queries: Sequence[str], encoded: Array, vectors: Array, hits: Hits, k: int
) -> Hits:
    """The k best of the hits by the probability that they are the same as the query; equal ones by similarity.

    `encoded`: the vectors of the queries, Float[queries dim]; `vectors`: those of the index.
    """
    query, place = np.nonzero(hits.rows >= 0)
    rows = hits.rows[query, place]
    texts = {row: hits.items[row].text for row in np.unique(rows).tolist()}
    found = reranker.score_encoded(
        [queries[own] for own in query.tolist()], [texts[row] for row in rows.tolist()], encoded[query], vectors[rows]
    )
    scores = np.full(hits.rows.shape, -np.inf, dtype=np.float32)
    scores[query, place] = found
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    parts = [np.take_along_axis(part, order, axis=1) for part in (hits.rows, scores, hits.scores)]
    return Hits(parts[0], parts[1], hits.items, parts[2])


def hits_csv(queries: Sequence[str], results: Sequence[Sequence[Hit]], columns: Sequence[str]) -> str:
    """A table with one row per hit. `results`: the hits of each query; `columns`: of the metadata.

    The column `similarity` follows `score` where the hits were re-ranked by probability.
    """
    both = any(hit.similarity is not None for hits in results for hit in hits)
    rows: list[list[object]] = [["query", "rank", "id", "text", "score", *(["similarity"] if both else []), *columns]]
    for query, hits in zip(queries, results, strict=True):
        for rank, hit in enumerate(hits, 1):
            values = [hit.metadata.get(name, "") for name in columns]
            scores = [f"{score:.9g}" for score in (hit.score, hit.similarity) if score is not None]
            rows.append([query, rank, hit.id, hit.text, *scores, *values])
    # a query from the command line may have characters without UTF-8
    return csv_text(rows).encode("utf-8", "replace").decode("utf-8")
