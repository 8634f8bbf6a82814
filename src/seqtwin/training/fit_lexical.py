"""The frequencies of n-grams that a lexical channel starts from, and the letters that count as the same."""

import unicodedata
from collections.abc import Sequence

import numpy as np
import torch

from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.tokenizer import TextTokens
from seqtwin.model.side_channels.lexical import BUCKETS, LexicalChannel

ROWS_AT_ONCE = 1024


@torch.no_grad()
def fit_lexical(channel: LexicalChannel, tokens: TextTokens, items: Ragged) -> None:
    """Set the folding of letters, and the inverse document frequencies of the n-grams of these texts."""
    channel.set_folding(torch.from_numpy(folded_ids(letters_of(tokens))))
    counts = torch.zeros(BUCKETS, dtype=torch.int64)
    for start in range(0, len(items), ROWS_AT_ONCE):
        grams = channel.hashed(items.take(np.arange(start, min(start + ROWS_AT_ONCE, len(items)))))
        distinct = torch.unique(grams.rows * BUCKETS + grams.hashes % BUCKETS)  # a text counts once
        counts += torch.bincount(distinct % BUCKETS, minlength=BUCKETS)
    channel.set_frequencies(counts, len(items))


def letters_of(tokens: TextTokens) -> Sequence[str]:
    """The letters by id; "" for the pad and the unknown letter."""
    if tokens.letters is not None:
        return ["", "", *tokens.letters.alphabet]
    return ["", "", *tokens.vocabulary[2:]]


def folded_ids(letters: Sequence[str]) -> np.ndarray:
    """The id that each letter counts as: Int[letters]. Capitals, and accents of Latin and Greek letters, are ignored.

    White space and letters that do not occur in training separate words: 0.

    >>> folded_ids(["", "", "e", "É", " ", "x"])
    array([0, 0, 2, 2, 0, 5])
    """
    first: dict[str, int] = {}
    ids = np.arange(len(letters))
    ids[:2] = 0
    for i, letter in enumerate(letters[2:], start=2):
        ids[i] = 0 if letter.isspace() else first.setdefault(_base(letter), i)
    return ids


def _base(letter: str) -> str:
    """The letter in lower case and without its accent. Marks that make another letter (й, が) are kept.

    >>> [_base(letter) for letter in "Éςй각ß"]
    ['e', 'σ', 'й', '각', 'ß']
    """
    lower = letter.casefold() if len(letter.casefold()) == 1 else letter
    parts = unicodedata.normalize("NFKD", lower)
    if unicodedata.name(parts[0], "").startswith(("LATIN", "GREEK")):
        parts = "".join(part for part in parts if not unicodedata.combining(part))
    whole = unicodedata.normalize("NFC", parts)
    return whole if len(whole) == 1 else lower
