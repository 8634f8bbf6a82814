"""The letters of words as ids. Id 0 is padding, id 1 a letter that does not occur in the training words."""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from tokenizers import Encoding

LETTERS = 20
LAST = 8  # letters kept from the end of a longer word; endings are more informative than middles


@dataclass(frozen=True)
class Letters:
    """The letters of the training words, with ids from 2. Capitals are separate letters, unless `lower`.

    >>> Letters("eht").table(["The"])["The"][:5]
    array([1, 3, 2, 0, 0])
    """

    alphabet: str
    lower: bool = False

    @staticmethod
    def of(words: Iterable[str], *, lower: bool = False) -> "Letters":
        """The letters of some words, most frequent first; ties in the order of code points."""
        counts = Counter(letter for word in words for letter in _composed(word, lower=lower))
        return Letters("".join(sorted(counts, key=lambda letter: (-counts[letter], letter))), lower)

    @property
    def size(self) -> int:
        """The number of ids."""
        return len(self.alphabet) + 2

    @cached_property
    def _ids(self) -> dict[str, int]:
        return {letter: i for i, letter in enumerate(self.alphabet, start=2)}

    def table(self, words: Iterable[str]) -> dict[str, np.ndarray]:
        """The letter ids of each distinct word: Int[LETTERS]."""
        return {word: self._row(word) for word in set(words)}

    def _row(self, word: str) -> np.ndarray:
        row = np.zeros(LETTERS, dtype=np.int64)
        ids = [self._ids.get(letter, 1) for letter in shortened(_composed(word, lower=self.lower))]
        row[: len(ids)] = ids
        return row


def shortened(word: str) -> str:
    """The word, cut to its first and last letters if it is longer than `LETTERS`.

    >>> shortened("Donaudampfschifffahrtsgesellschaft")
    'Donaudampfscllschaft'
    """
    return word if len(word) <= LETTERS else word[: LETTERS - LAST] + word[-LAST:]


def written(texts: Sequence[str], encodings: Sequence[Encoding]) -> list[list[str]]:
    """The tokens of each text as written, from their positions in it."""
    return [_parts(text, encoding) for text, encoding in zip(texts, encodings, strict=True)]


def _parts(text: str, encoding: Encoding) -> list[str]:
    # the spans of the library exclude combining accents of the last letter
    spans, overflow = encoding.offsets, encoding.overflowing
    ends = [*(start for start, _ in spans[1:]), overflow[0].offsets[0][0] if overflow else len(text)]
    return [text[start : max(end, next_start)].strip() for (start, end), next_start in zip(spans, ends, strict=False)]


def spelled(ids: Sequence[np.ndarray], words: Sequence[Sequence[str]], letters: Letters) -> list[np.ndarray]:
    """Tokens with their letters, Int[time, 1 + LETTERS], from the ids [time] and the words of each sequence."""
    written = [word for own in words for word in own]
    if not written:
        return [np.empty((0, 1 + LETTERS), dtype=np.int64) for _ in ids]
    table = letters.table(written)
    places = {word: place for place, word in enumerate(table)}
    rows = np.stack([*table.values()])[[places[word] for word in written]]
    whole = np.column_stack([np.concatenate(ids), rows])
    return np.split(whole, np.cumsum([len(own) for own in ids])[:-1])


def _composed(word: str, *, lower: bool) -> str:
    # composed and decomposed letters are the same letter
    return unicodedata.normalize("NFC", word.lower() if lower else word)
