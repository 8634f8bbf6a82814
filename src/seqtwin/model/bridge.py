"""The bridge from one vector to the states a recurrent unit starts from."""

import torch
from torch import Tensor, nn


class Bridge(nn.Module):
    """A start for every layer of a unit that reads left to right, out of a context vector v [batch dim].

    h_0 = tanh(W v + b), and where the unit has a memory c_0 = U v + a, each reshaped to [batch layers hidden].

    One linear map bridges layers and directions alike, because it reads all of v and writes all of the start: where v
    joins two directions or several layers (`final_hidden`, `all_hidden`), a block of W carries any of them to any layer
    of the unit, and identity blocks carry each to its own place. h_0 is squashed since a state of a gru or lstm is; so
    identity weights give tanh(h_n) and not h_n, which is one to one and loses nothing. A memory is not bounded, its map
    is not squashed, and identity weights give c_n itself.

    Source: Cho et al. 2014, Learning phrase representations, appendix A: h_0 = tanh(V c).
    """

    def __init__(self, dim: int, layers: int, hidden: int, *, memory: bool) -> None:
        super().__init__()
        self.layers = layers
        self.hidden = nn.Linear(dim, layers * hidden)
        self.cell = nn.Linear(dim, layers * hidden) if memory else None

    def forward(self, vectors: Tensor) -> tuple[Tensor, ...]:
        hidden = torch.tanh(self.hidden(vectors))
        found = (hidden,) if self.cell is None else (hidden, self.cell(vectors))
        return tuple(one.unflatten(1, (self.layers, -1)) for one in found)
