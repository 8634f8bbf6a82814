"""What a search finds: items with scores, best first; and the same put in the order of a second encoder."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from seqtwin.errors import ConfigError
from seqtwin.index.corpus import Items
from seqtwin.index.exact_search import Array, Neighbours
from seqtwin.index.rescore import rescored


class Encoder(Protocol):
    """What an index asks of an encoder; `seqtwin.load(folder)` gives one."""

    fingerprint: str
    inputs: str
    similarity_name: str

    @property
    def dim(self) -> int:
        """Width of a vector."""

    @property
    def channels(self) -> int | None:
        """Channels of the series it reads; None for an encoder of texts."""

    @property
    def indexable(self) -> bool:
        """Whether an index can serve its similarity."""

    def encode(self, texts: Any, *, show_progress_bar: bool = False) -> Array:
        """Vectors, float32 [n, dim]."""

    def similarity(self, a: Array, b: Array) -> Array:
        """The scores of all a with all b."""


@dataclass(frozen=True)
class Hit:
    """One found item. `text` is empty for a series."""

    id: str
    text: str
    score: float
    metadata: dict[str, Any]


@dataclass(frozen=True)
class Hits:
    """What was found for each query: `hits[0]` are the hits of the first, best first.

    `rows`: Int[queries k], places in the index, -1 where there is none; `scores`: Float[queries k], -inf there.
    """

    rows: Array
    scores: Array
    items: Items

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, query: int) -> list[Hit]:
        found = (
            (self.items[int(row)], score)
            for row, score in zip(self.rows[query], self.scores[query], strict=True)
            if row >= 0
        )
        return [Hit(item.id, item.text, float(score), item.metadata) for item, score in found]

    def __iter__(self) -> Iterator[list[Hit]]:
        return (self[query] for query in range(len(self)))

    @property
    def ids(self) -> list[list[str]]:
        """The ids of each query's hits."""
        return [[hit.id for hit in found] for found in self]

    @property
    def texts(self) -> list[list[str]]:
        """The texts of each query's hits."""
        return [[hit.text for hit in found] for found in self]


def reranked(encoder: Encoder, queries: Sequence[str], hits: Hits, k: int) -> Neighbours:
    """The k best of the hits by another encoder, which reads their texts; its scores.

    Raises: ConfigError when it reads series.
    """
    if encoder.inputs != "tokens":
        raise ConfigError("RERANK_SERIES", "expected an encoder of texts, got one of series", place="rerank")
    whose = np.unique(hits.rows[hits.rows >= 0])
    vectors = encoder.encode([hits.items[int(row)].text for row in whose])
    places = np.where(hits.rows < 0, -1, np.searchsorted(whose, hits.rows))
    found = rescored(encoder.similarity, encoder.encode(queries), vectors, places, k)
    return Neighbours(np.where(found.rows < 0, -1, whose[np.maximum(found.rows, 0)]), found.scores)


def hits_csv(queries: Sequence[str], found: Sequence[Sequence[Hit]], columns: Sequence[str]) -> str:
    """A table with a row for each hit."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["query", "rank", "id", "text", "score", *columns])
    for query, hits in zip(queries, found, strict=True):
        for rank, hit in enumerate(hits, 1):
            kept = [hit.metadata.get(name, "") for name in columns]
            writer.writerow([query, rank, hit.id, hit.text, f"{hit.score:.9g}", *kept])
    # a query from the command line may hold what has no UTF-8
    return text.getvalue().encode("utf-8", "replace").decode("utf-8")
