"""The distinct texts of a list. Texts with the same tokens are one text, encoded once; blank texts are left out."""

from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from seqtwin.data.tokens.equal_texts import Reading
from seqtwin.errors import DataError
from seqtwin.index.exact_search import Array
from seqtwin.inference.blank_texts import is_missing, text_readings
from seqtwin.inference.inputs import is_ordered, python_values


@dataclass(frozen=True)
class Distinct:
    """The distinct texts of a list in order of appearance, without blank ones.

    `rows`: the text of each row, None for a blank one; `of`: Int[rows], the distinct text of each row, -1 for a blank
    one; `keys`: equal for equal texts, in any list; `first`: Int[texts], the first row of each text; `counts`:
    Int[texts], the number of its rows; `known`: Bool[texts], whether the encoder knows any token of it.
    """

    rows: list[str | None]
    keys: list[Hashable]
    of: Array
    first: Array
    counts: Array
    known: Array

    @property
    def texts(self) -> list[str]:
        """The distinct texts, each as spelled in its first row."""
        return [str(self.rows[row]) for row in self.first.tolist()]

    @property
    def places(self) -> dict[str, int]:
        """The distinct text of each spelling."""
        return {text: place for text, place in zip(self.rows, self.of.tolist(), strict=True) if text is not None}

    @property
    def blank(self) -> int:
        """The number of blank rows."""
        return int((self.of < 0).sum())

    @property
    def unread(self) -> int:
        """The number of rows with a text of which the encoder knows no token."""
        return int(self.counts[~self.known].sum())


def distinct(encoder: object, texts: Iterable[object], separate: Collection[str] = ()) -> Distinct:
    """The distinct texts of a list: texts with the same tokens are one text.

    `encoder`: None compares characters instead of tokens. `separate`: texts that are compared by characters anyway.

    Raises: DataError for an item that is not a text.

    >>> items = distinct(None, ["Rome", " ", "Roma", "Rome"])
    >>> items.texts, items.of.tolist(), items.first.tolist(), items.counts.tolist(), items.blank
    (['Rome', 'Roma'], [0, -1, 1, 0], [0, 2], [2, 1], 1)
    """
    listed = listed_texts(texts)
    spellings = list(dict.fromkeys(text for text in listed if text is not None))
    readings = dict(zip(spellings, text_readings(encoder, spellings), strict=True))
    keys: dict[str, Hashable] = {
        text: text if text in separate else reading.key for text, reading in readings.items() if reading.key is not None
    }
    rows = [text if text in keys else None for text in listed]
    places: dict[Hashable, int] = {}
    of = [-1 if text is None else places.setdefault(keys[text], len(places)) for text in rows]
    return _count(rows, list(places), np.array(of, dtype=np.int64), readings)


def _count(rows: list[str | None], keys: list[Hashable], of: Array, readings: Mapping[str, Reading]) -> Distinct:
    first = np.full(len(keys), len(of), dtype=np.int64)
    present = np.flatnonzero(of >= 0)
    np.minimum.at(first, of[present], present)
    known = np.array([readings[str(rows[row])].known for row in first.tolist()], dtype=bool)
    return Distinct(rows, keys, of, first, np.bincount(of[present], minlength=len(keys)), known)


def unread_pairs(known: Array, others: Array, rows: Array) -> Array:
    """Whether the encoder knows no token of a text, nor of its neighbour: Bool[texts k] for Int[texts k], rows of the
    others.

    The vectors of such texts do not depend on their characters, and must not count as near.
    """
    return ~known[:, None] & ~np.append(others, True)[rows]


def listed_texts(texts: Iterable[object]) -> list[str | None]:
    """The texts as a list, with None for a missing value (None, NaN, NA).

    Raises: DataError for a single text, or for an item that is not a text.
    """
    values = python_values(texts)
    if isinstance(values, (str, bytes)) or not is_ordered(values):
        cause = f"expected a list of texts, got an object of type {type(texts).__name__}"
        raise DataError("MATCH_TYPE", cause, place="texts", remedy="pass a list, a column or an array of texts")
    return [_check_text(row, text) for row, text in enumerate(values)]


def _check_text(row: int, text: object) -> str | None:
    if isinstance(text, str):
        return text
    if is_missing(text):
        return None
    cause = f"row {row}: expected a text or None, got an object of type {type(text).__name__}"
    raise DataError("MATCH_TYPE", cause, place="texts", remedy="convert the values to texts, for example with str()")
