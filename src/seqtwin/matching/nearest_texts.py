"""The vectors of texts, and the nearest neighbours of vectors, computed in parts with progress."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest

OnRows = Callable[[int, int], None]
AT_ONCE = 4096  # rows between two reports of the progress


class Encoder(Protocol):
    """The methods of an encoder that matching uses."""

    threshold: float | None

    def encode(self, texts: Sequence[str]) -> Array: ...

    def similarity(self, a: Array, b: Array) -> Array: ...


@dataclass
class Progress:
    """Counts the rows encoded or compared, and calls `on_rows(done, total)`."""

    on_rows: OnRows
    total: int
    done: int = 0

    def add(self, rows: int) -> None:
        """Count further rows as done."""
        self.done += rows
        self.on_rows(self.done, self.total)


def no_progress(done: int, total: int) -> None:
    """Ignore the progress."""


def encode_texts(encoder: Encoder, texts: Sequence[str], progress: Progress) -> Array:
    """The vector of each text: Float[texts dim]."""
    parts = [texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE)]
    vectors = []
    for part in parts or [texts]:
        vectors.append(encoder.encode(part))
        progress.add(len(part))
    return np.concatenate(vectors)


def find_nearest(
    matrix: Matrix, queries: Array, corpus: Array, k: int, itself: Array | None, progress: Progress
) -> Neighbours:
    """The k nearest rows of the corpus for each query. `itself`: as for `exact_search.nearest`."""
    parts = []
    for start in range(0, max(len(queries), 1), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        own = None if itself is None else itself[part]
        parts.append(nearest(matrix, queries[part], corpus, k, itself=own))
        progress.add(len(queries[part]))
    return Neighbours(np.concatenate([p.rows for p in parts]), np.concatenate([p.scores for p in parts]))


class Engine(Protocol):
    """Where the vectors of texts and their nearest neighbours are computed."""

    def encode(self, texts: Sequence[str], progress: Progress) -> Array:
        """The vector of each text: Float[texts dim]."""

    def nearest(self, queries: Array, corpus: Array, k: int, itself: Array | None, progress: Progress) -> Neighbours:
        """The k nearest rows of the corpus for each query, as `exact_search.nearest` finds them."""


@dataclass(frozen=True)
class InProcess:
    """Computes in this process."""

    encoder: Encoder

    def encode(self, texts: Sequence[str], progress: Progress) -> Array:
        """The vector of each text: Float[texts dim]."""
        return encode_texts(self.encoder, texts, progress)

    def nearest(self, queries: Array, corpus: Array, k: int, itself: Array | None, progress: Progress) -> Neighbours:
        """The k nearest rows of the corpus for each query."""
        return find_nearest(self.encoder.similarity, queries, corpus, k, itself, progress)
