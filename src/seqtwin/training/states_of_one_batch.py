"""The states of many LSTM encoders of one shape for the same batch: on the CPU, as one wide LSTM.

The directions of all encoders lie side by side in `model/lstm`, which then runs each step once for all of them: in
small encoders the calls of a step take longer than its arithmetic (`benchmarks/stack.py --cpu`).

Gradients reach the weights of each encoder, as if it had been run alone.
"""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder, SeriesInput
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import linear, suits_onednn
from seqtwin.model.lstm.recurrence import LstmStates, run_lstm
from seqtwin.model.lstm.shares import Share, packed, places_of
from seqtwin.model.run_cell import weights_of
from seqtwin.records import Sequences, States


def states_of_one_batch(encoders: Sequence[Encoder], batch: Sequences) -> list[States]:
    """The states of each encoder for these sequences. They equal those of the encoder alone up to rounding.

    The encoders have one `stack_shape` and no `stacking_obstacle`, and are on the CPU.
    """
    cells = [encoder.rnn for encoder in encoders if isinstance(encoder.rnn, nn.LSTM)]
    directions = 1 + cells[0].bidirectional
    layout = Layout.of(batch.lengths, batch.values.shape[1], directions)
    wide = _widened(layout, len(cells))
    parts: list[list[LstmStates]] = []
    for layer in range(cells[0].num_layers):
        weight, bias, recurrent = weights_of(cells, layer)
        if layer:
            share = _share_of_vectors([own.outputs for own in parts[-1]], layout, weight, bias)
        elif isinstance(encoders[0].inputs, SeriesInput):
            share = _share_of_vectors([encoder.inputs(batch) for encoder in encoders], layout, weight, bias)
        else:
            share = _share_of_tokens(encoders, batch, layout, weight, bias)
        parts.append(_parted(run_lstm(share, recurrent, wide), len(cells)))
    return [
        States(
            own[-1].outputs,
            torch.stack([layer.hidden for layer in own], 1),
            torch.stack([layer.cell for layer in own], 1),
            batch.lengths,
        )
        for own in zip(*parts, strict=True)
    ]


def _widened(layout: Layout, members: int) -> Layout:
    """The layout with the directions of every member, one member after the other."""
    return replace(layout, times=layout.times.repeat(members, 1), at=layout.at.repeat(1, 1, members))


def _parted(states: LstmStates, members: int) -> list[LstmStates]:
    """The states of each member."""
    outputs = states.outputs.unflatten(2, (members, -1)).unbind(2)
    hidden, cell = (ends.unflatten(1, (members, -1)).unbind(1) for ends in (states.hidden, states.cell))
    return [LstmStates(*own) for own in zip(outputs, hidden, cell, strict=True)]


def _share_of_tokens(
    encoders: Sequence[Encoder], batch: Sequences, layout: Layout, weight: Tensor, bias: Tensor
) -> Share:
    """The share of the gates that comes from the tokens, from the distinct ones of the batch."""
    tokens, rows = torch.unique(batch.values, return_inverse=True)
    directions = len(layout.times)
    vectors = torch.stack([encoder.inputs.embedding(tokens) for encoder in encoders])
    by_member = weight.unflatten(0, (-1, directions)).flatten(1, 2), bias.unflatten(0, (-1, directions)).flatten(1)
    table = _linear(vectors, *by_member)  # [members tokens directions*4*hidden]
    places = places_of(rows, layout) + len(tokens) * directions * torch.arange(len(encoders))[:, None, None]
    return Share(table.reshape(-1, weight.shape[1]), places.flatten(0, 1))


def _share_of_vectors(vectors: Sequence[Tensor], layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from the vectors of each member [batch time dim]: one row of the table per packed step."""
    inputs = torch.stack([packed(own, layout) for own in vectors]).flatten(0, 1)
    table = _linear(inputs, weight, bias).flatten(0, 1)
    return Share(table, torch.arange(len(table)).view(len(inputs), -1))


def _linear(rows: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """rows [members m k] times weight [members n k], transposed, plus bias [members n]."""
    if suits_onednn(weight[0].numel(), weight.dtype):
        return torch.stack([linear(*own) for own in zip(rows, weight, bias, strict=True)])
    return torch.baddbmm(bias[:, None], rows, weight.mT)
