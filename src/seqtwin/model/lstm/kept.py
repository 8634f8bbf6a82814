"""An LSTM whose weights no longer change: what does not depend on the texts is computed once.

`Encoder.keep` makes one after loading. The weights are stacked and doubled once, and the share of the gates that comes
from a token is computed when the token is met first, and kept.
"""

import math
from collections.abc import Sequence
from functools import cached_property

import torch
from torch import Tensor, nn

from seqtwin.model.cells import Recurrent
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import linear
from seqtwin.model.lstm.shares import Share, places_of
from seqtwin.model.run_cell import Inputs, Layer, rounded, run_alone, run_layers, run_masked, stacked_weights
from seqtwin.records import Sequences, States

MOST_NUMBERS = 2**26  # of a kept table: 256 MiB; a larger one is not kept
BLOCK = 32  # ids whose shares are computed together


class KeptLstm:
    """States of an LSTM with these weights, as `run_stepwise` gives them.

    `embedding`: of the token ids, where the inputs are nothing else; None for other inputs.
    """

    def __init__(self, lstm: nn.LSTM, embedding: nn.Embedding | None) -> None:
        self._lstm, self._embedding = lstm, embedding
        with torch.no_grad():
            self._exact = _Kept(stacked_weights(lstm), embedding)
        rows = lstm.num_layers * (1 + lstm.bidirectional)
        self._zeros = self._exact.layers[0][2].new_zeros(rows, 1, lstm.hidden_size)

    def __call__(self, inputs: Inputs, cell: Recurrent, sequences: Sequences) -> States:
        if torch.is_grad_enabled():  # gradients need the weights themselves
            return run_masked(inputs, cell, sequences)
        is_rounded = torch.is_autocast_enabled("cpu")
        if not is_rounded and sequences.values.shape[:2] == (1, sequences.lengths[0]):
            return run_alone(inputs, self._lstm, sequences, self._zeros)
        kept = self._rounded if is_rounded else self._exact
        return run_layers(kept.gates or inputs.gates, kept.layers, sequences)

    @cached_property
    def _rounded(self) -> "_Kept":
        return _Kept(rounded(self._exact.layers), self._embedding)


class _Kept:
    """The weights of the layers, and the gates of the tokens if their table is not too large."""

    def __init__(self, layers: Sequence[Layer], embedding: nn.Embedding | None) -> None:
        self.layers = layers
        weight, bias, _ = layers[0]
        fits = embedding is not None and embedding.num_embeddings * bias.numel() <= MOST_NUMBERS
        self.gates = _KeptGates(embedding, weight, bias) if embedding is not None and fits else None


class _KeptGates:
    """The share of the gates of every token that was met: a table [vocabulary directions*4*hidden].

    It is filled in blocks of neighbouring ids. A product of another number of rows can round differently, and then a
    vector would depend on the texts that were encoded before.
    """

    def __init__(self, embedding: nn.Embedding, weight: Tensor, bias: Tensor) -> None:
        self._embedding, self._directions = embedding, len(weight)
        self._weight, self._bias = weight.flatten(0, 1), bias.flatten()
        blocks = math.ceil(embedding.num_embeddings / BLOCK)
        # memory that is not written takes no space
        exact = torch.promote_types(weight.dtype, torch.float32)
        self._table = torch.empty(blocks, BLOCK, bias.numel(), dtype=exact)
        self._known = torch.zeros(blocks, dtype=torch.bool)

    def __call__(self, sequences: Sequences, layout: Layout, _weight: Tensor, _bias: Tensor) -> Share:
        ids = sequences.values if sequences.values.dim() == 2 else sequences.values[..., 0]
        blocks = ids // BLOCK
        known = self._known[blocks]
        if not known.all():
            for block in torch.unique(blocks[~known]).tolist():
                self._fill(block)
        return Share(self._table.view(-1, len(self._bias) // self._directions), places_of(ids, layout))

    def _fill(self, block: int) -> None:
        ids = torch.arange(block * BLOCK, (block + 1) * BLOCK).clamp(max=self._embedding.num_embeddings - 1)
        vectors = self._embedding(ids).to(self._weight.dtype)
        self._table[block] = linear(vectors, self._weight, self._bias)
        self._known[block] = True  # last, for other threads
