"""Which parameters are trained at which rate: what stands on the encoder at the full one, below it less and less."""

from collections.abc import Iterator
from typing import Any

from torch import nn

Groups = list[dict[str, Any]]


def parameter_groups(model: Any, loss: nn.Module, lr: float, decay: float) -> Groups:
    """Groups of trainable parameters, each with its rate: lr x decay^depth; the topmost that is trained has lr itself.

    First everything outside of the encoder, then its top layer, ...; its inputs are deepest. With `decay` 1 there is
    one group. Source: Howard & Ruder 2018, discriminative fine-tuning (there decay = 1 / 2.6).
    """
    depths = {id(parameter): depth for depth, parameter in _with_depth(model.encoder)}
    every = [p for part in (model, loss) for p in part.parameters() if p.requires_grad]
    if decay == 1:
        return [{"params": every, "lr": lr}]
    found: dict[int, list[nn.Parameter]] = {}
    for parameter in every:
        found.setdefault(depths.get(id(parameter), 0), []).append(parameter)
    top = min(found, default=0)
    return [{"params": found[depth], "lr": lr * decay ** (depth - top)} for depth in sorted(found)]


def _with_depth(encoder: Any) -> Iterator[tuple[int, nn.Parameter]]:
    layers = encoder.rnn.num_layers
    for name, parameter in encoder.rnn.named_parameters():
        # PyTorch's names: weight_ih_l0, weight_hh_l1_reverse, bias_ih_l0 ...
        layer = next(i for i in range(layers) if f"_l{i}" == "_" + name.removesuffix("_reverse").rsplit("_", 1)[1])
        yield layers - layer, parameter
    for parameter in encoder.inputs.parameters():
        yield layers + 1, parameter
