"""The learning rate of each parameter: by its part of the model, and smaller with every layer of the encoder."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from torch import nn

from seqtwin.errors import ConfigError
from seqtwin.model.distiller import Distiller
from seqtwin.model.encoder import Encoder
from seqtwin.model.heads import Learner
from seqtwin.model.siamese import Siamese

Trainee = Siamese | Learner | Distiller
Groups = list[dict[str, object]]  # as PyTorch's optimizers take them: "params" and "lr"


def parameter_groups(
    model: Trainee, loss: nn.Module, lr: float, decay: float, rates: Mapping[str, float] | None = None
) -> Groups:
    """Groups of trainable parameters, each with its rate: lr x decay^depth x the rate of its part.

    The parameters outside the encoder come first, then the top layer of its cell, the layers below, and its inputs.
    The first group that has trainable parameters has depth 0. With `decay` 1 and no `rates` there is one group.
    `rates`: a factor by the name of a part in PARTS; 1 for the others.
    Source: Howard & Ruder 2018, discriminative fine-tuning (with decay = 1 / 2.6).

    Raises: ConfigError for a rate of a part that has nothing to train.
    """
    every = [p for part in (model, loss) for p in part.parameters() if p.requires_grad]
    rates = rates or {}
    refuse_idle_rates(model, loss, rates)
    if decay == 1 and not rates:
        return [{"params": every, "lr": lr}]
    depths = {id(parameter): depth for depth, parameter in _with_depth(model.encoder)} if decay != 1 else {}
    parts = _names(model, loss)
    by_place: dict[tuple[int, float], list[nn.Parameter]] = {}
    for parameter in every:
        place = depths.get(id(parameter), 0), rates.get(parts.get(id(parameter), ""), 1.0)
        by_place.setdefault(place, []).append(parameter)
    top = min((depth for depth, _ in by_place), default=0)
    places = sorted(by_place, key=lambda place: place[0])
    return [{"params": by_place[d, rate], "lr": lr * decay ** (d - top) * rate} for d, rate in places]


def refuse_idle_rates(model: Trainee, loss: nn.Module, rates: Mapping[str, float]) -> None:
    """Raises: ConfigError for a rate of a part that has nothing to train in this model, with the parts that have."""
    trained = [name for name, part in PARTS.items() if any(p.requires_grad for p in part(model, loss))]
    for name in rates:
        if name not in trained:
            cause = f"this model has no weights to train in its {name}; parts with some: {', '.join(trained) or 'none'}"
            raise ConfigError("RATES_IDLE", cause, place=f"fit.rates.{name}", remedy="remove it")


def _names(model: Trainee, loss: nn.Module) -> dict[int, str]:
    """The part of each parameter, by its id. A parameter that two parts share belongs to the first."""
    names: dict[int, str] = {}
    for name, part in PARTS.items():
        for parameter in part(model, loss):
            names.setdefault(id(parameter), name)
    return names


def _with_depth(encoder: Encoder) -> Iterator[tuple[int, nn.Parameter]]:
    layers = encoder.rnn.num_layers
    for name, parameter in encoder.rnn.named_parameters():
        # PyTorch's names: weight_ih_l0, weight_hh_l1_reverse, bias_ih_l0 ...; a cell without such names is one layer
        layer = re.search(r"_l(\d+)(_reverse)?$", name)
        yield (layers - int(layer[1]) if layer else 1), parameter
    for parameter in encoder.inputs.parameters():
        yield layers + 1, parameter


def _siamese(model: Trainee) -> Siamese:
    return model if isinstance(model, Siamese) else model.model


def _of_channel(channel: nn.Module | None) -> Iterable[nn.Parameter]:
    return () if channel is None else channel.parameters()


def _head(model: Trainee, _loss: nn.Module) -> Iterable[nn.Parameter]:
    """The parameters outside the Siamese: a head, or the map of a distiller."""
    own = {id(parameter) for parameter in _siamese(model).parameters()}
    return [parameter for parameter in model.parameters() if id(parameter) not in own]


# the parts of a model that `fit.rates` names, which RatesConfig declares
PARTS: dict[str, Callable[[Trainee, nn.Module], Iterable[nn.Parameter]]] = {
    "embedding": lambda model, _: model.encoder.inputs.parameters(),
    "recurrent": lambda model, _: [parameter for _, parameter in model.encoder.rnn.named_parameters()],
    "representation": lambda model, _: _siamese(model).representation.parameters(),
    "projection": lambda model, _: _siamese(model).projection.parameters(),
    "similarity": lambda model, _: _siamese(model).similarity.parameters(),
    "lexical": lambda model, _: _of_channel(_siamese(model).lexical),
    "kernels": lambda model, _: _of_channel(_siamese(model).kernels),
    "head": _head,
    "loss": lambda _, loss: loss.parameters(),
}
