"""The learning rate of each parameter: full above the encoder, smaller with every layer below."""

import re
from collections.abc import Iterator

from torch import nn

from seqtwin.model.distiller import Distiller
from seqtwin.model.encoder import Encoder
from seqtwin.model.heads import Learner
from seqtwin.model.siamese import Siamese

Groups = list[dict[str, object]]  # as PyTorch's optimizers take them: "params" and "lr"


def parameter_groups(model: Siamese | Learner | Distiller, loss: nn.Module, lr: float, decay: float) -> Groups:
    """Groups of trainable parameters, each with its rate: lr x decay^depth.

    The parameters outside the encoder come first, then the top layer of its cell, the layers below, and its inputs.
    The first group that has trainable parameters has the rate `lr`. With `decay` 1 there is one group.
    Source: Howard & Ruder 2018, discriminative fine-tuning (with decay = 1 / 2.6).
    """
    depths = {id(parameter): depth for depth, parameter in _with_depth(model.encoder)}
    every = [p for part in (model, loss) for p in part.parameters() if p.requires_grad]
    if decay == 1:
        return [{"params": every, "lr": lr}]
    by_depth: dict[int, list[nn.Parameter]] = {}
    for parameter in every:
        by_depth.setdefault(depths.get(id(parameter), 0), []).append(parameter)
    top = min(by_depth, default=0)
    return [{"params": by_depth[depth], "lr": lr * decay ** (depth - top)} for depth in sorted(by_depth)]


def _with_depth(encoder: Encoder) -> Iterator[tuple[int, nn.Parameter]]:
    layers = encoder.rnn.num_layers
    for name, parameter in encoder.rnn.named_parameters():
        # PyTorch's names: weight_ih_l0, weight_hh_l1_reverse, bias_ih_l0 ...; a cell without such names is one layer
        layer = re.search(r"_l(\d+)(_reverse)?$", name)
        yield (layers - int(layer[1]) if layer else 1), parameter
    for parameter in encoder.inputs.parameters():
        yield layers + 1, parameter
