"""The encoder and the index of a service, as functions from a list of items to one result per item."""

from dataclasses import dataclass
from typing import NamedTuple, TypedDict

import numpy as np

from seqtwin.index.hits import Hit
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.serve.live_index import IndexFacts, Source

Pairs = list[tuple[str, str]]


class Embedded(NamedTuple):
    """A vector, Float[dim], and the number of its tokens."""

    vector: np.ndarray
    tokens: int


class PlainHit(TypedDict):
    """A hit in a response."""

    id: str
    text: str
    score: float
    metadata: dict[str, object]


class HitFields(PlainHit, total=False):
    """A hit with the similarity of the encoder, where `score` is the probability of its re-ranker."""

    similarity: float


class Query(NamedTuple):
    """A text to search for, the number of hits, and how many of the first are re-ranked; None for none."""

    text: str
    k: int
    rerank: int | None

    @property
    def group(self) -> tuple[int, int] | None:
        """Equal for queries that can be searched together: which hits are re-ranked must not depend on others."""
        return None if self.rerank is None else (self.k, self.rerank)


class Near(NamedTuple):
    """The neighbours of one query, best first, and the facts of the index that was searched."""

    hits: list[HitFields]
    index_facts: IndexFacts


class Facts(TypedDict):
    """The facts of a service, for its page and for clients."""

    model: str
    dim: int
    similarity: str
    threshold: float | None
    fingerprint: str
    index: IndexFacts | None


@dataclass(frozen=True)
class ServedEncoder:
    """An encoder, the source of an index over its vectors (or None), and the name of the model."""

    encoder: BaseEncoder
    source: Source | None
    name: str

    @property
    def facts(self) -> Facts:
        """The facts of the service."""
        return {
            "model": self.name,
            "dim": self.encoder.dim,
            "similarity": self.encoder.similarity_name,
            "threshold": self.encoder.threshold,
            "fingerprint": self.encoder.fingerprint,
            "index": None if self.source is None else self.source.last.facts,
        }

    def encode(self, texts: list[str]) -> list[Embedded]:
        """The vector of each text, and the number of its tokens."""
        lengths = [len(sequence) for sequence in self.encoder.sequences(texts)]
        vectors = self.encoder.encode(texts)
        return [Embedded(vector, length) for vector, length in zip(vectors, lengths, strict=True)]

    def score(self, pairs: Pairs) -> list[float]:
        """The score of each pair."""
        scores: list[float] = self.encoder.score([left for left, _ in pairs], [right for _, right in pairs]).tolist()
        return scores

    def search(self, queries: list[Query]) -> list[Near]:
        """The neighbours of each query: one search for all that are not re-ranked, each result cut to its own k.

        Raises: ConfigError for a query to re-rank if the encoder has no re-ranker.
        """
        assert self.source is not None
        current = self.source.current()
        hits: dict[int, list[Hit]] = {}
        for group in dict.fromkeys(query.group for query in queries):
            rows = [row for row, query in enumerate(queries) if query.group == group]
            k = max(queries[row].k for row in rows)
            found = current.index.search([queries[row].text for row in rows], k, rerank=queries[rows[0]].rerank)
            hits |= dict(zip(rows, found, strict=True))
        facts = current.facts
        return [Near([_fields(hit) for hit in hits[row][: query.k]], facts) for row, query in enumerate(queries)]

    def threshold_of(self, *, reranked: bool) -> float | None:
        """The threshold of the scores of a search."""
        return self.encoder.reranker.threshold if reranked else self.encoder.threshold

    def explain(self, pairs: list[tuple[str, str, str]]) -> list[dict[str, object]]:
        """The contributions to the score of each (left, right, method)."""
        return [self.encoder.explain_pair(left, right, method=method).as_dict() for left, right, method in pairs]


def _fields(hit: Hit) -> HitFields:
    fields: HitFields = {"id": hit.id, "text": hit.text, "score": hit.score, "metadata": hit.metadata}
    if hit.similarity is not None:
        fields["similarity"] = hit.similarity
    return fields
