"""CELLS and the Encoder: Sequences -> States. Axes: batch time dim layers directions hidden channels."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.model.letters import Spelling
from seqtwin.model.lstm_engine import Layout, Share, share_of_table, share_of_vectors
from seqtwin.model.run_cell import PADDINGS
from seqtwin.model.unique_rows import distinct
from seqtwin.records import Sequences, States

UNKNOWN = 1  # the id of what training never met


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


class TableInput(nn.Module, ABC):
    """Inputs of which few are distinct: each is looked up once a batch, and dropped out alike wherever it stands.

    `table` gives the vectors of the distinct tokens, and where in them each step finds its own.
    Source of the dropout: Gal & Ghahramani 2016, one mask a token for all steps (theirs drops all of its coordinates).
    """

    def __init__(self, vocabulary: int, dim: int, dropout: float = 0.0, word_dropout: float = 0.0) -> None:
        super().__init__()
        self.dim, self.word_dropout = dim, word_dropout
        self.embedding = nn.Embedding(vocabulary, dim)
        self.dropout = nn.Dropout(dropout)

    @abstractmethod
    def table(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Vectors of the distinct tokens, and the row of each step's own."""

    def known(self, ids: Tensor) -> Tensor:
        """The ids of words; in training some of them, wherever they stand, unknown, so that it gets a meaning."""
        if not (self.training and self.word_dropout):
            return ids
        return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.word_dropout, UNKNOWN)

    def forward(self, sequences: Sequences) -> Tensor:
        vectors, rows = self.table(sequences)
        return vectors[rows]

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The tokens' share of the gates, by one product over the distinct ones."""
        return share_of_table(*self.table(sequences), layout, weight, bias)

    @torch.no_grad()
    def scale_vectors(self, std: float) -> None:
        """Bring fresh embeddings, which have deviation 1, to this one."""
        self.embedding.weight.mul_(std)

    @torch.no_grad()
    def set_vectors(self, rows: Tensor, vectors: Tensor) -> None:
        """Start these rows of the vocabulary from known word vectors."""
        self.embedding.weight[rows] = vectors


class TokenInput(TableInput):
    """Token ids to vectors."""

    def table(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Vectors [distinct dim] and rows [batch time]."""
        found, rows = torch.unique(self.known(sequences.values), return_inverse=True)
        return self.dropout(self.embedding(found)), rows

    def forward(self, sequences: Sequences) -> Tensor:
        if self.training and (self.dropout.p or self.word_dropout):
            return super().forward(sequences)
        return self.embedding(sequences.values)  # the same without a search for the distinct ones


class SpelledInput(TableInput):
    """Tokens with their letters (a word's id, then its letters' ids) to vectors: [word embedding ; spelling]."""

    def __init__(
        self,
        vocabulary: int,
        dim: int,
        letters: int,
        spelling: int,
        dropout: float = 0.0,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__(vocabulary, dim, dropout, word_dropout)
        self.dim = dim + spelling
        self.spelling = Spelling(letters, spelling)

    def table(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Vectors [distinct dim+spelling] and rows [batch time]."""
        words, letters = sequences.values[..., :1], sequences.values[..., 1:]
        found, rows = distinct(torch.cat([self.known(words), letters], 2).flatten(0, 1))
        vectors = torch.cat([self.embedding(found[:, 0]), self.spelling(found[:, 1:])], 1)
        return self.dropout(vectors), rows.view(sequences.values.shape[:2])


class SeriesInput(nn.Module):
    """Series of vectors (time x channels) to vectors, by one linear map.

    With `scaled` each channel is brought to mean 0 and deviation 1 first, by the figures of `set_scaling`. Dropout
    takes single values away, before the map: a series must be known by the others.
    """

    mean: Tensor
    scale: Tensor

    def __init__(self, channels: int, dim: int, *, scaled: bool = False, dropout: float = 0.0) -> None:
        super().__init__()
        self.dim, self.scaled = dim, scaled
        self.projection = nn.Linear(channels, dim)
        self.dropout = nn.Dropout(dropout)
        if scaled:
            self.register_buffer("mean", torch.zeros(channels))
            self.register_buffer("scale", torch.ones(channels))

    def forward(self, sequences: Sequences) -> Tensor:
        return self.projection(self.dropout(self._steps(sequences)))

    def _steps(self, sequences: Sequences) -> Tensor:
        if not self.scaled:
            return sequences.values
        steps = (sequences.values - self.mean) / self.scale
        return torch.where(sequences.mask[..., None], steps, steps.new_zeros(()))  # pads stay 0

    @torch.no_grad()
    def set_scaling(self, mean: Tensor, deviation: Tensor) -> None:
        """Scale by these figures, one a channel; a channel of deviation 0 never varied, and is only centred.

        Raises: ValueError for an input without scaling.
        """
        if not self.scaled:
            raise ValueError("this input was built without scaling")
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    @torch.no_grad()
    def folded(self) -> nn.Linear:
        """Scaling and map as one map of the raw values: W / scale and b - (W / scale) mean."""
        if not self.scaled:
            return self.projection
        whole = nn.utils.skip_init(nn.Linear, self.projection.in_features, self.dim, dtype=torch.float64)
        whole.weight.copy_(self.projection.weight / self.scale.double())
        whole.bias.copy_(self.projection.bias - whole.weight @ self.mean.double())
        return whole.float()

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The series' share of the gates."""
        return share_of_vectors(self(sequences), layout, weight, bias)


class Encoder(nn.Module):
    """Embedding (or input projection) and recurrent cell: Sequences in, States out.

    `padding: masked` is right: pads change nothing. `padding: read` runs the cell over the pads and takes the last
    column, on purpose, to replay a well-known mistake.
    """

    def __init__(self, inputs: TableInput | SeriesInput, cell: str, rnn: nn.RNNBase, padding: str = "masked") -> None:
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
