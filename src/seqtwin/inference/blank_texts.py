"""Blank texts: None, empty, white space, or without any token. They keep their row and match nothing."""

import math
import sys
from collections.abc import Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from seqtwin.data.tokens.equal_texts import Reading, as_written


@runtime_checkable
class Reader(Protocol):
    """An encoder that reports which texts are the same to it, as a `TrainedEncoder` does."""

    def readings(self, texts: Sequence[str]) -> list[Reading]: ...


class Encoder(Reader, Protocol):
    """An encoder of texts. `empty`: how it treats a text without a token, `error` or `unk`."""

    empty: str

    @property
    def dim(self) -> int: ...

    def encode(self, texts: Sequence[str]) -> np.ndarray: ...

    def score(self, left: Sequence[str], right: Sequence[str]) -> np.ndarray: ...


def is_missing(value: object) -> bool:
    """Whether a value of a list or a table is a missing value: None, NaN, NA."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    pandas = sys.modules.get("pandas")  # without it, there is no value of its own; the service does not import it
    return pandas is not None and value is pandas.NA


def text_readings(encoder: object, texts: Sequence[str]) -> list[Reading]:
    """The readings of the encoder; if it has no method `readings`, texts are equal if their characters are."""
    if isinstance(encoder, Reader):
        return encoder.readings(texts)
    return [as_written(text) for text in texts]


def has_text(encoder: Reader, texts: Sequence[str]) -> np.ndarray:
    """Whether each text is not blank: Bool[n]."""
    return np.array([reading.key is not None for reading in encoder.readings(texts)], dtype=bool)


def vectors_in_place(encoder: Encoder, texts: Sequence[str], present: np.ndarray) -> np.ndarray:
    """The vector of each text, float32 [n, dim], NaN in the rows that are not `present`: Bool[n].

    A missing vector is NaN, not zero: zero is a valid vector, and would be the same for all blank rows. An encoder
    trained with `tokens.empty: unk` has a vector for blank texts.
    """
    if present.all() or encoder.empty == "unk":
        return encoder.encode(list(texts))
    vectors = np.full((len(texts), encoder.dim), np.nan, dtype=np.float32)
    if present.any():
        vectors[present] = encoder.encode([texts[row] for row in np.flatnonzero(present).tolist()])
    return vectors


def scores_in_place(encoder: Encoder, left: Sequence[str], right: Sequence[str], present: np.ndarray) -> np.ndarray:
    """The score of each pair, float32 [n], NaN in the rows that are not `present`: Bool[n]."""
    scores = np.full(len(left), np.nan, dtype=np.float32)
    if present.any():
        rows = np.flatnonzero(present).tolist()
        scores[rows] = encoder.score([left[row] for row in rows], [right[row] for row in rows])
    return scores


def blank_line(blank: int, rows: int, consequence: str) -> str:
    """A note for the terminal on how many of the rows are blank.

    >>> blank_line(1, 6, "it stays alone")
    '1 of 6 rows has no text: it stays alone'
    """
    return f"{blank} of {rows} rows {'has' if blank == 1 else 'have'} no text: {consequence}"


def zero_line(zero: int, rows: int) -> str:
    """A note for the terminal on rows with a zero vector, which vector stores treat in different ways.

    >>> zero_line(1, 6).partition(":")[0]
    '1 of 6 rows has a zero vector'
    """
    stores = "DuckDB returns NaN and sorts it first, LanceDB leaves the row out, Qdrant scores it 0"
    return f"{zero} of {rows} rows {'has' if zero == 1 else 'have'} a zero vector: its cosine is undefined ({stores})"
