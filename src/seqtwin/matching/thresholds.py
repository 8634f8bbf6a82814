"""What dedupe, link and mine share: each distinct text is encoded once, and a threshold has to come from somewhere."""

import math
from collections.abc import Callable, Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import pandas as pd

from seqtwin.data.tokens.equal_texts import Reading, as_written
from seqtwin.errors import ConfigError, DataError
from seqtwin.index.exact_search import Array, Matrix, Neighbours, nearest

OnRows = Callable[[int, int], None]
_AT_ONCE = 4096


class Encoder(Protocol):
    """All that matching asks of an encoder."""

    threshold: float | None

    def encode(self, texts: Sequence[Any]) -> Array: ...

    def similarity(self, a: Array, b: Array) -> Array: ...


@runtime_checkable
class Reader(Protocol):
    """An encoder that says which texts are the same to it, as a `TrainedEncoder` does."""

    def readings(self, texts: Sequence[str]) -> list[Reading]: ...


@dataclass(frozen=True)
class Distinct:
    """The distinct texts of a list in order of appearance, blank ones left out.

    `rows`: the text of each row, None where it is blank; `of`: Int[rows], the distinct text of each row, -1 for a blank
    one; `keys`: equal for equal texts, in any list; `first`: Int[texts], the first row of each text; `counts`:
    Int[texts], how many rows hold it; `known`: Bool[texts], whether the encoder knows any token of it.
    """

    rows: list[str | None]
    keys: list[Hashable]
    of: Array
    first: Array
    counts: Array
    known: Array

    @property
    def texts(self) -> list[str]:
        """The distinct texts, each as its first row writes it."""
        return [str(self.rows[row]) for row in self.first.tolist()]

    @property
    def places(self) -> dict[str, int]:
        """The distinct text of each spelling."""
        return {text: place for text, place in zip(self.rows, self.of.tolist(), strict=True) if text is not None}

    @property
    def blank(self) -> int:
        """How many rows are blank."""
        return int((self.of < 0).sum())

    @property
    def unread(self) -> int:
        """How many rows hold a text of which the encoder knows no token."""
        return int(self.counts[~self.known].sum())


def distinct(encoder: Encoder | None, texts: Iterable[str | None], apart: Collection[str] = ()) -> Distinct:
    """The distinct texts of a list: those that consist of the same tokens (without an encoder: characters) are one.

    `apart`: texts that are the same as those with the same characters alone, all the same.

    Raises: DataError for what is no text.

    >>> found = distinct(None, ["Rome", " ", "Roma", "Rome"])
    >>> found.texts, found.of.tolist(), found.first.tolist(), found.counts.tolist(), found.blank
    (['Rome', 'Roma'], [0, -1, 1, 0], [0, 2], [2, 1], 1)
    """
    listed = listed_texts(texts)
    written = list(dict.fromkeys(text for text in listed if text is not None))
    found = dict(zip(written, readings_of(encoder, written), strict=True))
    keys = {text: text if text in apart else one.key for text, one in found.items() if one.key is not None}
    rows = [text if text in keys else None for text in listed]
    places: dict[Hashable, int] = {}
    of = [-1 if text is None else places.setdefault(keys[text], len(places)) for text in rows]
    return _numbered(rows, list(places), np.array(of, dtype=np.int64), found)


def _numbered(rows: list[str | None], keys: list[Hashable], of: Array, found: Mapping[str, Reading]) -> Distinct:
    first = np.full(len(keys), len(of), dtype=np.int64)
    there = np.flatnonzero(of >= 0)
    np.minimum.at(first, of[there], there)
    known = np.array([found[str(rows[row])].known for row in first.tolist()], dtype=bool)
    return Distinct(rows, keys, of, first, np.bincount(of[there], minlength=len(keys)), known)


def unread_pairs(known: Array, others: Array, rows: Array) -> Array:
    """Where the encoder knows no token of a text and none of its neighbour: Bool of Int[texts k], rows of the others.

    Their vectors do not depend on what is written there, and must not count as near.
    """
    return ~known[:, None] & ~np.append(others, True)[rows]


def readings_of(encoder: object, texts: Sequence[str]) -> list[Reading]:
    """How the encoder reads each text; an encoder that does not say reads characters."""
    if isinstance(encoder, Reader):
        return encoder.readings(texts)
    return [as_written(text) for text in texts]


def listed_texts(texts: Iterable[Any]) -> list[str | None]:
    """The texts as a list, None where there is none: None itself, and what stands for it in a table (NaN, NA).

    Raises: DataError for one text alone, or for an item that is no text.
    """
    if isinstance(texts, (str, bytes)) or not isinstance(texts, Iterable):
        cause = f"expected a list of texts, got a {type(texts).__name__}"
        raise DataError("MATCH_TYPE", cause, place="texts", remedy="give a list, a column or an array of texts")
    return [_checked(row, text) for row, text in enumerate(texts)]


def is_missing(value: Any) -> bool:
    """Whether a value stands for none in a list or a table: None, NaN, NA."""
    return value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value))


def _checked(row: int, text: Any) -> str | None:
    if isinstance(text, str):
        return text
    if is_missing(text):
        return None
    cause = f"row {row}: expected a text or None, got a {type(text).__name__}"
    raise DataError("MATCH_TYPE", cause, place="texts", remedy="convert the values to texts, for example with str()")


def threshold_of(encoder: Encoder, threshold: float | None) -> float:
    """The threshold that was asked for, else the one the encoder brings from its dev split.

    Raises: ConfigError where there is none, or where it is not a finite number.
    """
    found = encoder.threshold if threshold is None else threshold
    if found is None:
        cause = "this encoder brings no threshold: on its dev split none could be chosen"
        raise ConfigError("NO_THRESHOLD", cause, place="threshold", remedy="name one with --threshold")
    if isinstance(found, bool) or not isinstance(found, int | float | np.floating) or not math.isfinite(found):
        raise ConfigError("BAD_THRESHOLD", f"expected a finite number, got {found}", place="threshold")
    return float(found)


def at_least(name: str, value: int, least: int) -> int:
    """The value.

    Raises: ConfigError when it is less than `least`.
    """
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise ConfigError("BAD_COUNT", f"expected a whole number, got {value!r}", place=name)
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
