"""The Decoder: the head that writes a text out of the one vector the encoder makes of a sequence."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from seqtwin.lookup import pick, whole
from seqtwin.model.beam import State, search
from seqtwin.model.encoder import CELLS, Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.records import DecodeBatch, Sequences

UNKNOWN = 1
NEVER_WRITTEN = slice(0, UNKNOWN + 1)  # the pad and the unknown
LONGEST = 200


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


class Decoder(nn.Module):
    """Logits of every token to be written, given those before it and the context vector v = encode(sequence).

    h_t = cell([y_(t-1), v if `feed`], h_(t-1)); logits_t = W h_t + b over the `size` ids of the vocabulary and `end`,
    which also stands before the first token. The start h_0 comes from v by a `Bridge`. The unit is of the encoder's
    cell with its layers and its dropout between them, one direction (it writes left to right), and by default as wide
    as an output of the encoder (both directions joined), so that nothing is squeezed. There is no attention: all that
    is written comes through v, so what is written well is what the representation holds.

    `hidden`, `embedding`: widths of the unit and of its input tokens (default: the encoder's). `tie`: W is the
    embedding. `share`: the embedding E is the encoder's own, and logits_t = E (V h_t) + b: what is learnt of a token on
    one side holds on the other; only where what is written is in the tokens that are read, and best with a small
    `encoder.embedding_std`. `beam`: hypotheses kept in `predict`. `longest`: most tokens it writes (default 200).
    `input_dropout`: share of the coordinates of y dropped in training; `word_dropout`: share of the tokens y replaced
    by the unknown in training, so that the decoder must read v (never a target, never the start).

    Source: Sutskever et al. 2014; `feed`: Cho et al. 2014, h_t = f(h_(t-1), y_(t-1), c); `tie`: Press & Wolf 2017;
    `word_dropout`: Bowman et al. 2016.

    Raises: ValueError for widths, shares or numbers that cannot be.
    """

    def __init__(
        self,
        model: Siamese,
        size: int,
        *,
        hidden: int | None = None,
        embedding: int | None = None,
        feed: bool = False,
        tie: bool = False,
        share: bool = False,
        beam: int = 1,
        longest: int | None = None,
        input_dropout: float = 0.0,
        word_dropout: float = 0.0,
    ) -> None:
        super().__init__()
        shape, dim = model.encoder.shape, model.space.dim
        self.end = size
        self.feed, self.word_dropout = _switch("feed", feed), _share("word_dropout", word_dropout)
        self.beam, self.longest = whole("beam", beam), LONGEST if longest is None else whole("longest", longest)
        hidden = shape.joined if hidden is None else whole("hidden", hidden)
        own = shared_table(model, size) if _switch("share", share) else None
        usual = hidden if _switch("tie", tie) else model.encoder.rnn.input_size
        width = usual if embedding is None else whole("embedding", embedding)
        width = own.shape[1] if own is not None else width
        if tie and (share or width != hidden):
            raise ValueError(f"tie: the embedding ({width}) must be its own, and as wide as the decoder ({hidden})")
        self.share = share
        # beside the encoder's table stands the one token that is written and never read
        self.embedding = nn.Embedding(1 if share else size + 1, width)
        self.dropout = nn.Dropout(_share("input_dropout", input_dropout))
        self.bridge = Bridge(dim, shape.layers, hidden, memory=shape.memory > 0)
        self.rnn = _unit(model.encoder, width + dim * feed, hidden)
        self.weight = None if tie else nn.Linear(hidden, width if share else size + 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(size + 1))
        if tie:  # as rows of W, vectors of length sqrt(width) would make the first guesses too sure
            nn.init.normal_(self.embedding.weight, std=hidden**-0.5)

    def forward(self, model: Siamese, batch: DecodeBatch) -> Tensor:
        """Logits [steps classes] of all tokens to be written, row by row; each is told the true ones before it."""
        (read, *start), table = self._start(model, batch.sequences), self._table(model)
        # pads stand behind the end, so no real step has read one
        outputs, _ = self._run(self._told(batch.written), read, start, table)
        return self._logits(outputs[batch.written.mask], table)

    @torch.inference_mode()
    def predict(self, model: Siamese, sequences: Sequences, longest: int | None = None) -> list[np.ndarray]:
        """What is written of each sequence: token ids without `end`, never a pad or the unknown. See `beam.search`."""
        limit = self.longest if longest is None else whole("longest", longest)
        with _in_eval(model, self):
            step, start = partial(self._step, self._table(model)), self._start(model, sequences)
            return search(step, start, end=self.end, width=self.beam, longest=limit, dtype=self.bias.dtype)

    def _table(self, model: Siamese) -> Tensor:
        """The vector of every token and, last, of the end: [size+1 width]."""
        own = self.embedding.weight
        return torch.cat([model.encoder.inputs.embedding.weight, own]) if self.share else own

    def _start(self, model: Siamese, sequences: Sequences) -> State:
        """What every input is joined with (as wide as 0 without `feed`), then the states of the unit."""
        vectors = model.encode(sequences)
        return (vectors if self.feed else vectors[:, :0], *self.bridge(vectors))

    def _told(self, written: Sequences) -> Tensor:
        """The true tokens one step later, `end` before the first."""
        told = written.values.roll(1, 1)
        if self.training and self.word_dropout:
            dropped = torch.rand(told.shape, device=told.device) < self.word_dropout
            told = told.masked_fill(dropped, UNKNOWN)
        told[:, 0] = self.end
        return told

    def _run(self, tokens: Tensor, read: Tensor, start: list[Tensor], table: Tensor) -> tuple[Tensor, State]:
        """Outputs [batch time hidden] and last states [batch layers hidden] after reading these tokens."""
        inputs = self.dropout(nn.functional.embedding(tokens, table))
        inputs = torch.cat([inputs, read[:, None].expand(-1, inputs.shape[1], -1)], 2)
        states = tuple(one.to(inputs.dtype).transpose(0, 1).contiguous() for one in start)
        outputs, last = self.rnn(inputs, states if len(states) > 1 else states[0])
        return outputs, tuple(one.transpose(0, 1) for one in (last if len(states) > 1 else (last,)))

    def _logits(self, outputs: Tensor, table: Tensor) -> Tensor:
        if self.weight is None:
            return nn.functional.linear(outputs, table, self.bias)
        if not self.share:
            return nn.functional.linear(outputs, self.weight.weight, self.bias)
        return nn.functional.linear(self.weight(outputs), table, self.bias)

    def _step(self, table: Tensor, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        read, *start = state
        outputs, last = self._run(tokens[:, None], read, start, table)
        log_p = self._logits(outputs[:, 0], table).log_softmax(1)
        log_p[:, NEVER_WRITTEN] = -torch.inf
        return log_p, (read, *last)


def shared_table(model: Siamese, size: int) -> Tensor:
    """The encoder's own embedding [size dim].

    Raises: ValueError where what is read are no tokens, or others than those to be written.
    """
    table: nn.Embedding | None = getattr(model.encoder.inputs, "embedding", None)
    if table is None or table.num_embeddings != size:
        read = "series" if table is None else f"{table.num_embeddings} tokens"
        raise ValueError(f"share: {size} tokens are written, but {read} are read")
    return table.weight


def _unit(encoder: Encoder, inputs: int, hidden: int) -> nn.RNNBase:
    """A unit of the encoder's cell and layers that reads in one direction."""
    options = {"nonlinearity": encoder.rnn.nonlinearity} if isinstance(encoder.rnn, nn.RNN) else {}
    spec = {"name": encoder.shape.cell, **options}
    found: nn.RNNBase = pick(CELLS, spec, "cell", inputs, hidden, encoder.shape.layers, False, encoder.rnn.dropout)
    return found


@contextmanager
def _in_eval(*modules: nn.Module) -> Iterator[None]:
    """Nothing is dropped within; afterwards each module is as it was."""
    before = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.train(training)


def _switch(setting: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{setting}: expected true or false, got {value!r}")
    return value


def _share(setting: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"{setting}: expected a number from 0 to below 1, got {value!r}")
    return float(value)
