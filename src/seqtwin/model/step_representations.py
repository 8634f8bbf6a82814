"""STEP_READS: one vector per step from the states of an encoder, for a label at each step.

To add one: an `nn.Module` and a line in the dict at the end. The steps of row 0 come first, then those of row 1, ...,
without pads.
"""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from seqtwin.lookup import pick
from seqtwin.model.siamese import Siamese
from seqtwin.records import States


@runtime_checkable
class StepRead(Protocol):
    """The contract: one vector of `out_dim` for every real step, Float[steps dim]."""

    @property
    def out_dim(self) -> int: ...

    def __call__(self, model: Siamese, states: States, /) -> Tensor: ...


class Outputs(nn.Module):
    """o_t: the output at step t, with both directions joined."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.encoder.shape.joined

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[states.mask]


class ForwardOutputs(nn.Module):
    """The forward half of o_t. It depends on steps 1 to t."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.encoder.shape.width

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[..., : self.out_dim][states.mask]


class BackwardOutputs(nn.Module):
    """The backward half of o_t. It depends on step t to the last step."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        if model.encoder.shape.directions == 1:
            raise ValueError("backward_outputs needs a bidirectional encoder")
        self.out_dim = model.encoder.shape.width

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[..., self.out_dim :][states.mask]


class Repeated(nn.Module):
    """The vector of the whole sequence (the representation of the config), the same at every step."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.projection.out_dim

    def forward(self, model: Siamese, states: States) -> Tensor:
        return model.vectors_of(states).repeat_interleave(states.lengths, dim=0)


class JoinedSteps(nn.Module):
    """Several of these joined, in the order given."""

    def __init__(self, model: Siamese, parts: list[object]) -> None:
        super().__init__()
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"join: expected a list of step reads, got {parts!r}")
        members = [pick(STEP_READS, part, "step read", model) for part in parts]
        # all members are modules, which their contract cannot state
        self.parts = nn.ModuleList(part for part in members if isinstance(part, nn.Module))
        self.out_dim = sum(part.out_dim for part in members)

    def forward(self, model: Siamese, states: States) -> Tensor:
        return torch.cat([part(model, states) for part in self.parts], 1)


STEP_READS: dict[str, Callable[..., StepRead]] = {
    "outputs": Outputs,
    "forward_outputs": ForwardOutputs,
    "backward_outputs": BackwardOutputs,
    "repeated": Repeated,
    "join": JoinedSteps,
}
