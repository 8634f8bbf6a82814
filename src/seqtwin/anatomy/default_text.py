"""What is dissected where nobody names a text: a short one, of the training data or of the vocabulary itself."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.data.reading.series import read_series_file
from seqtwin.data.tokens.tokenizer import TextTokens

FEW, MANY = 4, 10  # steps that can be taken in at a glance
LOOKED_AT = 2000
MADE = 5  # tokens of a made-up text


def first_short(items: Iterable[Any], lengths: Iterable[int]) -> Any | None:
    """The first item of 4 to 10 steps among the first 2,000, else the shortest of them; None without items.

    >>> first_short(["a", "abcde", "abcd"], [1, 5, 4])
    'abcde'
    """
    seen: list[tuple[int, Any]] = []
    for length, item in zip(lengths, items, strict=False):
        if FEW <= length <= MANY:
            return item
        seen.append((length, item))
        if len(seen) == LOOKED_AT:
            break
    return min(seen, key=lambda one: one[0])[1] if seen else None


def text_of(tokens: TextTokens) -> str:
    """A short text of the first tokens of a vocabulary that are letters, which are its most frequent ones.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> text_of(train_tokenizer(["to be or not to be"], unit="word"))
    'be to not or'
    """
    known = [token for token in tokens.vocabulary[2:] if token.isalpha()][:MADE] or ["a"]
    # letters make a word, words a sentence
    return "".join(known) if all(len(token) == 1 for token in known) else " ".join(known)


def series_of(channels: int) -> np.ndarray:
    """Eight steps of sine waves, one a channel, each a little later than the one before: Float32[8 channels]."""
    times = np.arange(8)[:, None] - np.arange(channels)[None] / 2
    waves: np.ndarray = np.sin(2 * np.pi * times / 8).astype(np.float32)
    return waves


def series_in(path: Path, channels: int) -> tuple[np.ndarray, str]:
    """The first series of a file, [time channels], and its name.

    Raises: DataError for a file that holds no series of so many channels.
    """
    found = read_series_file(path, channels=channels)
    return found.series[0], f"series {found.ids[0]}"


def lengths_of(tokens: TextTokens, texts: Sequence[Any]) -> Iterable[int]:
    """How many tokens each item has, found when it is asked for."""
    return (len(tokens.encode([text])[0]) if isinstance(text, str) else len(text) for text in texts)
