"""Ways to run a recurrent cell over a batch. One meaning: States in which pads do not exist (but for `read_pads`).

CPU, LSTM, float32: our own recurrence (`recurrence.py`). Everything else: packed sequences. `make bench` measures both.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtwin.model.lstm_engine import Layout, doubled, run_lstm, share_of_vectors, taken
from seqtwin.records import Sequences, States


def run_masked(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States by the fastest road that serves this cell, device and precision."""
    own = (
        rnn.mode == "LSTM"
        and not rnn.proj_size
        and sequences.values.device.type == "cpu"
        and not torch.is_autocast_enabled("cpu")
    )
    return (run_stepwise if own else run_packed)(inputs, rnn, sequences)


def run_stepwise(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States of an LSTM by our own recurrence; cell states at every true end included."""
    layout = Layout.of(sequences.lengths, sequences.values.shape[1], 1 + rnn.bidirectional)
    mask = sequences.mask[:, :, None]
    outputs = torch.empty(0)
    hidden, cell = [], []
    for layer in range(rnn.num_layers):
        weight, bias, own = _weights(rnn, layer)
        if layer:
            outputs = nn.functional.dropout(outputs, rnn.dropout, rnn.training)
            share = share_of_vectors(outputs, layout, weight, bias)
        else:
            share = inputs.gates(sequences, layout, weight, bias)
        h, negated = run_lstm(share, own, layout)
        outputs = taken(h, layout.at).flatten(2) * mask
        ends = layout.ends[:, None].expand(-1, h.shape[1])
        hidden.append(taken(h, ends))
        cell.append(-taken(negated, ends))
    return States(outputs, torch.stack(hidden, 1), torch.stack(cell, 1), sequences.lengths)


def _weights(rnn: nn.RNNBase, layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Input weights, summed biases and recurrent weights of a layer, a direction each: [directions 4*hidden ...]."""
    names = [f"l{layer}", f"l{layer}_reverse"][: 1 + rnn.bidirectional]
    w, u = (torch.stack([getattr(rnn, f"{kind}_{name}") for name in names]) for kind in ("weight_ih", "weight_hh"))
    # summed before they are stacked: the other way round both gradients are views of one memory, and clipped twice
    biases = [getattr(rnn, f"bias_ih_{name}") + getattr(rnn, f"bias_hh_{name}") for name in names]
    return doubled(w), doubled(torch.stack(biases)), doubled(u)


def run_packed(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States by PyTorch's packed sequences."""
    lengths = sequences.lengths.cpu()
    packed = pack_padded_sequence(inputs(sequences), lengths, batch_first=True, enforce_sorted=False)
    packed_outputs, final = rnn(packed)
    width = sequences.values.shape[1]
    outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=width)
    hidden, cell = final if isinstance(rnn, nn.LSTM) else (final, None)
    return States(
        _full(outputs), _batch_first(rnn, hidden), None if cell is None else _batch_first(rnn, cell), sequences.lengths
    )


def _full(state: Tensor) -> Tensor:
    """float32 where autocast computed in less; what a user asked for in float64 stays so."""
    return state.to(torch.promote_types(state.dtype, torch.float32))


def _batch_first(rnn: nn.RNNBase, state: Tensor) -> Tensor:
    """PyTorch's (layers*directions, batch, hidden) as [batch layers directions hidden], once and for all."""
    return _full(state).unflatten(0, (rnn.num_layers, -1)).permute(2, 0, 1, 3)


def read_pads(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States of a cell that ran over the pads as if they were input: every length becomes the batch's width."""
    every_step = torch.full_like(sequences.lengths, sequences.values.shape[1])
    return run_masked(inputs, rnn, Sequences(sequences.values, every_step))


PADDINGS: dict[str, Callable[[Any, nn.RNNBase, Sequences], States]] = {"masked": run_masked, "read": read_pads}
