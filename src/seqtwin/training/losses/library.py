"""Parts of pytorch-metric-learning by name: losses, miners, distances, reducers, with every setting resolved."""

from collections.abc import Mapping
from dataclasses import dataclass
from inspect import Parameter, signature
from types import ModuleType
from typing import Any

from torch import nn

from seqtwin.errors import ConfigError, nearest
from seqtwin.lookup import Spec, member, split_spec

FAMILY = "pytorch-metric-learning"
# below this a term of a loss is what rounding left of 0, on one processor and not on the next
ROUNDING = 1e-6


def _parts(module: ModuleType, base: type) -> dict[str, Any]:
    """The concrete parts of one of the library's modules, by name."""
    return {n: c for n, c in vars(module).items() if isinstance(c, type) and issubclass(c, base) and c is not base}


def _tables() -> dict[str, dict[str, Any]]:
    from pytorch_metric_learning import distances, losses, miners, reducers

    return {
        "loss": _parts(losses, losses.BaseMetricLossFunction),
        "miner": _parts(miners, miners.BaseMiner),
        "distance": _parts(distances, distances.BaseDistance),
        "reducer": _parts(reducers, reducers.BaseReducer),
    }


def _options(part: type) -> dict[str, Parameter]:
    """All settings of a part, gathered over its bases: the library hands them up by **kwargs."""
    found: dict[str, Parameter] = {}
    for cls in part.__mro__:
        own = vars(cls).get("__init__")
        if own is None or cls in (nn.Module, object):
            continue
        takes_any = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)
        named = {n: p for n, p in signature(own).parameters.items() if p.kind not in takes_any and n != "self"}
        found = {**named, **found}
    return found


def _resolved(part: type, options: Mapping[str, Any]) -> dict[str, Any]:
    """Given options over the library's defaults, as far as JSON can hold them."""
    defaults = {name: p.default for name, p in _options(part).items() if p.default is not Parameter.empty}
    settings = {**defaults, **options}
    return {name: v for name, v in settings.items() if isinstance(v, (bool, int, float, str))}


@dataclass(frozen=True)
class Part:
    """Which part of the library is used, with its resolved settings."""

    name: str
    settings: dict[str, Any]

    @property
    def shown(self) -> str:
        """The part in a formula."""
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
    """A part built from its spec. Raises: ConfigError for unknown names and options, or options it refuses itself."""
    name, options = split_spec(spec)
    part = member(_tables()[kind], name, f"{FAMILY} {kind}")
    _refuse_classifier(part, name)
    known = sorted(_options(part))
    for option in options:
        if option not in known:
            cause = f"unknown option '{option}' of {name}; known: {', '.join(known)}{nearest(option, known)}"
            raise ConfigError("CONFIG_UNKNOWN_OPTION", cause, place=f"{FAMILY} {kind}")
    try:
        module: nn.Module = part(**options, **inner)
    except (TypeError, ValueError, AssertionError, KeyError) as error:
        raise ConfigError("CONFIG_BAD_PART", f"{name}: {error}", place=f"{FAMILY} {kind}") from error
    return module, Part(name, _resolved(part, options))


def reducers_of(reducer: Any) -> list[Any]:
    """The reducer itself, or the ones it consists of, one for each term of the loss."""
    return list(reducer.reducers.values()) if hasattr(reducer, "reducers") else [reducer]


def ignore_rounding(reducer: Any) -> None:
    """Make the library's mean over non-zero terms leave out terms that are only rounding errors, in place.

    The library counts every term above 0. A negative exactly on the margin gives 0 with one processor's kernels and
    1e-8 with another's, and then the mean divides by another number.
    """
    from pytorch_metric_learning.reducers import AvgNonZeroReducer

    for part in reducers_of(reducer):
        if isinstance(part, AvgNonZeroReducer):
            part.low = ROUNDING


def shown_reducer(reducer: Any) -> str:
    """The reducers in use with their thresholds: `AvgNonZeroReducer(low=1e-06)`."""
    return "/".join(sorted({_shown_thresholds(part) for part in reducers_of(reducer)}))


def _shown_thresholds(part: Any) -> str:
    limits = {name: getattr(part, name, None) for name in ("low", "high")}
    listed = ", ".join(f"{name}={limit:g}" for name, limit in limits.items() if limit is not None)
    return f"{type(part).__name__}({listed})" if listed else type(part).__name__
