"""What dedupe, link and mine share: each distinct text is encoded once, and a threshold has to come from somewhere."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pandas as pd

from seqtwin.errors import ConfigError, DataError
from seqtwin.retrieval.neighbours import Array, Matrix, Neighbours, nearest

OnRows = Callable[[int, int], None]
_AT_ONCE = 4096


class Encoder(Protocol):
    """All that matching asks of an encoder."""

    threshold: float | None

    def encode(self, texts: Sequence[Any]) -> Array: ...

    def similarity(self, a: Array, b: Array) -> Array: ...


@dataclass(frozen=True)
class Distinct:
    """The distinct texts of a list in order of appearance. `of`: Int[rows], the text of each row; `first`: Int[texts],
    the first row of each text; `counts`: Int[texts], how many rows hold it.
    """

    texts: list[str]
    of: Array
    first: Array
    counts: Array


def distinct(texts: Iterable[str]) -> Distinct:
    """The distinct texts of a list; texts are the same when every sign is.

    Raises: DataError for what is no text.

    >>> found = distinct(["Rome", "Roma", "Rome"])
    >>> found.texts, found.of.tolist(), found.first.tolist(), found.counts.tolist()
    (['Rome', 'Roma'], [0, 1, 0], [0, 1], [2, 1])
    """
    listed = checked_texts(texts)
    codes, found = pd.factorize(np.array([*listed, ""], dtype=object)[:-1])
    of = np.asarray(codes, dtype=np.int64)
    first = np.full(len(found), len(of), dtype=np.int64)
    np.minimum.at(first, of, np.arange(len(of)))
    return Distinct([str(text) for text in found], of, first, np.bincount(of, minlength=len(found)))


def checked_texts(texts: Iterable[Any]) -> list[str]:
    """The texts as a list.

    Raises: DataError for one text alone, or for an item that is no text.
    """
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        cause = f"expected a list of texts, got a {type(texts).__name__}"
        raise DataError("MATCH_TYPE", cause, place="texts", remedy="give a list, a column or an array of texts")
    listed = list(texts)
    for row, text in enumerate(listed):
        if not isinstance(text, str):
            cause = f"row {row}: expected a text, got a {type(text).__name__}"
            raise DataError("MATCH_TYPE", cause, place="texts", remedy="remove or fill rows without a text")
    return listed


def threshold_of(encoder: Encoder, threshold: float | None) -> float:
    """The threshold that was asked for, else the one the encoder brings from its dev split.

    Raises: ConfigError where there is none, or where it is not a finite number.
    """
    found = encoder.threshold if threshold is None else threshold
    if found is None:
        cause = "this encoder brings no threshold: on its dev split none could be chosen"
        raise ConfigError("NO_THRESHOLD", cause, place="threshold", remedy="name one with --threshold")
    if not math.isfinite(found):
        raise ConfigError("BAD_THRESHOLD", f"expected a finite number, got {found}", place="threshold")
    return float(found)


def at_least(name: str, value: int, least: int) -> int:
    """The value.

    Raises: ConfigError when it is less than `least`.
    """
    if value < least:
        raise ConfigError("BAD_COUNT", f"expected {least} or more, got {value}", place=name)
    return value


@dataclass
class Steps:
    """Counts rows that were encoded or compared, and tells how many of all are done."""

    tell: OnRows
    total: int
    done: int = 0

    def take(self, rows: int) -> None:
        """So many more are done."""
        self.done += rows
        self.tell(self.done, self.total)


def unheard(done: int, total: int) -> None:
    """Tells nobody."""


def encoded(encoder: Encoder, texts: Sequence[str], steps: Steps) -> Array:
    """The vector of each text, some thousand at a time."""
    parts = [texts[start : start + _AT_ONCE] for start in range(0, len(texts), _AT_ONCE)]
    found = []
    for part in parts or [texts]:
        found.append(encoder.encode(part))
        steps.take(len(part))
    return np.concatenate(found)


def compared(matrix: Matrix, queries: Array, corpus: Array, k: int, itself: Array | None, steps: Steps) -> Neighbours:
    """The k nearest rows of the corpus for each query, some thousand queries at a time."""
    found = []
    for start in range(0, max(len(queries), 1), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        own = None if itself is None else itself[part]
        found.append(nearest(matrix, queries[part], corpus, k, itself=own))
        steps.take(len(queries[part]))
    return Neighbours(np.concatenate([f.rows for f in found]), np.concatenate([f.scores for f in found]))
