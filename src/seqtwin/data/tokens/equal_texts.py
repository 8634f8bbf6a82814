"""What an encoder can tell of a text: whether there is one, whether it knows any of it, and which texts look alike."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

_UNKNOWN = 1


class Reading(NamedTuple):
    """`key`: equal for texts that are the same to an encoder, None for a blank one. `known`: whether the encoder
    knows any token of it.
    """

    key: bytes | None
    known: bool


def as_written(text: str) -> Reading:
    """The reading for an encoder without tokens: the same text is the one with the same characters.

    >>> as_written("Wien") == as_written("Wien"), as_written("Wien") == as_written("wien"), as_written(" ").key is None
    (True, False, True)
    """
    return Reading(_bytes(text), True) if text.strip() else Reading(None, False)


def reading(text: str, tokens: npt.NDArray[np.int64], *, cut: bool, normalize: Callable[[str], str]) -> Reading:
    """The reading of a text by its token ids, [time] or with letters [time, 1 + letters].

    Two unknown tokens share an id without being the same, and a cut hides what is behind it. In both cases the
    normalised text is part of the key.
    """
    if not len(tokens) or not text.strip():
        return Reading(None, False)
    key = tokens.tobytes()
    if cut or (tokens == _UNKNOWN).any():
        key += b"\0" + _bytes(normalize(text))
    return Reading(key, bool((tokens > _UNKNOWN).any()))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
