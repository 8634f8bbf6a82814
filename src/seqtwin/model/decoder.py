"""The Decoder: the head that generates a text from the vector of a sequence."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from seqtwin.lookup import pick, whole
from seqtwin.model.base_head import Head
from seqtwin.model.beam import State, search
from seqtwin.model.cells import CELLS, Recurrent, Unchanged
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese
from seqtwin.records import DecodeBatch, Sequences

UNKNOWN = 1
NEVER_WRITTEN = slice(0, UNKNOWN + 1)  # the pad and the unknown token
LONGEST = 200
MOST_BEAM = 256


class Bridge(nn.Module):
    """The initial state of every layer of a left-to-right cell, from a context vector v [batch dim].

    h_0 = tanh(W v + b). With a memory also c_0 = U v + a. Both are reshaped to [batch layers hidden].

    One linear map serves all layers and directions: it uses all of v for all of the state. If v joins two directions or
    several layers (`final_hidden`, `all_hidden`), a block of W can map any of them to any layer of the cell, and
    identity blocks copy each to its own place. h_0 is squashed like the state of a gru or lstm: identity weights give
    tanh(h_n), a one-to-one function of h_n. A memory is unbounded, so its map is not squashed: identity weights give
    c_n itself.

    Source: Cho et al. 2014, Learning phrase representations, appendix A: h_0 = tanh(V c).
    """

    def __init__(self, dim: int, layers: int, hidden: int, *, memory: bool) -> None:
        super().__init__()
        self.layers = layers
        self.hidden = nn.Linear(dim, layers * hidden)
        self.cell = nn.Linear(dim, layers * hidden) if memory else None

    def forward(self, vectors: Tensor) -> tuple[Tensor, ...]:
        hidden = torch.tanh(self.hidden(vectors))
        states = (hidden,) if self.cell is None else (hidden, self.cell(vectors))
        return tuple(state.unflatten(1, (self.layers, -1)) for state in states)


class Decoder(Head):
    """Logits of the next token, given the tokens before it and the context vector v = encode(sequence).

    h_t = cell([y_(t-1), v if `feed`], h_(t-1)); logits_t = W h_t + b over the `size` ids of the vocabulary and `end`,
    which is also the token before the first. The initial state h_0 comes from v by a `Bridge`. The cell is that of the
    encoder, with the same layers and dropout, in one direction. Its default width is that of an output of the encoder
    (both directions joined). There is no attention: everything the decoder generates comes from v. Its accuracy
    therefore measures what the representation contains.

    `hidden`, `embedding`: widths of the cell and of its input tokens (default: the encoder's). `tie`: W is the
    embedding. `share`: the embedding E is the encoder's own, and logits_t = E (V h_t) + b; both sides then learn the
    same vectors. It needs the same tokens on both sides, and works best with a small `encoder.embedding_std`. `beam`:
    hypotheses kept in `predict`. `longest`: the most tokens it generates (default 200). `input_dropout`: share of the
    coordinates of y dropped in training. `word_dropout`: share of the tokens y replaced by the unknown token in
    training, which makes the decoder use v (never a target, never the start).

    Source: Sutskever et al. 2014; `feed`: Cho et al. 2014, h_t = f(h_(t-1), y_(t-1), c); `tie`: Press & Wolf 2017;
    `word_dropout`: Bowman et al. 2016.

    Raises: ValueError for settings that are out of range or do not fit each other.
    """

    predicts = "text"

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
        self.beam, self.longest = (
            whole("beam", beam, MOST_BEAM),
            LONGEST if longest is None else whole("longest", longest),
        )
        hidden = shape.joined if hidden is None else whole("hidden", hidden)
        own = shared_table(model, size) if _switch("share", share) else None
        usual = hidden if _switch("tie", tie) else model.encoder.rnn.input_size
        width = usual if embedding is None else whole("embedding", embedding)
        width = own.shape[1] if own is not None else width
        if tie and (share or width != hidden):
            raise ValueError(
                f"tie: needs an embedding ({width}) that is not shared and as wide as the decoder ({hidden})"
            )
        self.share = share
        # a shared table is the encoder's, with the end token added, which is never an input of the encoder
        self.embedding = nn.Embedding(1 if share else size + 1, width)
        self.dropout = nn.Dropout(_share("input_dropout", input_dropout))
        self.bridge = Bridge(dim, shape.layers, hidden, memory=shape.memory > 0)
        self.rnn = _unit(model.encoder, width + dim * feed, hidden)
        self.weight = None if tie else nn.Linear(hidden, width if share else size + 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(size + 1))
        if tie:  # as rows of W, vectors of length sqrt(width) would make the first predictions too confident
            nn.init.normal_(self.embedding.weight, std=hidden**-0.5)

    def forward(self, model: Siamese, batch: DecodeBatch) -> Tensor:
        """Logits [steps classes] of all target tokens, row by row, each given the true tokens before it."""
        (context, *start), table = self._start(model, batch.sequences), self._table(model)
        # pads come after the end, so no real step depends on one
        outputs, _ = self._run(self._previous(batch.written), context, start, table)
        return self._logits(outputs[batch.written.mask], table)

    @torch.inference_mode()
    def predict(self, model: Siamese, sequences: Sequences, longest: int | None = None) -> list[npt.NDArray[np.int64]]:
        """The generated token ids of each sequence, without `end`, pads and unknown tokens. See `beam.search`."""
        limit = self.longest if longest is None else whole("longest", longest)
        with _in_eval(model, self):
            step, start = partial(self._step, self._table(model)), self._start(model, sequences)
            return search(step, start, end=self.end, width=self.beam, longest=limit, dtype=self.bias.dtype)

    def _table(self, model: Siamese) -> Tensor:
        """The vector of every token, and of the end as the last one: [size+1 width]."""
        own = self.embedding.weight
        return torch.cat([model.encoder.inputs.embedding.weight, own]) if self.share else own

    def _start(self, model: Siamese, sequences: Sequences) -> State:
        """The vector that is joined to every input (of width 0 without `feed`), then the states of the cell."""
        vectors = model.encode(sequences)
        return (vectors if self.feed else vectors[:, :0], *self.bridge(vectors))

    def _previous(self, written: Sequences) -> Tensor:
        """The true token before each step, `end` before the first."""
        tokens = written.values.roll(1, 1)
        if self.training and self.word_dropout:
            dropped = torch.rand(tokens.shape, device=tokens.device) < self.word_dropout
            tokens = tokens.masked_fill(dropped, UNKNOWN)
        tokens[:, 0] = self.end
        return tokens

    def _run(self, tokens: Tensor, context: Tensor, start: list[Tensor], table: Tensor) -> tuple[Tensor, State]:
        """Outputs [batch time hidden] and last states [batch layers hidden] after these tokens."""
        inputs = self.dropout(nn.functional.embedding(tokens, table))
        inputs = torch.cat([inputs, context[:, None].expand(-1, inputs.shape[1], -1)], 2)
        states = tuple(state.to(inputs.dtype).transpose(0, 1).contiguous() for state in start)
        outputs, last = self.rnn(inputs, (states[0], states[1]) if len(states) > 1 else states[0])
        return outputs, tuple(state.transpose(0, 1) for state in (last if isinstance(last, tuple) else (last,)))

    def _logits(self, outputs: Tensor, table: Tensor) -> Tensor:
        if self.weight is None:
            return nn.functional.linear(outputs, table, self.bias)
        if not self.share:
            return nn.functional.linear(outputs, self.weight.weight, self.bias)
        return nn.functional.linear(self.weight(outputs), table, self.bias)

    def _step(self, table: Tensor, tokens: Tensor, state: State) -> tuple[Tensor, State]:
        context, *start = state
        outputs, last = self._run(tokens[:, None], context, start, table)
        log_p = self._logits(outputs[:, 0], table).log_softmax(1)
        log_p[:, NEVER_WRITTEN] = -torch.inf
        return log_p, (context, *last)


def shared_table(model: Siamese, size: int) -> Tensor:
    """The encoder's own embedding [size dim].

    Raises: ValueError when the encoder's inputs are series, or its tokens are not those of the targets.
    """
    table: nn.Embedding | None = getattr(model.encoder.inputs, "embedding", None)
    if table is None or table.num_embeddings != size:
        inputs = "series" if table is None else f"{table.num_embeddings} tokens"
        raise ValueError(f"share: the decoder generates {size} tokens, but the encoder's inputs are {inputs}")
    return table.weight


def _unit(encoder: Encoder, inputs: int, hidden: int) -> Recurrent:
    """A cell of the encoder's kind and layers, in one direction; a GRU for an encoder without recurrence."""
    options = {"nonlinearity": encoder.rnn.nonlinearity} if isinstance(encoder.rnn, nn.RNN) else {}
    spec = {"name": "gru" if isinstance(encoder.rnn, Unchanged) else encoder.shape.cell, **options}
    return pick(CELLS, spec, "cell", inputs, hidden, encoder.shape.layers, False, encoder.rnn.dropout)


@contextmanager
def _in_eval(*modules: nn.Module) -> Iterator[None]:
    """Put the modules into evaluation mode within the block, without dropout, and back afterwards."""
    before = [module.training for module in modules]
    for module in modules:
        module.eval()
    try:
        yield
    finally:
        for module, training in zip(modules, before, strict=True):
            module.train(training)


def _switch(setting: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{setting}: expected true or false, got {value!r}")
    return value


def _share(setting: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ValueError(f"{setting}: expected a number from 0 to below 1, got {value!r}")
    return float(value)
