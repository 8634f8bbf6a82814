"""The States in what an RNN, GRU or LSTM of PyTorch returned, or an error if they are not there.

A state that was computed over pads is wrong without looking wrong. It can be recognised: h_n is an output, that of the
step where the layer ended, so the step at which the two agree shows how far the layer ran.
"""

from dataclasses import dataclass, replace
from typing import NoReturn

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from seqtwin.errors import ConfigError
from seqtwin.model.encoder import EncoderShape, shape_of
from seqtwin.reading.given_lengths import Lengths, checked_lengths
from seqtwin.records import States, real_steps

Returned = Tensor | tuple[Tensor, Tensor]
NAMES = {"LSTM": "lstm", "GRU": "gru", "RNN_TANH": "rnn", "RNN_RELU": "rnn"}
CLOSE = {torch.float64: 1e-9, torch.float32: 1e-5}  # coarser types: .01
PACK = (
    "run it on pack_padded_sequence(x, lengths.cpu(), batch_first=..., enforce_sorted=False) and pass its output here, "
    "or use seqtwin.Reader(rnn, ...), which packs"
)


def shape_of_layer(rnn: nn.Module) -> EncoderShape:
    """The shape of a recurrent layer.

    Raises: ConfigError for a module that is none of nn.RNN, nn.GRU and nn.LSTM.
    """
    if isinstance(rnn, nn.RNNBase):
        return shape_of(NAMES[rnn.mode], rnn)
    cause = f"expected an nn.RNN, nn.GRU or nn.LSTM, got {type(rnn).__name__}"
    remedy = "pass the layer that returned output and state, not the module around it"
    raise ConfigError("READ_LAYER", cause, place="rnn", remedy=remedy)


@dataclass(frozen=True)
class Batch:
    """The result of a layer, batch first: outputs [batch time D*H], hidden and cell [batch layers D H]."""

    outputs: Tensor
    hidden: Tensor
    cell: Tensor | None
    lengths: Tensor

    def ends(self, at: Tensor) -> Tensor:
        """The outputs where each direction ends if it ran over `at` steps: [batch D H]."""
        halves = self.outputs.unflatten(2, (self.hidden.shape[2], -1))
        rows = torch.arange(len(halves), device=halves.device)
        return torch.stack([halves[rows, at - 1, 0], *halves[:, 0, 1:].unbind(1)], 1)

    @torch.no_grad()
    def ended_at(self, at: Tensor) -> bool:
        """Whether the final states of the top layer are the outputs there."""
        close = CLOSE.get(self.outputs.dtype, 1e-2)
        return torch.allclose(self.ends(at), self.hidden[:, -1], rtol=close, atol=close, equal_nan=True)


def states_of(
    rnn: nn.RNNBase,
    output: Tensor | PackedSequence,
    state: Returned,
    lengths: Lengths | int | None,
    needs: frozenset[str],
) -> States:
    """The States of a batch, from what the layer returned for it. `needs`: the states that will be used.

    A layer with one direction that ran over pads has right outputs, and with one layer its final state is among them.

    Raises: ConfigError if a shape does not fit, if the states are not of the same call, or if a state that is needed
    depends on the pads.
    """
    batch = _batch_of(rnn, output, state, lengths)
    if not len(batch.outputs):
        return _masked(batch)
    if not batch.ended_at(batch.lengths):
        batch = _without_pads(rnn, batch, needs)
    return _masked(batch)


def _masked(batch: Batch) -> States:
    pads = ~real_steps(batch.lengths, batch.outputs.shape[1])
    return States(batch.outputs.masked_fill(pads[..., None], 0.0), batch.hidden, batch.cell, batch.lengths)


def _without_pads(rnn: nn.RNNBase, batch: Batch, needs: frozenset[str]) -> Batch:
    """The batch of a layer that ran over the pads, as far as it does not depend on them. Raises: ConfigError."""
    width = torch.full_like(batch.lengths, batch.outputs.shape[1])
    if not batch.ended_at(width):
        cause = "h_n is not the output where the layer ended, neither at the lengths nor at the last step"
        remedy = (
            "pass output and state of one call as the layer returned them (apply dropout to the vector instead), and "
            "the lengths of these rows in this order"
        )
        raise ConfigError("READ_STATE", cause, place="output, state, lengths", remedy=remedy)
    if rnn.bidirectional:
        cause = "the layer ran over the pads: with two directions, every output of a shorter sequence depends on them"
        raise ConfigError("READ_PADS", cause, place="output", remedy=PACK)
    if "cell" in needs or ("hidden" in needs and rnn.num_layers > 1):
        cause = "the layer ran over the pads: h_n and c_n are the states after the last pad, not after the sequence"
        remedy = f"{PACK}; or use last_output, the final state of the top layer"
        raise ConfigError("READ_PADS", cause, place="state", remedy=remedy)
    return replace(batch, hidden=batch.ends(batch.lengths)[:, None]) if rnn.num_layers == 1 else batch


def _batch_of(
    rnn: nn.RNNBase, output: Tensor | PackedSequence, state: Returned, lengths: Lengths | int | None
) -> Batch:
    hidden, cell = _final_states(rnn, state)
    if isinstance(output, PackedSequence):
        outputs, own = pad_packed_sequence(output, batch_first=True)
        if lengths is not None and checked_lengths(lengths, len(own), outputs.shape[1]).tolist() != own.tolist():
            cause = "these are not the lengths of the packed sequence"
            raise ConfigError("READ_LENGTHS", cause, place="lengths", remedy="pass None: a packed sequence has its own")
        return _checked(rnn, Batch(outputs, hidden, cell, own.to(outputs.device)))
    if not isinstance(output, Tensor) or output.dim() not in (2, 3):
        refuse_shape("output", "[batch, time, D*H], or [time, batch, D*H] without batch_first", output)
    outputs = output[None] if output.dim() == 2 else output if rnn.batch_first else output.transpose(0, 1)
    first = rnn.batch_first if output.dim() == 3 else None
    whole = checked_lengths(lengths, *outputs.shape[:2], batch_first=first)
    return _checked(rnn, Batch(outputs, hidden, cell, whole.to(outputs.device)))


def _final_states(rnn: nn.RNNBase, state: Returned) -> tuple[Tensor, Tensor | None]:
    """h_n and c_n, batch first. Raises: ConfigError."""
    several, is_lstm = isinstance(state, tuple), isinstance(rnn, nn.LSTM)
    if several != is_lstm:
        kind, got = ("(h_n, c_n)", "one tensor") if is_lstm else ("h_n", "a tuple")
        cause = f"expected {kind} as a {type(rnn).__name__} returns it, got {got}"
        raise ConfigError("READ_STATE", cause, place="state", remedy="output, state = rnn(x), then pass both unchanged")
    hidden, cell = state if isinstance(state, tuple) else (state, None)
    return _by_sequence(rnn, hidden), None if cell is None else _by_sequence(rnn, cell)


def _by_sequence(rnn: nn.RNNBase, state: Tensor) -> Tensor:
    """[layers*D batch H], or [layers*D H] of a single sequence, as [batch layers D H]. Raises: ConfigError."""
    directions = 2 if rnn.bidirectional else 1
    if not isinstance(state, Tensor) or state.dim() not in (2, 3) or len(state) != rnn.num_layers * directions:
        refuse_shape("state", f"[{rnn.num_layers * directions}, batch, H] with layers x directions first", state)
    whole = state[:, None] if state.dim() == 2 else state
    return whole.unflatten(0, (rnn.num_layers, directions)).permute(2, 0, 1, 3)


def _checked(rnn: nn.RNNBase, batch: Batch) -> Batch:
    """The batch, if its shapes fit together. Raises: ConfigError."""
    size, _, width = batch.outputs.shape
    shape = shape_of_layer(rnn)
    if width != shape.joined:
        refuse_shape("output", f"a last axis of {shape.joined}", batch.outputs)
    if len(batch.hidden) != size or batch.hidden.shape[3] != shape.width:
        expected = f"{len(batch.hidden)} sequences, as state has, with batch_first={rnn.batch_first} as in the layer"
        refuse_shape("output", expected, batch.outputs if rnn.batch_first else batch.outputs.transpose(0, 1))
    return batch


def refuse_shape(
    place: str, expected: str, got: object, remedy: str = "output, state = rnn(x), then pass both unchanged"
) -> NoReturn:
    """Raises: ConfigError that names the shape that was expected."""
    shown = f"shape {list(got.shape)}" if isinstance(got, Tensor) else type(got).__name__
    raise ConfigError("READ_SHAPE", f"expected {expected}; got {shown}", place=place, remedy=remedy)
