"""The default text of an anatomy: a short one from the training data or from the vocabulary."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from seqtwin.data.reading.series import read_series_file
from seqtwin.data.tokens.tokenizer import TextTokens

Item = TypeVar("Item")

FEW, MANY = 4, 10  # steps that are easy to survey
LOOKED_AT = 2000
MADE = 5  # tokens of a made-up text


def first_short(items: Iterable[Item], lengths: Iterable[int]) -> Item | None:
    """The first item with 4 to 10 steps among the first 2,000, else the shortest of them; None without items.

    >>> first_short(["a", "abcde", "abcd"], [1, 5, 4])
    'abcde'
    """
    seen: list[tuple[int, Item]] = []
    for length, item in zip(lengths, items, strict=False):
        if FEW <= length <= MANY:
            return item
        seen.append((length, item))
        if len(seen) == LOOKED_AT:
            break
    return min(seen, key=lambda entry: entry[0])[1] if seen else None


def text_of(tokens: TextTokens) -> str:
    """A short text of the first alphabetic tokens of a vocabulary, which are its most frequent ones.

    >>> from seqtwin.data.tokens.tokenizer import train_tokenizer
    >>> text_of(train_tokenizer(["to be or not to be"], unit="word"))
    'be to not or'
    """
    first = [token for token in tokens.vocabulary[2:] if token.isalpha()][:MADE] or ["a"]
    # letters form a word, words a sentence
    return "".join(first) if all(len(token) == 1 for token in first) else " ".join(first)


def series_of(channels: int) -> np.ndarray:
    """Eight steps of sine waves, one per channel, each half a step later than the previous one: Float32[8 channels]."""
    times = np.arange(8)[:, None] - np.arange(channels)[None] / 2
    waves: np.ndarray = np.sin(2 * np.pi * times / 8).astype(np.float32)
    return waves


def series_in(path: Path, channels: int) -> tuple[np.ndarray, str]:
    """The first series of a file, [time channels], and its name.

    Raises: DataError for a file without a series of `channels` channels.
    """
    table = read_series_file(path, channels=channels)
    return table.series[0], f"series {table.ids[0]}"


def lengths_of(tokens: TextTokens, texts: Sequence[str | Sequence[str]]) -> Iterable[int]:
    """The number of tokens of each text or list of words, computed one at a time."""
    return (len(tokens.encode([text])[0]) if isinstance(text, str) else len(text) for text in texts)
