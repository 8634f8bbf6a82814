"""The lexical channel: words and character n-grams of a text as one vector, beside that of the recurrent network."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from seqtwin.model import distances
from seqtwin.model.side_channels.ngrams import PRIME, Hashed, hash_ngrams
from seqtwin.model.side_channels.side_channel import SideChannel
from seqtwin.model.unique_rows import distinct
from seqtwin.records import Sequences

SHORTEST, LONGEST = 2, 4  # as the baseline of character TF-IDF
BUCKETS = 2**15
SPREAD = 69621  # a second hash of the first


class LexicalChannel(SideChannel):
    """Texts to unit vectors of their words and character n-grams, by signed feature hashing.

    v = unit(M s), s[p(g)] += sign(g) weight[g] exp(scale[g]) for every n-gram g of the text. `weight` is the inverse
    document frequency of the training texts; `scale` (0 at first) and the map M (the identity at first) are trained. So
    the cosine of two untrained vectors estimates that of their TF-IDF vectors, with a standard error of about
    1/sqrt(dim). A text without letters has the vector 0.

    Source: Weinberger et al. 2009 (feature hashing), Manning et al. 2008, section 6.2 (TF-IDF).
    """

    setting = "lexical"
    uses = "n-grams"
    idf: Tensor
    fold: Tensor

    def __init__(self, letters: int, dim: int, share: float, *, mapped: bool = True, trained: bool = True) -> None:
        super().__init__(dim, share)
        self.register_buffer("idf", torch.ones(BUCKETS))
        self.register_buffer("fold", torch.arange(letters))
        self.scale = nn.Parameter(torch.zeros(BUCKETS), requires_grad=trained)
        self.map = nn.Parameter(torch.eye(dim), requires_grad=trained) if mapped else None

    def forward(self, sequences: Sequences) -> Float[Tensor, "batch dim"]:
        of_words = sequences.values.dim() == 3
        sketch = self._sum_of_words(sequences) if of_words else self._sketch(letters_of(sequences))
        return distances.unit(sketch if self.map is None else sketch @ self.map)

    def _sum_of_words(self, sequences: Sequences) -> Tensor:
        """The sketch of each text: [batch dim]. No n-gram crosses two words, so each distinct word is hashed once."""
        unique, place = distinct(sequences.values[..., 1:][sequences.mask])
        starts = sequences.lengths.cumsum(0) - sequences.lengths
        return nn.functional.embedding_bag(place, self._sketch(unique), starts, mode="sum")

    def _sketch(self, letters: Int[Tensor, "rows places"]) -> Tensor:
        """The sum of the signed weights of the n-grams of each row, at their places: [rows dim]."""
        grams = self._hashed(letters)
        bucket, spread = grams.hashes % BUCKETS, (grams.hashes * SPREAD) % PRIME
        signed = self.idf[bucket] * self.scale[bucket].exp() * (1 - 2 * ((spread // self.dim) % 2))
        places = grams.rows * self.dim + spread % self.dim
        return signed.new_zeros(len(letters) * self.dim).index_add(0, places, signed).view(-1, self.dim)

    def hashed(self, sequences: Sequences) -> Hashed:
        """The hash of every n-gram of a batch, and the row of its text."""
        return self._hashed(letters_of(sequences))

    def _hashed(self, letters: Int[Tensor, "rows places"]) -> Hashed:
        return hash_ngrams(self.fold[letters], SHORTEST, LONGEST)

    @torch.no_grad()
    def set_frequencies(self, counts: Int[Tensor, " buckets"], texts: int) -> None:
        """Set the weights: idf = ln((1 + texts) / (1 + count)) + 1, as scikit-learn. `counts`: of texts, by bucket."""
        self.idf.copy_(torch.log((1 + texts) / (1 + counts.double())) + 1)

    @torch.no_grad()
    def set_folding(self, fold: Int[Tensor, " letters"]) -> None:
        """Set the letter that each letter counts as: capitals as small letters, for example; 0 separates words."""
        self.fold.copy_(fold)


def letters_of(sequences: Sequences) -> Tensor:
    """The letter ids of each text: [batch places], 0 between words and at pads."""
    values = sequences.values
    if values.dim() == 2:
        return values * sequences.mask
    letters = nn.functional.pad(values[..., 1:], (0, 1))  # a boundary after each word
    return (letters * sequences.mask[..., None]).flatten(1)
