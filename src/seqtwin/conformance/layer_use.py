"""Which directions of which recurrent layers take part in the vectors, and the usual cause where one does not."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

BOTH_ENDS = (
    "torch.cat([h_n[-2], h_n[-1]], 1) has the end of both directions, as does "
    "seqtwin.read(rnn, output, state, lengths, 'final_hidden')"
)
_LAST_LAYER = "use h_n[-1], the final state of the last layer"
_NOT_READ = "compute the vectors from what it returns, or remove it"
_WORDS = ("forward", "backward")

Fault = tuple[str, str]  # what was found, and what to change


@dataclass(frozen=True)
class LayerUse:
    """How the vectors depend on one recurrent module. `name`: of the module, in the network.

    `inputs`, `steps`: for each layer, whether each of its directions is used, and whether it made more than one step.
    """

    name: str
    batch_first: bool
    inputs: tuple[tuple[bool, ...], ...]
    steps: tuple[tuple[bool, ...], ...]

    @classmethod
    def of(cls, name: str, rnn: nn.RNNBase, reached: Sequence[bool]) -> "LayerUse":
        """The use of a module. `reached`: whether the vectors depend on each of `weights_of(rnn)`."""
        width = 2 if rnn.bidirectional else 1
        inputs, steps = ([*zip(*[iter(reached[at::2])] * width, strict=True)] for at in (0, 1))
        return cls(name, rnn.batch_first, tuple(inputs), tuple(steps))

    @property
    def is_used(self) -> bool:
        """Whether the vectors depend on any part of the module."""
        return any(map(any, self.inputs))

    def unused(self) -> Fault | None:
        """The layers and directions that no vector depends on. A layer uses both directions of the layer below it."""
        if not self.is_used:
            return f"{self.name} is not used: the vectors depend on nothing that it returns", _NOT_READ
        missing = [self._place(at) for at, used in enumerate(self.inputs) if not all(used)]
        if not missing:
            return None
        verb = "is" if len(missing) == 1 else "are"
        fix = BOTH_ENDS if self._is_bidirectional else _LAST_LAYER
        return f"{self.name} {' and '.join(missing)} {verb} not used, as with {self._likely_state()}", fix

    def one_step(self) -> Fault | None:
        """The first direction of a layer that is used, but for one step only."""
        for layer, (used, several) in enumerate(zip(self.inputs, self.steps, strict=True)):
            for direction, (is_used, has_steps) in enumerate(zip(used, several, strict=True)):
                if is_used and not has_steps:
                    return self._one_step_at(layer, direction)
        return None

    @property
    def _is_bidirectional(self) -> bool:
        return len(self.inputs[0]) == 2

    def _place(self, layer: int) -> str:
        """A layer with the direction that is not used, if the other one is."""
        used = self.inputs[layer]
        return f"layer {layer + 1}, {_WORDS[used.index(False)]} direction" if any(used) else f"layer {layer + 1}"

    def _likely_state(self) -> str:
        """The final states that would be used in this way: those of the last layer that is used."""
        layer = max(at for at, used in enumerate(self.inputs) if any(used))
        used, whole = self.inputs[layer], f"layer {layer + 1}"
        # h_n is [layers * directions, batch, H]; the last layer is usually counted from the end
        last = len(used) * len(self.inputs) if layer + 1 == len(self.inputs) > 1 else 0
        first = len(used) * layer - last
        if not self._is_bidirectional:
            return f"h_n[{first}], the final state of {whole}"
        if all(used):
            return f"h_n[{first}] and h_n[{first + 1}], the final states of {whole}"
        direction = used.index(True)
        return f"h_n[{first + direction}], the {_WORDS[direction]} direction of {whole} only"

    def _one_step_at(self, layer: int, direction: int) -> Fault:
        made = "made one step only"
        if self._is_bidirectional:
            found = "output at one end of the sequence has read a single token there"
            return f"{self.name} layer {layer + 1}, {_WORDS[direction]} direction {made}: {found}", BOTH_ENDS
        first, rows = ("output[:, 0]", "torch.arange(len(lengths)), lengths - 1")
        if not self.batch_first:
            first, rows = "output[0]", "lengths - 1, torch.arange(len(lengths))"
        found = f"{self.name} layer {layer + 1} {made}, as with {first}, which has read the first step only"
        return found, f"{_LAST_LAYER}, or output[{rows}]"


def recurrent_layers(module: nn.Module) -> list[tuple[str, nn.RNNBase]]:
    """The recurrent modules of a network, with their names."""
    parts = module.named_modules()
    return [(name or type(part).__name__, part) for name, part in parts if isinstance(part, nn.RNNBase)]


def weights_of(rnn: nn.RNNBase) -> list[Tensor]:
    """The weights of the inputs and of the last state of each direction of each layer, in turn."""
    return [
        getattr(rnn, f"weight_{kind}_l{layer}{suffix}")
        for layer in range(rnn.num_layers)
        for suffix in ("", "_reverse")[: 1 + rnn.bidirectional]
        for kind in ("ih", "hh")
    ]


def reached_weights(vectors: Tensor, weights: Sequence[Tensor]) -> list[bool]:
    """Whether the vectors depend on each of the weights."""
    if not vectors.requires_grad or not weights:
        return [False] * len(weights)
    draw = torch.randn(vectors.shape, generator=torch.Generator().manual_seed(0)).to(vectors)
    found = torch.autograd.grad((vectors * draw).sum(), [*weights], allow_unused=True)
    return [gradient is not None and bool(gradient.any()) for gradient in found]
