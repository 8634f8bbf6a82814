"""CELLS and the Encoder: Sequences -> States. Axes: batch time dim layers directions hidden channels."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.model.recurrence import Layout, Share, share_of_table, share_of_vectors
from seqtwin.model.roads import PADDINGS
from seqtwin.records import Sequences, States


@dataclass(frozen=True)
class EncoderShape:
    """What a representation may know of its encoder. `width`: of a state h; `memory`: of a cell state, 0 without one.

    >>> EncoderShape("lstm", layers=1, directions=2, width=64, memory=64).joined
    128
    """

    cell: str
    layers: int
    directions: int
    width: int
    memory: int
    bound: float | None = 1.0

    @property
    def joined(self) -> int:
        """Width of one output: both directions side by side."""
        return self.directions * self.width


class TokenInput(nn.Module):
    """Token ids to vectors."""

    def __init__(self, vocabulary: int, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.embedding = nn.Embedding(vocabulary, dim)

    def forward(self, sequences: Sequences) -> Tensor:
        return self.embedding(sequences.values)

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The tokens' share of the gates, by one product over the distinct ones."""
        distinct, rows = torch.unique(sequences.values, return_inverse=True)
        return share_of_table(self.embedding(distinct), rows, layout, weight, bias)

    @torch.no_grad()
    def set_vectors(self, rows: Tensor, vectors: Tensor) -> None:
        """Start these rows of the vocabulary from known word vectors."""
        self.embedding.weight[rows] = vectors


class SeriesInput(nn.Module):
    """Series of vectors (time x channels) to vectors, by one linear map."""

    def __init__(self, channels: int, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.projection = nn.Linear(channels, dim)

    def forward(self, sequences: Sequences) -> Tensor:
        return self.projection(sequences.values)

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The series' share of the gates."""
        return share_of_vectors(self(sequences), layout, weight, bias)


class Encoder(nn.Module):
    """Embedding (or input projection) and recurrent cell: Sequences in, States out.

    `padding: masked` is right: pads change nothing. `padding: read` runs the cell over the pads and takes the last
    column, on purpose, to replay a well-known mistake.
    """

    def __init__(self, inputs: TokenInput | SeriesInput, cell: str, rnn: nn.RNNBase, padding: str = "masked") -> None:
        super().__init__()
        self.inputs: Any = inputs
        self.rnn, self.padding = rnn, padding
        self._run = PADDINGS[padding]
        self.shape = EncoderShape(
            cell=cell,
            layers=rnn.num_layers,
            directions=2 if rnn.bidirectional else 1,
            width=rnn.proj_size or rnn.hidden_size,
            memory=rnn.hidden_size if isinstance(rnn, nn.LSTM) else 0,
            bound=_bound(rnn),
        )

    def forward(self, sequences: Sequences) -> States:
        return self._run(self.inputs, self.rnn, sequences)


def _bound(rnn: nn.RNNBase) -> float | None:
    """Largest |coordinate| of a state: 1 where tanh squashes it; none behind a relu or a projection."""
    squashed = rnn.mode in {"LSTM", "GRU", "RNN_TANH"} and not rnn.proj_size
    return 1.0 if squashed else None


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
    """Long short-term memory, its output projected to `proj_size` where that is not 0."""
    return nn.LSTM(
        inputs, hidden, layers, batch_first=True, dropout=dropout, bidirectional=bidirectional, proj_size=proj_size
    )


CELLS = {"rnn": rnn, "gru": gru, "lstm": lstm}
