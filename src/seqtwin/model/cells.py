"""CELLS: the recurrent cells, and the contract of a cell that is not one of PyTorch's.

To add one: a module that meets `Cell`, and a line in the dict at the end. It is built with
`(inputs, hidden, layers, bidirectional, dropout, ...)`.
"""

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

X = TypeVar("X", PackedSequence, Tensor)
Final = Tensor | tuple[Tensor, Tensor]  # h, or (h, c): [layers*directions batch ...] each


@runtime_checkable
class Cell(Protocol):
    """The contract of a recurrent cell that is not one of PyTorch's: an `nn.Module` that is called as `nn.GRU` is.

    `cell(x, start=None)` returns the outputs of the top layer and the final state. `x`, and the outputs like it, is a
    PackedSequence or padded [batch time dim]. The final state is h, or (h, c) for a cell with a memory. `start` is a
    state of the same form. In outputs and states the forward direction comes first, then the backward one.

    `width`: of h, in one direction. `memory`: the width of c, 0 without one. `bound`: the largest |coordinate| of h,
    None where there is none. `input_size`, `num_layers`, `bidirectional`, `dropout`: as those of `nn.GRU`.
    """

    input_size: int
    num_layers: int
    bidirectional: bool
    dropout: float
    width: int
    memory: int
    bound: float | None

    def __call__(self, x: X, start: Final | None = None, /) -> tuple[X, Final]: ...

    def named_parameters(self) -> Iterator[tuple[str, nn.Parameter]]: ...


Recurrent = nn.RNNBase | Cell


def rnn(
    inputs: int, hidden: int, layers: int, bidirectional: bool, dropout: float, nonlinearity: str = "tanh"
) -> nn.RNNBase:
    """Elman's unit: h_t = tanh(W x_t + U h_(t-1) + b), or relu."""
    return nn.RNN(
        inputs,
        hidden,
        layers,
        nonlinearity=nonlinearity,
        batch_first=True,
        dropout=dropout,
        bidirectional=bidirectional,
    )


def gru(inputs: int, hidden: int, layers: int, bidirectional: bool, dropout: float) -> nn.RNNBase:
    """Gated recurrent unit. Source: Cho et al. 2014, in PyTorch's form (reset gate after the product)."""
    return nn.GRU(inputs, hidden, layers, batch_first=True, dropout=dropout, bidirectional=bidirectional)


def lstm(inputs: int, hidden: int, layers: int, bidirectional: bool, dropout: float, proj_size: int = 0) -> nn.RNNBase:
    """Long short-term memory. Its output is projected to `proj_size` unless that is 0."""
    return nn.LSTM(
        inputs, hidden, layers, batch_first=True, dropout=dropout, bidirectional=bidirectional, proj_size=proj_size
    )


class Unchanged(nn.Module):
    """A cell without recurrence, weights or directions: o_t = x_t, and the final state is x_T."""

    num_layers = 1
    bidirectional = False
    dropout = 0.0
    memory = 0
    bound: float | None = None

    def __init__(self, inputs: int) -> None:
        super().__init__()
        self.input_size = self.width = inputs

    def forward(self, x: X, _start: Final | None = None) -> tuple[X, Final]:
        if not isinstance(x, PackedSequence):
            return x, x[None, :, -1]
        steps, lengths = pad_packed_sequence(x, batch_first=True)
        return x, steps[torch.arange(len(lengths)), lengths - 1][None]


def unchanged(inputs: int, _hidden: int, _layers: int, _bidirectional: bool, _dropout: float) -> Unchanged:
    """No recurrence: o_t = x_t, so `mean_output` is the mean of the word vectors. It has no layers or directions."""
    return Unchanged(inputs)


CELLS: dict[str, Callable[..., Recurrent]] = {"rnn": rnn, "gru": gru, "lstm": lstm, "none": unchanged}
