"""What the service asks of an encoder and an index: functions from a list of items to a result for each."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from seqtwin.index.hits import Hit
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.serve.live_index import Source

Pairs = list[tuple[str, str]]


class Embedded(NamedTuple):
    """A vector, Float[dim], and the number of tokens it was made of."""

    vector: np.ndarray
    tokens: int


class Near(NamedTuple):
    """The neighbours of one query, best first, and the facts of the index they were found in."""

    hits: list[dict[str, Any]]
    of: dict[str, Any]


@dataclass(frozen=True)
class Served:
    """An encoder, and where an index of its vectors comes from or None, as the batcher calls them."""

    encoder: TrainedEncoder
    source: Source | None
    name: str

    @property
    def facts(self) -> dict[str, Any]:
        """What is served, for the page and for programs."""
        encoder = self.encoder
        return {
            "model": self.name,
            "dim": encoder.dim,
            "similarity": encoder.similarity_name,
            "threshold": encoder.threshold,
            "fingerprint": encoder.fingerprint,
            "index": None if self.source is None else self.source.opened.facts,
        }

    def vectors(self, texts: list[str]) -> list[Embedded]:
        """The vector of each text, and how many tokens it has."""
        lengths = [len(steps) for steps in self.encoder.sequences(texts)]
        vectors = self.encoder.encode(texts)
        return [Embedded(vector, length) for vector, length in zip(vectors, lengths, strict=True)]

    def scores(self, pairs: Pairs) -> list[float]:
        """The score of each pair."""
        found: list[float] = self.encoder.score([left for left, _ in pairs], [right for _, right in pairs]).tolist()
        return found

    def near(self, asked: list[tuple[str, int]]) -> list[Near]:
        """The neighbours of each (query, k): one search for all, each cut to its own k."""
        assert self.source is not None
        opened = self.source.now()
        found = opened.index.search([query for query, _ in asked], max(k for _, k in asked))
        facts = opened.facts
        return [Near([_shown(hit) for hit in hits[:k]], facts) for hits, (_, k) in zip(found, asked, strict=True)]

    def reasons(self, asked: list[tuple[str, str, str]]) -> list[dict[str, Any]]:
        """Why each (left, right) has its score, by a method of explaining."""
        return [self.encoder.explain_pair(left, right, method=how).as_dict() for left, right, how in asked]


def _shown(hit: Hit) -> dict[str, Any]:
    return {"id": hit.id, "text": hit.text, "score": hit.score, "metadata": hit.metadata}
