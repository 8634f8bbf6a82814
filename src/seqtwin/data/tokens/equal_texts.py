"""Keys that are equal for texts with equal tokens, and whether an encoder knows any token of a text."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_UNKNOWN = 1
AT_ONCE = 4096  # texts


class Reading(NamedTuple):
    """A text as an encoder sees it.

    `key`: equal for texts with equal tokens, None for a blank text; `known`: whether any token is in the vocabulary.
    """

    key: bytes | None
    known: bool


class TextLength(NamedTuple):
    """The number of tokens of a text, 0 for a blank one, and whether it was too long and lost its end."""

    tokens: int
    cut: bool


def as_written(text: str) -> Reading:
    """The reading for an encoder without tokens: texts are equal if their characters are.

    >>> as_written("Wien") == as_written("Wien"), as_written("Wien") == as_written("wien"), as_written(" ").key is None
    (True, False, True)
    """
    return Reading(_bytes(text), True) if text.strip() else Reading(None, False)


def reading(text: str, tokens: npt.NDArray[np.int64], *, cut: bool, normalize: Callable[[str], str]) -> Reading:
    """The reading of a text with token ids [time], or with letters [time, 1 + letters].

    `cut`: the text was truncated; `normalize`: from a text to its normal form, which is part of the key if the text has
    unknown tokens (which share one id) or was truncated.
    """
    if not len(tokens) or not text.strip():
        return Reading(None, False)
    key = tokens.tobytes()
    if cut or (tokens == _UNKNOWN).any():
        key += b"\0" + _bytes(normalize(text))
    return Reading(key, bool((tokens > _UNKNOWN).any()))


def in_blocks(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """The texts, some at a time: the library of tokens has more than 2 KB for each text until they are read."""
    return (texts[start : start + AT_ONCE] for start in range(0, len(texts), AT_ONCE))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
