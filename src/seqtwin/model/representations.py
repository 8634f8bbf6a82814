"""REPRESENTATIONS: one vector per sequence from the states of an encoder.

To add one: an `nn.Module` with `__init__(shape, ...)`, `out_dim`, `needs`, `bound` and `forward(states)`, and a line in
the dict at the end. Sums, means, maxima and softmax include only the T real steps of a sequence.

Legend: o_t = output at step t (forward half, then backward half), h_n = final hidden state, c_n = final cell state.
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from seqtwin.lookup import pick, whole
from seqtwin.model.encoder import EncoderShape
from seqtwin.records import States


@runtime_checkable
class Representation(Protocol):
    """The contract: States in, one vector of `out_dim` per sequence out.

    `needs`: the states it uses (outputs, hidden, cell). `bound`: its largest |coordinate|, None where there is none.
    """

    @property
    def out_dim(self) -> int: ...

    @property
    def needs(self) -> frozenset[str]: ...

    @property
    def bound(self) -> float | None: ...

    def __call__(self, states: States, /) -> Tensor: ...

    def parameters(self) -> Iterator[nn.Parameter]: ...

    def eval(self) -> "Representation": ...


class FinalHidden(nn.Module):
    """h_n of the top layer, both directions joined. The backward direction ends at step 1."""

    needs = frozenset({"hidden"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.hidden[:, -1].flatten(1)


class AllHidden(nn.Module):
    """h_n of all layers and directions joined. With one layer it equals `final_hidden`."""

    needs = frozenset({"hidden"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.layers * shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        return states.hidden.flatten(1)


class FinalCell(nn.Module):
    """c_n of the top layer, both directions joined. LSTM only. It is unbounded and can grow with the length."""

    needs = frozenset({"cell"})
    bound = None

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        if not shape.memory:
            raise ValueError(f"final_cell needs the cell state of an lstm; cell {shape.cell} has none")
        self.out_dim = shape.directions * shape.memory

    def forward(self, states: States) -> Tensor:
        assert states.cell is not None  # the shape has a memory
        return states.cell[:, -1].flatten(1)


class LastOutput(nn.Module):
    """o_T. In a bidirectional encoder of one layer, its backward half depends on one token only."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        rows = torch.arange(len(states.lengths), device=states.lengths.device)
        return states.outputs[rows, states.lengths - 1]


class FirstOutput(nn.Module):
    """o_1. Its forward half depends on one token only."""

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
    """(1/sqrt T) sum o_t. It has no bound, as it grows with the length."""

    needs = frozenset({"outputs"})
    bound = None

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim = shape.joined

    def forward(self, states: States) -> Tensor:
        return states.outputs.sum(1) / states.lengths[:, None].to(states.outputs.dtype).sqrt()


class MaxOutput(nn.Module):
    """The largest value of each coordinate of o_t."""

    needs = frozenset({"outputs"})

    def __init__(self, shape: EncoderShape) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: States) -> Tensor:
        shortest = int(states.lengths.min())
        if shortest == states.outputs.shape[1] and not torch.is_grad_enabled():
            return states.outputs.amax(1)
        largest: Tensor = _Maximum.apply(states.outputs, _real(states), shortest)  # type: ignore[no-untyped-call]
        return largest


class _Maximum(torch.autograd.Function):
    """The maximum of outputs [batch time dim] over the steps that are `real` [batch time 1].

    The gradient is that of `amax`, in which equal steps share it, but takes less time on a CPU. Only the columns from
    `shortest` on have pads.
    """

    @staticmethod
    def forward(ctx: Any, outputs: Tensor, real: Tensor, shortest: int) -> Tensor:
        largest = outputs[:, :shortest].amax(1)
        if shortest < outputs.shape[1]:
            below = torch.where(real[:, shortest:], 0.0, -torch.inf).to(outputs.dtype)
            largest = torch.maximum(largest, (outputs[:, shortest:] + below).amax(1))
        ctx.save_for_backward(outputs, real, largest)
        ctx.shortest = shortest
        return largest

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        outputs, real, largest = ctx.saved_tensors
        # numbers, not booleans: comparing is six times faster, and so are products
        at = torch.eq(outputs, largest[:, None], out=torch.empty_like(outputs, dtype=gradient.dtype))
        at[:, ctx.shortest :].mul_(real[:, ctx.shortest :])
        counts = at.sum(1)
        if counts.max() > 1:  # some steps are equal
            gradient = gradient / counts
        return at.mul_(gradient[:, None]), None, None


class AttentionOutput(nn.Module):
    """sum a_t o_t with a = softmax over the real steps of u . tanh(W o_t + b); n heads joined. It has parameters.

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
    """Several representations joined, in the order given, from one pass of the encoder."""

    def __init__(self, shape: EncoderShape, parts: list[object]) -> None:
        super().__init__()
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"join: expected a list of representations, got {parts!r}")
        members = [pick(REPRESENTATIONS, part, "representation", shape) for part in parts]
        # all members are modules, which their contract cannot state
        self.parts = nn.ModuleList(part for part in members if isinstance(part, nn.Module))
        self.out_dim = sum(part.out_dim for part in members)
        self.needs: frozenset[str] = frozenset().union(*(part.needs for part in members))
        bounds = [part.bound for part in members]
        self.bound = None if None in bounds else max(b for b in bounds if b is not None)

    def forward(self, states: States) -> Tensor:
        return torch.cat([part(states) for part in self.parts], 1)


def _real(states: States) -> Tensor:
    return states.mask[:, :, None]


REPRESENTATIONS: dict[str, Callable[..., Representation]] = {
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
