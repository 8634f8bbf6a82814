"""Words and character n-grams of texts, hashed to integers. Works on ids alone, so every runtime that
has 64-bit integers can do the same.

A text is a row of letter ids in which 0 is a boundary between words. The n-grams of a word include its boundaries, as
those of `char_wb` in scikit-learn: "cat" has the 2-grams "_c", "ca", "at" and "t_".
"""

from dataclasses import dataclass

import torch
from jaxtyping import Int
from torch import Tensor

PRIME = 2**31 - 1  # hashes are below this; a product of two fits into 64 bits
WORD_PLACES = 64  # longer words repeat the multipliers


@dataclass(frozen=True)
class Hashed:
    """The n-grams of a batch: their hashes, and the row of the text of each."""

    hashes: Int[Tensor, " grams"]
    rows: Int[Tensor, " grams"]


def hash_ngrams(letters: Int[Tensor, "batch places"], shortest: int, longest: int) -> Hashed:
    """The hashed words and character n-grams (`shortest` to `longest` letters, boundaries included) of each text.

    hash = (b + sum over j of a[j] letter[j]) mod 2^31 - 1, with own multipliers a and offset b for every length and for
    whole words. A text without letters has none. Source: Carter & Wegman 1979 (multilinear hashing).

    >>> hash_ngrams(torch.tensor([[3, 4, 0], [3, 4, 0]]), 2, 2).rows  # "_a", "ab", "b_" and the word, twice
    tensor([0, 0, 0, 1, 1, 1, 0, 1])
    """
    stream, rows = _stream(letters)
    parts = [_windows(stream, rows, length) for length in range(shortest, longest + 1)]
    parts.append(_words(stream, rows))
    return Hashed(torch.cat([part.hashes for part in parts]), torch.cat([part.rows for part in parts]))


def _stream(letters: Tensor) -> tuple[Tensor, Tensor]:
    """All texts in one row, each with a boundary at both ends, and the row of each place. Runs of blanks are one."""
    framed = torch.nn.functional.pad(letters, (1, 1))
    before = torch.nn.functional.pad(framed, (1, 0), value=1)[:, :-1]
    kept = (framed != 0) | (before != 0)
    return framed[kept], torch.nonzero(kept)[:, 0]


def _windows(stream: Tensor, rows: Tensor, length: int) -> Hashed:
    if len(stream) < length:
        return Hashed(stream[:0], rows[:0])
    windows = stream.unfold(0, length, 1)
    real = (windows[:, 1:-1] != 0).all(1) & (windows != 0).any(1)
    windows = windows[real]
    # a window that begins with a boundary belongs to the text of its second place
    starts = torch.nonzero(real)[:, 0] + (windows[:, 0] == 0)
    factors, offset = multipliers(length, length, stream.device)
    return Hashed(((windows * factors).sum(1) + offset) % PRIME, rows[starts])


def _words(stream: Tensor, rows: Tensor) -> Hashed:
    boundary = stream == 0
    word = boundary.cumsum(0) - 1
    starts = torch.nonzero(boundary)[:, 0]
    factors, offset = multipliers(0, WORD_PLACES, stream.device)
    place = (torch.arange(len(stream), device=stream.device) - starts[word] - 1) % WORD_PLACES
    # each term below the prime, so that the sum of a long word does not overflow
    terms = (stream * factors[place]) % PRIME
    sums = terms.new_zeros(len(starts)).index_add(0, word, terms)
    filled = terms.new_zeros(len(starts)).index_add(0, word, (~boundary).long()) > 0
    return Hashed((sums[filled] + offset) % PRIME, rows[starts[filled]])


def multipliers(kind: int, count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Multipliers of each place and an offset. They are part of the format of a saved encoder."""
    values, state = [], 12345 + 7919 * (kind + 1)
    for _ in range(count + 1):
        state = (state * 48271) % PRIME  # Park & Miller's generator
        values.append(state)
    drawn = torch.tensor(values, device=device)
    return drawn[1:], drawn[0]
