"""PADDINGS: the ways to run a recurrent cell over a padded batch, and the contract of the inputs of a cell.

All ways except `read_pads` give States that do not depend on pads. An LSTM on the CPU in float32 runs in
`lstm/recurrence.py`. Everything else runs on packed sequences. `make bench` measures both.
"""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeGuard, cast, runtime_checkable

import torch
from torch import _VF, Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from seqtwin.model.cells import Recurrent, Unchanged
from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.recurrence import run_lstm
from seqtwin.model.lstm.shares import Share, share_of_vectors
from seqtwin.records import Sequences, States


@runtime_checkable
class Inputs(Protocol):
    """The vectors that a cell gets of a batch: [batch time dim]. `gates`: their share of an LSTM's gates, ready."""

    def __call__(self, sequences: Sequences, /) -> Tensor: ...

    def gates(self, sequences: Sequences, layout: Layout, weight: Tensor, bias: Tensor) -> Share: ...


def run_masked(inputs: Inputs, cell: Recurrent, sequences: Sequences) -> States:
    """States by the fastest way for this cell, device and precision."""
    if isinstance(cell, Unchanged):
        return run_unchanged(inputs, sequences)
    if runs_stepwise(cell) and sequences.values.device.type == "cpu":
        return run_stepwise(inputs, cell, sequences)
    return run_packed(inputs, cell, sequences)


def runs_stepwise(cell: Recurrent) -> TypeGuard[nn.LSTM]:
    """Whether `lstm/recurrence.py` can run this cell: an LSTM without projection."""
    return isinstance(cell, nn.LSTM) and not cell.proj_size


def run_unchanged(inputs: Inputs, sequences: Sequences) -> States:
    """The inputs as States: no step depends on another."""
    outputs = _full(inputs(sequences)) * sequences.mask[:, :, None]
    ends = outputs[torch.arange(len(outputs), device=outputs.device), sequences.lengths - 1]
    return States(outputs, ends[:, None, None], None, sequences.lengths)


Gates = Callable[[Sequences, Layout, Tensor, Tensor], Share]
Layer = tuple[Tensor, Tensor, Tensor]


def run_stepwise(inputs: Inputs, lstm: nn.LSTM, sequences: Sequences) -> States:
    """States of an LSTM by `lstm/recurrence.py`, including the cell states at the true ends."""
    layers = stacked_weights(lstm)
    if torch.is_autocast_enabled("cpu"):
        layers = rounded(layers)
    return run_layers(inputs.gates, layers, sequences, lstm.dropout if lstm.training else 0.0)


def rounded(layers: Sequence[Layer]) -> list[Layer]:
    """The weights in the number format of autocast: bfloat16."""
    dtype = torch.get_autocast_dtype("cpu")
    return [(weight.to(dtype), bias.to(dtype), recurrent.to(dtype)) for weight, bias, recurrent in layers]


def run_layers(gates: Gates, layers: Sequence[Layer], sequences: Sequences, dropout: float = 0.0) -> States:
    """The same from the weights of the layers. `gates`: the share of the first layer's gates."""
    layout = Layout.of(sequences.lengths, sequences.values.shape[1], len(layers[0][0]))
    outputs = torch.empty(0)
    hidden, memory = [], []
    for depth, (weight, bias, recurrent) in enumerate(layers):
        if depth:
            outputs = nn.functional.dropout(outputs, dropout)
            share = share_of_vectors(outputs, layout, weight, bias)
        else:
            share = gates(sequences, layout, weight, bias)
        states = run_lstm(share, recurrent, layout)
        outputs = states.outputs
        hidden.append(states.hidden)
        memory.append(states.cell)
    return States(outputs, torch.stack(hidden, 1), torch.stack(memory, 1), sequences.lengths)


def stacked_weights(lstm: nn.LSTM) -> list[Layer]:
    """Of each layer: input weights, summed biases, recurrent weights, one per direction: [directions 4*hidden ...]."""
    return [weights_of([lstm], layer) for layer in range(lstm.num_layers)]


def weights_of(cells: Sequence[nn.LSTM], layer: int) -> Layer:
    """The weights of one layer of some LSTMs of the same shape: [cells*directions 4*hidden ...]."""
    names = [f"l{layer}", f"l{layer}_reverse"][: 1 + cells[0].bidirectional]
    w, u, b, b_hh = (
        [getattr(cell, f"{kind}_{name}") for cell in cells for name in names]
        for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
    )
    # summed before they are stacked: otherwise both gradients are views of one memory, and are clipped twice
    return doubled(w), doubled([x + y for x, y in zip(b, b_hh, strict=True)]), doubled(u)


def doubled(parameters: Sequence[Tensor]) -> Tensor:
    """Gate parameters, one [4*hidden ...] per direction, as one tensor with the rows of g times two."""
    first = parameters[0]
    factors = first.new_ones(4, len(first) // 4)
    factors[2] = 2
    found: Tensor = _Doubled.apply(factors.view(-1, *[1] * (first.dim() - 1)), *parameters)  # type: ignore[no-untyped-call]
    return found


class _Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, factors: Tensor, *parameters: Tensor) -> Tensor:
        ctx.save_for_backward(factors)
        return torch.stack(parameters).mul_(factors)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        (factors,) = ctx.saved_tensors
        return None, *(own * factors for own in gradient)


def run_packed(inputs: Inputs, cell: Recurrent, sequences: Sequences) -> States:
    """States of any cell by PyTorch's packed sequences."""
    lengths = sequences.lengths.cpu()
    packed = pack_padded_sequence(inputs(sequences), lengths, batch_first=True, enforce_sorted=False)
    packed_outputs, final = cell(packed)
    outputs, _ = pad_packed_sequence(packed_outputs, batch_first=True, total_length=sequences.values.shape[1])
    hidden, memory = final if isinstance(final, tuple) else (final, None)
    layers = cell.num_layers
    batch_first = None if memory is None else _batch_first(memory, layers)
    return States(_full(outputs), _batch_first(hidden, layers), batch_first, sequences.lengths)


def run_alone(inputs: Inputs, lstm: nn.LSTM, sequences: Sequences, start: Tensor) -> States:
    """States of one sequence without pads, by PyTorch: for a single row its loop over the steps is the faster one.

    `start`: the state before the first step, h and c [layers*directions 1 hidden]. It is the kernel that `nn.LSTM` also
    calls, without its checks, which take as long as two steps.
    """
    layers, two = lstm.num_layers, lstm.bidirectional
    weights = cast("list[Tensor]", lstm._flat_weights)  # all are there: none was replaced by a parametrization
    outputs, hidden, memory = _VF.lstm(
        inputs(sequences), (start, start), weights, lstm.bias, layers, 0.0, False, two, True
    )
    return States(outputs, _batch_first(hidden, layers), _batch_first(memory, layers), sequences.lengths)


def _full(state: Tensor) -> Tensor:
    """float32 where autocast computed in less; float64 stays float64."""
    return state.to(torch.promote_types(state.dtype, torch.float32))


def _batch_first(state: Tensor, layers: int) -> Tensor:
    """PyTorch's [layers*directions batch hidden] as [batch layers directions hidden]."""
    return _full(state).unflatten(0, (layers, -1)).permute(2, 0, 1, 3)


def read_pads(inputs: Inputs, cell: Recurrent, sequences: Sequences) -> States:
    """States of a cell that treats pads as input: the length of every sequence becomes the width of the batch."""
    every_step = torch.full_like(sequences.lengths, sequences.values.shape[1])
    return run_masked(inputs, cell, Sequences(sequences.values, every_step))


PADDINGS: dict[str, Callable[[Inputs, Recurrent, Sequences], States]] = {"masked": run_masked, "read": read_pads}
