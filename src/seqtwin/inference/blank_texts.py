"""Rows without a text: None, empty, white space, or no token at all. They keep their place and match nothing."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from seqtwin.data.tokens.equal_texts import Reading
from seqtwin.index.exact_search import Array


class Encoder(Protocol):
    """What is asked of an encoder of texts here."""

    empty: str

    @property
    def dim(self) -> int: ...

    def readings(self, texts: Sequence[str]) -> list[Reading]: ...

    def encode(self, texts: Any) -> Array: ...

    def score(self, left: Any, right: Any) -> Array: ...


def has_text(encoder: Encoder, texts: Sequence[str]) -> Array:
    """Which texts are not blank: Bool[n]."""
    return np.array([one.key is not None for one in encoder.readings(texts)], dtype=bool)


def vectors_in_place(encoder: Encoder, texts: Sequence[str], there: Array) -> Array:
    """The vector of each text, float32 [n, dim], NaN in the rows that are not `there`.

    A missing vector is NaN and not zero: zero is a point like any other, the same for all blank rows. An encoder that
    was trained with `tokens.empty: unk` has a vector for them.
    """
    if there.all() or encoder.empty == "unk":
        return encoder.encode(list(texts))
    vectors = np.full((len(texts), encoder.dim), np.nan, dtype=np.float32)
    if there.any():
        vectors[there] = encoder.encode([text for text, kept in zip(texts, there, strict=True) if kept])
    return vectors


def scores_in_place(encoder: Encoder, left: Sequence[str], right: Sequence[str], there: Array) -> Array:
    """The score of each pair, float32 [n], NaN in the rows that are not `there`."""
    scores = np.full(len(left), np.nan, dtype=np.float32)
    if there.any():
        rows = np.flatnonzero(there).tolist()
        scores[rows] = encoder.score([left[row] for row in rows], [right[row] for row in rows])
    return scores


def blank_line(blank: int, rows: int, consequence: str) -> str:
    """One line for the terminal.

    >>> blank_line(1, 6, "it stays alone")
    '1 of 6 rows has no text: it stays alone'
    """
    return f"{blank} of {rows} rows {'has' if blank == 1 else 'have'} no text: {consequence}"
