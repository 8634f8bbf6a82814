"""REPRESENTATIONS: how one vector is taken from the states of an encoder.

To add one: a final `nn.Module` with `__init__(shape, ...)`, `out_dim`, `needs`, `bound` and `forward(states)`, and a
line in the dict at the foot. Sums, means, maxima and softmax run over the T real steps of a sequence only.

Legend: o_t = output at step t (forward half, then backward half), h_n = final hidden state, c_n = final cell state.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from seqtwin.lookup import pick, whole
from seqtwin.model.encoder import EncoderShape
from seqtwin.records import States


class Representation(Protocol):
    """The contract: States in, one vector of `out_dim` a sequence out.

    `needs`: which states it reads (outputs, hidden, cell). `bound`: its largest |coordinate|, None where there is none.
    """

    out_dim: int
    needs: frozenset[str]
    bound: float | None

    def __call__(self, states: States) -> Tensor: ...


class FinalHidden(nn.Module):
    """h_n of the top layer, both directions joined: the forward end and the backward end (which is step 1)."""

    needs = frozenset({"hidden"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.hidden[:, -1].flatten(1)


class AllHidden(nn.Module):
    """h_n of all layers and directions joined; equals `final_hidden` when there is one layer."""

    needs = frozenset({"hidden"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.layers * shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.hidden.flatten(1)


class FinalCell(nn.Module):
    """c_n of the top layer, both directions joined. LSTM only; unbounded, and it can grow with length."""

    needs = frozenset({"cell"})
    bound = None

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        if not shape.memory:
            raise ValueError(f"final_cell reads the cell state of an lstm; a {shape.cell} has none")
        self.out_dim = shape.directions * shape.memory

    def forward(self, states: States) -> Tensor:
        assert states.cell is not None  # the shape promised a memory
        return states.cell[:, -1].flatten(1)


class LastOutput(nn.Module):
    """o_T. In a bidirectional encoder of one layer its backward half has read one token only."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        rows = torch.arange(len(states.lengths), device=states.lengths.device)
        return states.outputs[rows, states.lengths - 1]


class FirstOutput(nn.Module):
    """o_1. Its forward half has read one token only."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.outputs[:, 0]


class MeanOutput(nn.Module):
    """(1/T) sum o_t."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.outputs.sum(1) / states.lengths[:, None]


class SqrtMeanOutput(nn.Module):
    """(1/sqrt T) sum o_t. Grows with length, so it has no bound."""

    needs = frozenset({"outputs"})
    bound = None

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim = shape.joined

    def forward(self, states: States) -> Tensor:
        return states.outputs.sum(1) / states.lengths[:, None].to(states.outputs.dtype).sqrt()


class MaxOutput(nn.Module):
    """Coordinate-wise max of o_t."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.outputs.masked_fill(~_real(states), -torch.inf).amax(1)


class AttentionOutput(nn.Module):
    """sum a_t o_t with a = softmax over the real steps of u . tanh(W o_t + b); n heads joined. Adds parameters.

    Source: Lin et al. 2017, A structured self-attentive sentence embedding, equations 1-2 (here with a bias).
    """

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape, heads: int = 1, dim: int | None = None) -> None:
        super().__init__()
        width = shape.joined if dim is None else whole("dim", dim)
        self.score = nn.Sequential(
            nn.Linear(shape.joined, width), nn.Tanh(), nn.Linear(width, whole("heads", heads), bias=False)
        )
        self.out_dim, self.bound = heads * shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        scores = self.score(states.outputs).masked_fill(~_real(states), -torch.inf)
        return (scores.softmax(1).transpose(1, 2) @ states.outputs).flatten(1)


class Join(nn.Module):
    """Several representations side by side, in the order named, from one pass of the encoder."""

    def __init__(self, shape: EncoderShape, parts: list[Any]) -> None:
        super().__init__()
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"join: expected a list of representations, got {parts!r}")
        self.parts = nn.ModuleList(pick(REPRESENTATIONS, part, "representation", shape) for part in parts)
        self.out_dim = sum(int(p.out_dim) for p in self._members())
        self.needs = frozenset().union(*(p.needs for p in self._members()))
        bounds = [p.bound for p in self._members()]
        self.bound = None if None in bounds else max(b for b in bounds if b is not None)

    def _members(self) -> list[Any]:
        return list(self.parts)

    def forward(self, states: States) -> Tensor:
        return torch.cat([part(states) for part in self.parts], 1)


def _real(states: States) -> Tensor:
    return states.mask[:, :, None]


REPRESENTATIONS: dict[str, Any] = {
    "final_hidden": FinalHidden,
    "all_hidden": AllHidden,
    "final_cell": FinalCell,
    "last_output": LastOutput,
    "first_output": FirstOutput,
    "mean_output": MeanOutput,
    "sqrt_mean_output": SqrtMeanOutput,
    "max_output": MaxOutput,
    "attention_output": AttentionOutput,
    "join": Join,
}
