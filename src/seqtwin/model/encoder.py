"""The Encoder: Sequences to States. Axes: batch time dim layers directions hidden channels."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from seqtwin.model.cells import Recurrent
from seqtwin.model.letters import Spelling
from seqtwin.model.lstm.kept import KeptLstm
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.shares import Share, share_of_table, share_of_vectors
from seqtwin.model.run_cell import PADDINGS, Inputs, runs_stepwise
from seqtwin.model.unique_rows import distinct
from seqtwin.records import Sequences, States

UNKNOWN = 1  # the id of tokens that are not in the vocabulary


@dataclass(frozen=True)
class EncoderShape:
    """The properties of an encoder that a representation may use.

    `width`: of a state h in one direction. `memory`: the width of a cell state c, 0 without one. `bound`: the largest
    |coordinate| of h, None where there is none.

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
        """Width of an output, with its directions joined."""
        return self.directions * self.width


class TableInput(nn.Module, ABC):
    """Inputs with few distinct tokens: each is looked up once per batch, with the same dropout mask at every step.

    `table` returns the vectors of the distinct tokens, and for each step the row of its token in them. Some rows can be
    fixed while an encoder is trained (`fix_vectors`). They are not in `embedding`: no optimizer changes them, or needs
    time and memory for them. `join_fixed` makes one table again.
    Source of the dropout: Gal & Ghahramani 2016, one mask per token for all steps (they drop whole tokens).
    """

    fixed: Tensor | None
    places: Tensor | None

    def __init__(self, vocabulary: int, dim: int, dropout: float = 0.0, word_dropout: float = 0.0) -> None:
        super().__init__()
        self.dim, self.word_dropout = dim, word_dropout
        self.embedding = nn.Embedding(vocabulary, dim)
        self.dropout = nn.Dropout(dropout)
        self.register_buffer("fixed", None, persistent=False)
        self.register_buffer("places", None, persistent=False)

    @abstractmethod
    def table(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Vectors of the distinct tokens [distinct dim], and the row of each step's token [batch time]."""

    def drop_words(self, ids: Tensor) -> Tensor:
        """The ids of words. In training some are replaced by the unknown, which is trained by them."""
        if not (self.training and self.word_dropout):
            return ids
        return ids.masked_fill(torch.rand(ids.shape, device=ids.device) < self.word_dropout, UNKNOWN)

    def forward(self, sequences: Sequences) -> Tensor:
        vectors, rows = self.table(sequences)
        return vectors[rows]

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The share of the gates that comes from the tokens, by one product over the distinct ones."""
        return share_of_table(*self.table(sequences), layout, weight, bias)

    @torch.no_grad()
    def scale_vectors(self, std: float) -> None:
        """Scale new embeddings, which have standard deviation 1, to this standard deviation."""
        self.embedding.weight.mul_(std)

    @torch.no_grad()
    def spread_like(self, vectors: Tensor) -> None:
        """Give new embeddings the mean and the standard deviation of these vectors [n dim] in each coordinate."""
        self.embedding.weight.mul_(vectors.std(dim=0, correction=0)).add_(vectors.mean(dim=0))

    @torch.no_grad()
    def set_vectors(self, rows: Tensor, vectors: Tensor) -> None:
        """Set the embeddings of these rows of the vocabulary."""
        self.embedding.weight[rows] = vectors

    @torch.no_grad()
    def fix_vectors(self, rows: Tensor, vectors: Tensor) -> None:
        """Set the embeddings of these rows, Int[n], and exclude them from training. Rows can extend the vocabulary.

        Raises: ValueError if rows are missing between the vocabulary and its extension, or if none would be left.
        """
        size = max(self.embedding.num_embeddings, int(rows.max()) + 1)
        is_fixed = torch.zeros(size, dtype=torch.bool)
        is_fixed[rows] = True
        trained = (~is_fixed).nonzero()[:, 0]
        if not 0 < len(trained) <= int(trained[-1]) + 1 <= self.embedding.num_embeddings:
            raise ValueError("expected rows of the vocabulary and all rows that follow it, and at least one other row")
        self.places = torch.empty(size, dtype=torch.long)
        self.places[trained] = torch.arange(len(trained))
        self.places[rows] = len(trained) + torch.arange(len(rows))
        self.embedding = nn.Embedding.from_pretrained(self.embedding.weight[trained].clone(), freeze=False)
        self.fixed = vectors.clone()

    @torch.no_grad()
    def join_fixed(self) -> None:
        """Put the fixed rows back in the one table of embeddings."""
        if self.fixed is not None and self.places is not None:
            weight = torch.cat([self.embedding.weight, self.fixed])[self.places]
            self.embedding = nn.Embedding.from_pretrained(weight, freeze=False)
            self.fixed = self.places = None

    def look_up(self, tokens: Tensor) -> Tensor:
        """The embeddings of some ids: [... dim]."""
        if self.fixed is None or self.places is None:
            return self.embedding(tokens)
        places, trained = self.places[tokens], self.embedding.num_embeddings
        rows = self.embedding(places.clamp(max=trained - 1))
        return torch.where((places < trained)[..., None], rows, self.fixed[(places - trained).clamp(min=0)])


class TokenInput(TableInput):
    """Token ids to their embeddings."""

    def table(self, sequences: Sequences) -> tuple[Tensor, Tensor]:
        """Vectors [distinct dim] and rows [batch time]."""
        tokens, rows = torch.unique(self.drop_words(_ids(sequences)), return_inverse=True)
        return self.dropout(self.look_up(tokens)), rows

    def forward(self, sequences: Sequences) -> Tensor:
        if self.training and (self.dropout.p or self.word_dropout):
            return super().forward(sequences)
        return self.look_up(_ids(sequences))  # the same, without a search for distinct tokens


def _ids(sequences: Sequences) -> Tensor:
    """The id of each token, without its letters: [batch time]."""
    return sequences.values if sequences.values.dim() == 2 else sequences.values[..., 0]


class SpelledInput(TableInput):
    """Words with their letters to vectors: the embedding of the word joined with that of its spelling.

    A token consists of the id of the word, then the ids of its letters.
    """

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
        tokens, rows = distinct(torch.cat([self.drop_words(words), letters], 2).flatten(0, 1))
        vectors = torch.cat([self.look_up(tokens[:, 0]), self.spelling(tokens[:, 1:])], 1)
        return self.dropout(vectors), rows.view(sequences.values.shape[:2])


class SeriesInput(nn.Module):
    """Series (time x channels) to vectors, by one linear map of each step.

    With `scaled` each channel is first standardised to mean 0 and deviation 1, by the figures of `set_scaling`.
    Dropout removes single values before the map.
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
        """Set the mean and deviation of each channel: [channels] each. A channel of deviation 0 is only centred.

        Raises: ValueError for an input without scaling.
        """
        if not self.scaled:
            raise ValueError("this input was built without scaling")
        self.mean.copy_(mean)
        self.scale.copy_(torch.where(deviation > 0, deviation, torch.ones_like(deviation)))

    @torch.no_grad()
    def folded(self) -> nn.Linear:
        """Scaling and map as one map of the raw values, with weight W / scale and bias b - (W / scale) mean."""
        if not self.scaled:
            return self.projection
        whole = nn.utils.skip_init(nn.Linear, self.projection.in_features, self.dim, dtype=torch.float64)
        whole.weight.copy_(self.projection.weight / self.scale.double())
        whole.bias.copy_(self.projection.bias - whole.weight @ self.mean.double())
        return whole.float()

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
        """The share of the gates that comes from the series."""
        return share_of_vectors(self(sequences), layout, weight, bias)


class Encoder(nn.Module):
    """Embedding (or input projection) and recurrent cell: Sequences in, States out.

    `cell`: the name of the cell. `padding`: with `masked` pads change nothing. `read` deliberately makes a well-known
    mistake, to show its effect: the cell runs over the pads, and the last column is used.
    """

    inputs: Any  # TableInput or SeriesInput; only the caller knows which
    rnn: Recurrent

    def __init__(self, inputs: TableInput | SeriesInput, cell: str, rnn: Recurrent, padding: str = "masked") -> None:
        super().__init__()
        self.inputs = inputs
        self.rnn, self.padding = rnn, padding
        self._run: Callable[[Inputs, Recurrent, Sequences], States] = PADDINGS[padding]
        self.shape = shape_of(cell, rnn)

    def forward(self, sequences: Sequences) -> States:
        return self._run(self.inputs, self.rnn, sequences)

    def keep(self) -> None:
        """Compute once what does not depend on the texts. The weights must not change afterwards."""
        if runs_stepwise(self.rnn) and self.padding == "masked":
            one_each = isinstance(self.inputs, TokenInput) and self.inputs.fixed is None
            self._run = KeptLstm(self.rnn, self.inputs.embedding if one_each else None)


def shape_of(cell: str, rnn: Recurrent) -> EncoderShape:
    """The shape of an encoder with this recurrent layer. `cell`: its name."""
    directions = 2 if rnn.bidirectional else 1
    if not isinstance(rnn, nn.RNNBase):
        return EncoderShape(cell, rnn.num_layers, directions, rnn.width, rnn.memory, rnn.bound)
    width, memory = rnn.proj_size or rnn.hidden_size, rnn.hidden_size if isinstance(rnn, nn.LSTM) else 0
    return EncoderShape(cell, rnn.num_layers, directions, width, memory, _bound(rnn))


def _bound(rnn: nn.RNNBase) -> float | None:
    """Largest |coordinate| of a state: 1 after a tanh; none after a relu or a projection."""
    squashed = rnn.mode in {"LSTM", "GRU", "RNN_TANH"} and not rnn.proj_size
    return 1.0 if squashed else None
