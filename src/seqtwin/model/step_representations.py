"""STEP_READS: what a labeller reads at each step. To add one: a final `nn.Module` and a line in the dict at the foot.

Everything comes from one pass of the encoder; the steps of row 0 stand first, then those of row 1, without pads.
"""

from typing import Any, Protocol

import torch
from torch import Tensor, nn

from seqtwin.lookup import pick
from seqtwin.model.siamese import Siamese
from seqtwin.records import States


class StepRead(Protocol):
    """The contract: one vector of `out_dim` for every real step, Float[steps dim]."""

    out_dim: int

    def __call__(self, model: Siamese, states: States) -> Tensor: ...


class Outputs(nn.Module):
    """o_t: what the encoder says at step t, all its directions side by side."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.encoder.shape.joined

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[states.mask]


class ForwardOutputs(nn.Module):
    """The forward half of o_t: it has read steps 1 to t."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.encoder.shape.width

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[..., : self.out_dim][states.mask]


class BackwardOutputs(nn.Module):
    """The backward half of o_t: it has read the last step back to t."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        if model.encoder.shape.directions == 1:
            raise ValueError("backward_outputs needs a bidirectional encoder")
        self.out_dim = model.encoder.shape.width

    def forward(self, _model: Siamese, states: States) -> Tensor:
        return states.outputs[..., self.out_dim :][states.mask]


class Repeated(nn.Module):
    """The one vector of the whole sequence (the config's representation), the same at every step."""

    def __init__(self, model: Siamese) -> None:
        super().__init__()
        self.out_dim = model.space.dim

    def forward(self, model: Siamese, states: States) -> Tensor:
        return model.vectors_of(states).repeat_interleave(states.lengths, dim=0)


class JoinedSteps(nn.Module):
    """Several of these side by side, in the order named."""

    def __init__(self, model: Siamese, parts: list[Any]) -> None:
        super().__init__()
        if not isinstance(parts, list) or not parts:
            raise ValueError(f"join: expected a list of step reads, got {parts!r}")
        self.parts = nn.ModuleList(pick(STEP_READS, part, "step read", model) for part in parts)
        members: list[Any] = list(self.parts)
        self.out_dim = sum(int(part.out_dim) for part in members)

    def forward(self, model: Siamese, states: States) -> Tensor:
        return torch.cat([part(model, states) for part in self.parts], 1)


STEP_READS: dict[str, Any] = {
    "outputs": Outputs,
    "forward_outputs": ForwardOutputs,
    "backward_outputs": BackwardOutputs,
    "repeated": Repeated,
    "join": JoinedSteps,
}
