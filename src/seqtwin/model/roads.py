"""Ways to run a recurrent cell over a batch. One meaning: States in which pads do not exist (but for `read_pads`).

CPU, LSTM, float32: our own recurrence (`recurrence.py`). Everything else: packed sequences. `make bench` measures both.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtwin.model.recurrence import Layout, doubled, run_lstm
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
    layout = Layout.of(sequences.lengths, sequences.values.shape[1])
    mask = sequences.mask[:, :, None]
    outputs = torch.empty(0)
    hidden, cell = [], []
    for layer in range(rnn.num_layers):
        weights = _input_weights(rnn, layer)
        gates = (
            _gates_of(_dropped(rnn, outputs), layout, weights) if layer else inputs.gates(sequences, layout, weights)
        )
        runs = [run_lstm(g, doubled(w), layout) for g, w in zip(gates, _own_weights(rnn, layer), strict=True)]
        places = (layout.at_forward, layout.at_backward)
        outputs = torch.cat([h[at] for (h, _), at in zip(runs, places, strict=False)], 2) * mask
        hidden.append(torch.stack([h[layout.ends] for h, _ in runs], 1))
        cell.append(torch.stack([c[layout.ends] for _, c in runs], 1))
    return States(outputs, torch.stack(hidden, 1), torch.stack(cell, 1), sequences.lengths)


def _suffixes(rnn: nn.RNNBase, layer: int) -> list[str]:
    return [f"l{layer}", f"l{layer}_reverse"][: 2 if rnn.bidirectional else 1]


def _input_weights(rnn: nn.RNNBase, layer: int) -> list[tuple[Tensor, Tensor]]:
    return [
        (doubled(getattr(rnn, f"weight_ih_{s}")), doubled(getattr(rnn, f"bias_ih_{s}") + getattr(rnn, f"bias_hh_{s}")))
        for s in _suffixes(rnn, layer)
    ]


def _own_weights(rnn: nn.RNNBase, layer: int) -> list[Tensor]:
    return [getattr(rnn, f"weight_hh_{s}") for s in _suffixes(rnn, layer)]


def _dropped(rnn: nn.RNNBase, outputs: Tensor) -> Tensor:
    return nn.functional.dropout(outputs, rnn.dropout, rnn.training)


def _gates_of(outputs: Tensor, layout: Layout, weights: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    steps = (layout.forward, layout.backward)
    return [nn.functional.linear(outputs[layout.rows, s], w, b) for s, (w, b) in zip(steps, weights, strict=False)]


def run_packed(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States by PyTorch's packed sequences."""
    lengths = sequences.lengths.cpu()
    packed = pack_padded_sequence(inputs(sequences), lengths, batch_first=True, enforce_sorted=False)
    packed_outputs, final = rnn(packed)
    width = sequences.values.shape[1]
    outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=width)
    return _states(rnn, outputs, final, sequences.lengths)


def read_pads(inputs: Any, rnn: nn.RNNBase, sequences: Sequences) -> States:
    """States of a cell that ran over the pads as if they were input: every length becomes the batch's width."""
    outputs, final = rnn(inputs(sequences))
    return _states(rnn, outputs, final, torch.full_like(sequences.lengths, outputs.shape[1]))


def _states(rnn: nn.RNNBase, outputs: Tensor, final: Any, lengths: Tensor) -> States:
    """States from PyTorch's results; float32 whatever the precision they were computed in."""
    hidden, cell = final if isinstance(rnn, nn.LSTM) else (final, None)
    return States(
        outputs.float(), _batch_first(rnn, hidden), None if cell is None else _batch_first(rnn, cell), lengths
    )


def _batch_first(rnn: nn.RNNBase, state: Tensor) -> Tensor:
    """PyTorch's (layers*directions, batch, hidden) as [batch layers directions hidden], once and for all."""
    return state.float().unflatten(0, (rnn.num_layers, -1)).permute(2, 0, 1, 3)


PADDINGS: dict[str, Callable[[Any, nn.RNNBase, Sequences], States]] = {"masked": run_masked, "read": read_pads}
