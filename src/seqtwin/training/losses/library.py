"""Parts of pytorch-metric-learning by name (losses, miners, distances, reducers), with all their settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from types import ModuleType

from torch import nn

from seqtwin.errors import ConfigError, nearest
from seqtwin.lookup import Spec, member, split_spec
from seqtwin.training.losses.base import Settings

FAMILY = "pytorch-metric-learning"
Table = dict[str, type[nn.Module]]
# a smaller term of a loss is a rounding error, which differs between processors
ROUNDING = 1e-6


def _parts(module: ModuleType, base: type[nn.Module]) -> Table:
    """The concrete parts of one of the library's modules, by name."""
    return {n: c for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, base) and c is not base}


def _tables() -> dict[str, Table]:
    from pytorch_metric_learning import distances, losses, miners, reducers

    return {
        "loss": _parts(losses, losses.BaseMetricLossFunction),
        "miner": _parts(miners, miners.BaseMiner),
        "distance": _parts(distances, distances.BaseDistance),
        "reducer": _parts(reducers, reducers.BaseReducer),
    }


def _options(part: type) -> dict[str, Parameter]:
    """All settings of a part, including those of its base classes: the library passes them on by **kwargs."""
    options: dict[str, Parameter] = {}
    for cls in part.__mro__:
        own = vars(cls).get("__init__")
        if own is None or cls in (nn.Module, object):
            continue
        takes_any = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        named = {n: p for n, p in signature(own).parameters.items() if p.kind not in takes_any and n != "self"}
        options = {**named, **options}
    return options


def _resolved(part: type, options: Mapping[str, object]) -> Settings:
    """These options and the library's defaults for the others, without values that are not JSON."""
    defaults = {name: p.default for name, p in _options(part).items() if p.default is not Parameter.empty}
    settings = {**defaults, **options}
    return {name: v for name, v in settings.items() if isinstance(v, (bool, int, float, str))}


@dataclass(frozen=True)
class Part:
    """The name of a part of the library, with all its settings."""

    name: str
    settings: Settings

    @property
    def shown(self) -> str:
        """The part as a formula prints it: `ContrastiveLoss(pos_margin=0, neg_margin=1)`."""
        listed = ", ".join(f"{name}={value}" for name, value in self.settings.items())
        return f"{self.name}({listed})"


def _refuse_classifier(part: type, name: str) -> None:
    needed = [n for n, p in _options(part).items() if n == "num_classes" and p.default is Parameter.empty]
    if needed:
        raise ConfigError(
            "PML_CLASSES",
            f"{name} learns one weight per class (num_classes), but pairs have no classes",
            place="loss",
            remedy="choose a loss on pairs or triplets, such as ContrastiveLoss or TripletMarginLoss",
        )


def build_part(kind: str, spec: Spec, **inner: nn.Module) -> tuple[nn.Module, Part]:
    """A part built from its spec. `kind`: loss, miner, distance or reducer.

    Raises: ConfigError for unknown names and options, or option values that the part refuses.
    """
    name, options = split_spec(spec)
    part = member(_tables()[kind], name, f"{FAMILY} {kind}")
    _refuse_classifier(part, name)
    known = sorted(_options(part))
    for option in options:
        if option not in known:
            cause = f"unknown option '{option}' of {name}; known: {', '.join(known)}{nearest(option, known)}"
            raise ConfigError("CONFIG_UNKNOWN_OPTION", cause, place=f"{FAMILY} {kind}")
    try:
        module = part(**options, **inner)
    except (TypeError, ValueError, AssertionError, KeyError) as error:
        raise ConfigError("CONFIG_BAD_PART", f"{name}: {error}", place=f"{FAMILY} {kind}") from error
    return module, Part(name, _resolved(part, options))


def reducers_of(reducer: object) -> list[object]:
    """The reducer itself, or the reducers it consists of, one per term of the loss."""
    inner = getattr(reducer, "reducers", None)
    return [reducer] if inner is None else list(inner.values())


def ignore_rounding(reducer: object) -> None:
    """Make the library's mean over non-zero terms leave out terms that are only rounding errors, in place.

    The library counts every term above 0. A negative exactly on the margin gives 0 on one processor and 1e-8 on
    another, so the mean would divide by different numbers.
    """
    from pytorch_metric_learning.reducers import AvgNonZeroReducer

    for part in reducers_of(reducer):
        if isinstance(part, AvgNonZeroReducer):
            part.low = ROUNDING


def shown_reducer(reducer: object) -> str:
    """The reducers in use with their thresholds: `AvgNonZeroReducer(low=1e-06)`."""
    return "/".join(sorted({_shown_thresholds(part) for part in reducers_of(reducer)}))


def _shown_thresholds(part: object) -> str:
    limits = {name: getattr(part, name, None) for name in ("low", "high")}
    listed = ", ".join(f"{name}={limit:g}" for name, limit in limits.items() if limit is not None)
    return f"{type(part).__name__}({listed})" if listed else type(part).__name__
