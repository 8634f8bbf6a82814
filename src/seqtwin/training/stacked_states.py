"""The states of many LSTM encoders of one shape at once: each step is one product for all of them.

On a GPU a small product takes as long as the start of its kernel: fifty small encoders cost fifty times as much as one.
Here their weights lie along a leading axis, with the directions beside them, and `torch.baddbmm` multiplies
all of them in one kernel. On a CPU, `states_of_one_batch` is faster.

Gradients reach the weights of each encoder, as if it had been run alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder, SeriesInput, TokenInput
from seqtwin.model.run_cell import runs_stepwise
from seqtwin.records import Sequences, States, real_steps


def stacking_obstacle(encoder: Encoder) -> str:
    """Why an encoder cannot be run in a stack; empty when it can."""
    inputs = encoder.inputs
    if not isinstance(inputs, TokenInput | SeriesInput):
        return "only encoders of series, or of tokens without their letters, can be stacked"
    if isinstance(inputs, TokenInput) and inputs.fixed is not None:
        return "only encoders whose vectors are all trained can be stacked"
    if not runs_stepwise(encoder.rnn):
        return "only LSTM cells without a projection can be stacked"
    if encoder.padding != "masked":
        return "only encoders that mask pads can be stacked"
    if encoder.rnn.dropout or inputs.dropout.p or (isinstance(inputs, TokenInput) and inputs.word_dropout):
        return "dropout draws its numbers in the order of a single training, which a stack does not have"
    return ""


def stack_shape(encoder: Encoder) -> tuple[tuple[int, ...], ...]:
    """The shapes of all weights: encoders in a stack have the same."""
    return tuple(tuple(weight.shape) for weight in encoder.parameters())


@dataclass(frozen=True)
class _Batch:
    """The batches of all members as one, padded to the largest. `values`: their ids [members batch time], or series.
    `flipped`: the time of each step of the backward direction [members batch time]; a pad stays where it is. `sizes`:
    rows and steps of each member's own batch."""

    values: Tensor
    lengths: Tensor
    real: Tensor
    flipped: Tensor
    sizes: list[tuple[int, int]]

    @staticmethod
    def of(batches: Sequence[Sequences]) -> "_Batch":
        sizes = [(len(own), own.values.shape[1]) for own in batches]
        rows, width = (max(size) for size in zip(*sizes, strict=True))
        values = torch.stack([_widened(own.values, rows, width) for own in batches])
        # an added row has one step, which nobody reads
        lengths = torch.stack([nn.functional.pad(own.lengths, (0, rows - len(own)), value=1) for own in batches])
        real = real_steps(lengths.flatten(), width).unflatten(0, lengths.shape)
        times = torch.arange(width)
        return _Batch(values, lengths, real, torch.where(real, lengths[..., None] - 1 - times, times), sizes)

    def to(self, device: torch.device) -> "_Batch":
        """The same on another device."""
        values, lengths, real, flipped = (
            one.to(device, non_blocking=True) for one in (self.values, self.lengths, self.real, self.flipped)
        )
        return _Batch(values, lengths, real, flipped, self.sizes)


def _widened(values: Tensor, rows: int, width: int) -> Tensor:
    inner = [0, 0] * (values.dim() - 2)
    return nn.functional.pad(values, [*inner, 0, width - values.shape[1], 0, rows - len(values)])


def stacked_states(encoders: Sequence[Encoder], batches: Sequence[Sequences]) -> list[States]:
    """The states of each encoder for its own batch. They equal those of the encoder alone up to rounding.

    The encoders have one `stack_shape`, no `stacking_obstacle`, and one device. The batches are on the CPU; they are
    moved together.
    """
    batch = _Batch.of(batches).to(next(encoders[0].parameters()).device)
    steps = _vectors(encoders, batch)
    hidden, memory = [], []
    cells = [encoder.rnn for encoder in encoders if isinstance(encoder.rnn, nn.LSTM)]
    for layer in range(cells[0].num_layers):
        steps, h, c = _run_layer(cells, layer, steps, batch)
        hidden.append(h)
        memory.append(c)
    ends = torch.stack(hidden, 2), torch.stack(memory, 2)  # [members batch layers directions hidden]
    return [
        States(steps[n, :rows, :width], ends[0][n, :rows], ends[1][n, :rows], batch.lengths[n, :rows])
        for n, (rows, width) in enumerate(batch.sizes)
    ]


def _vectors(encoders: Sequence[Encoder], batch: _Batch) -> Tensor:
    """The vectors of all steps: [members batch time dim]."""
    if isinstance(encoders[0].inputs, SeriesInput):
        own = zip(encoders, batch.values, batch.lengths, strict=True)
        return torch.stack([encoder.inputs(Sequences(*series)) for encoder, *series in own])
    ids = batch.values
    tables = torch.stack([encoder.inputs.embedding.weight for encoder in encoders])
    first = tables.shape[1] * torch.arange(len(encoders), device=ids.device)
    return nn.functional.embedding(ids + first[:, None, None], tables.flatten(0, 1))


def _run_layer(cells: Sequence[nn.LSTM], layer: int, inputs: Tensor, batch: _Batch) -> tuple[Tensor, Tensor, Tensor]:
    """Outputs [members batch time directions*hidden], and h and c at the ends [members batch directions hidden]."""
    weight, bias, recurrent = _weights(cells, layer)
    directions, hidden = weight.shape[1], recurrent.shape[2]
    sides = torch.stack([inputs, _in_order(inputs, batch.flipped)][:directions], 1)
    rows, width = sides.shape[2:4]
    gates = (sides.flatten(2, 3) @ weight + bias[:, :, None]).unflatten(2, (rows, width))
    h, c = _advance(gates.flatten(0, 1), recurrent.flatten(0, 1))
    h, c = (states.view(-1, directions, rows, width, hidden) for states in (h, c))
    last = (batch.lengths - 1)[:, None, :, None, None].expand(-1, directions, -1, 1, hidden)
    ends = [states.gather(3, last).squeeze(3).transpose(1, 2) for states in (h, c)]
    forward, *backward = h.unbind(1)
    outputs = torch.cat([forward, *(_in_order(side, batch.flipped) for side in backward)], 3)
    return torch.where(batch.real[..., None], outputs, 0), ends[0], ends[1]


def _in_order(steps: Tensor, times: Tensor) -> Tensor:
    """The steps [members batch time dim] at these times [members batch time]."""
    return steps.gather(2, times[..., None].expand_as(steps))


def _weights(cells: Sequence[nn.LSTM], layer: int) -> tuple[Tensor, Tensor, Tensor]:
    """Transposed input weights, summed biases and transposed recurrent weights: [members directions ... 4*hidden]."""
    names = [f"l{layer}", f"l{layer}_reverse"][: 1 + cells[0].bidirectional]

    def of(kind: str) -> Tensor:
        return _stacked([[getattr(cell, f"{kind}_{name}") for name in names] for cell in cells])

    # summed before they are stacked: otherwise both gradients are views of one memory, and are clipped twice
    biases = [[getattr(cell, f"bias_ih_{n}") + getattr(cell, f"bias_hh_{n}") for n in names] for cell in cells]
    return of("weight_ih").mT, _stacked(biases), of("weight_hh").mT


def _stacked(weights: Sequence[Sequence[Tensor]]) -> Tensor:
    return torch.stack([torch.stack(list(own)) for own in weights])


def _advance(gates: Tensor, recurrent: Tensor) -> tuple[Tensor, Tensor]:
    """h and c of every step [cells batch time hidden], from the share of the gates that comes from the input."""
    cells, rows, _, _ = gates.shape
    h = c = gates.new_zeros(cells, rows, recurrent.shape[1])
    hidden, memory = [], []
    for step in gates.unbind(2):
        i, f, g, o = torch.baddbmm(step, h, recurrent).chunk(4, 2)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        h = o.sigmoid() * c.tanh()
        hidden.append(h)
        memory.append(c)
    return torch.stack(hidden, 2), torch.stack(memory, 2)
