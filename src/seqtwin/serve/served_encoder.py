"""The encoder and the index of a service, as functions from a list of items to one result per item."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypedDict

import numpy as np

from seqtwin.data.tokens.equal_texts import TextLength
from seqtwin.index.hits import Hit
from seqtwin.inference.base_encoder import BaseEncoder
from seqtwin.serve.live_index import IndexFacts, Source

Pairs = list[tuple[str, str]]


class Embedded(NamedTuple):
    """A vector, Float[dim], and the length of its text. The vector of a blank text is empty: Float[0]."""

    vector: np.ndarray
    length: TextLength


class Scored(NamedTuple):
    """The score of a pair and the lengths of its texts. The score is None if one of them is blank."""

    score: float | None
    lengths: tuple[TextLength, TextLength]


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
    """The neighbours of one query, best first, the facts of the index that was searched, and the query's length.

    A blank query has no neighbours.
    """

    hits: list[HitFields]
    index_facts: IndexFacts
    length: TextLength


class Explained(NamedTuple):
    """The contributions to the score of a pair, and the lengths of its texts."""

    parts: dict[str, object]
    lengths: tuple[TextLength, TextLength]


class Facts(TypedDict):
    """The facts of a service, for its page and for clients."""

    model: str
    dim: int
    similarity: str
    threshold: float | None
    fingerprint: str
    index: IndexFacts | None


class ModelFacts(TypedDict):
    """The model in the format of OpenAI's list of models. `created`: the time of its folder, in Unix seconds."""

    id: str
    object: str
    created: int
    owned_by: str


class Example(NamedTuple):
    """Two texts for the fields of the page."""

    left: str
    right: str


NAMES = Example("Jonathan Smith", "Jonathon Smyth")
LONGEST_EXAMPLE = 80  # characters


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

    @property
    def model_facts(self) -> ModelFacts:
        """The model for a list of models."""
        home = self.encoder.home
        created = int(home.stat().st_mtime) if home is not None and home.exists() else 0
        return {"id": self.name, "object": "model", "created": created, "owned_by": "seqtwin"}

    @property
    def example(self) -> Example:
        """The first text of the index and the same with a typing error; without an index two spellings of a name."""
        texts = [] if self.source is None else [item.text for item in islice(self.source.last.index.items, 1)]
        if not texts or len(texts[0]) > LONGEST_EXAMPLE:
            return NAMES
        return Example(texts[0], with_typing_error(texts[0]))

    def lengths(self, texts: Sequence[str]) -> list[TextLength]:
        """The length of each text. With `tokens.empty: unk` a blank text is one unknown token; else it has no token."""
        found = self.encoder.lengths(texts)
        if self.encoder.empty != "unk":
            return found
        return [length._replace(tokens=max(1, length.tokens)) for length in found]

    def encode(self, texts: list[str]) -> list[Embedded]:
        """The vector of each text, and its length."""
        lengths = self.lengths(texts)
        present = [row for row, length in enumerate(lengths) if length.tokens]
        vectors = dict(zip(present, self.encoder.encode([texts[row] for row in present]), strict=True))
        blank = np.empty(0, dtype=np.float32)
        return [Embedded(vectors.get(row, blank), length) for row, length in enumerate(lengths)]

    def score(self, pairs: Pairs) -> list[Scored]:
        """The score of each pair."""
        lengths = self._pair_lengths(pairs)
        present = [row for row, (left, right) in enumerate(lengths) if left.tokens and right.tokens]
        lefts, rights = ([pairs[row][side] for row in present] for side in (0, 1))
        found: list[float] = self.encoder.score(lefts, rights).tolist() if present else []
        scores = dict(zip(present, found, strict=True))
        return [Scored(scores.get(row), own) for row, own in enumerate(lengths)]

    def _pair_lengths(self, pairs: Sequence[tuple[str, str]]) -> list[tuple[TextLength, TextLength]]:
        found = self.lengths([text for pair in pairs for text in pair])
        return list(zip(found[::2], found[1::2], strict=True))

    def search(self, queries: list[Query]) -> list[Near]:
        """The neighbours of each query: one search for all that are not re-ranked, each result cut to its own k.

        Raises: ConfigError for a query to re-rank if the encoder has no re-ranker.
        """
        assert self.source is not None
        current, lengths = self.source.current(), self.lengths([query.text for query in queries])
        present = [row for row, length in enumerate(lengths) if length.tokens]
        hits: dict[int, list[Hit]] = {}
        for group in dict.fromkeys(queries[row].group for row in present):
            rows = [row for row in present if queries[row].group == group]
            k = max(queries[row].k for row in rows)
            found = current.index.search([queries[row].text for row in rows], k, rerank=queries[rows[0]].rerank)
            hits |= dict(zip(rows, found, strict=True))
        facts = current.facts
        return [
            Near([_fields(hit) for hit in hits.get(row, [])[: query.k]], facts, lengths[row])
            for row, query in enumerate(queries)
        ]

    def threshold_of(self, *, reranked: bool) -> float | None:
        """The threshold of the scores of a search."""
        return self.encoder.reranker.threshold if reranked else self.encoder.threshold

    def explain(self, pairs: list[tuple[str, str, str]]) -> list[Explained]:
        """The contributions to the score of each (left, right, method)."""
        lengths = self._pair_lengths([(left, right) for left, right, _ in pairs])
        return [
            Explained(self.encoder.explain_pair(left, right, method=method).as_dict(), own)
            for (left, right, method), own in zip(pairs, lengths, strict=True)
        ]


def with_typing_error(text: str) -> str:
    """The text with two different neighbouring letters swapped, as near to its middle as there are any.

    >>> with_typing_error("amber lamp"), with_typing_error("aa")
    ('amber almp', 'aa')
    """
    places = [at for at in range(len(text) - 1) if text[at : at + 2].isalnum() and text[at] != text[at + 1]]
    at = min(places, key=lambda place: abs(place - len(text) // 2), default=len(text))
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


def _fields(hit: Hit) -> HitFields:
    fields: HitFields = {"id": hit.id, "text": hit.text, "score": hit.score, "metadata": hit.metadata}
    if hit.similarity is not None:
        fields["similarity"] = hit.similarity
    return fields
