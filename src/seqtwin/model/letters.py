"""The embedding of the letters of a word, which reflects prefixes, endings and capitals of unknown words too."""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

LETTER_DIM = 25
WINDOW = 3


class Spelling(nn.Module):
    """Letters of words to vectors: out[w, d] = max over places p of b[d] + sum over j of W[d, j] letter[w, p + j].

    j is -1, 0, 1. Id 0 is a pad, which has no effect. The vector of a word without letters is zero.

    Source: dos Santos & Zadrozny 2014 (a convolution and its maximum), with the window of three of Ma & Hovy 2016.
    """

    def __init__(self, letters: int, dim: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(letters, LETTER_DIM, padding_idx=0)
        self.convolution = nn.Conv1d(LETTER_DIM, dim, WINDOW, padding=WINDOW // 2)

    def forward(self, letters: Int[Tensor, "words places"]) -> Float[Tensor, "words dim"]:
        present = (letters > 0)[:, None]
        at_places = self.convolution(self.embedding(letters).transpose(1, 2))
        best = at_places.masked_fill(~present, -torch.inf).amax(2)
        return torch.where(present.any(2), best, best.new_zeros(()))
