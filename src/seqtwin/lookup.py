"""From a name in a config to an object: one door, one good error, for every family."""

import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any

from seqtwin.errors import ConfigError, nearest

Spec = str | Mapping[str, Any]


def split_spec(spec: Spec) -> tuple[str, dict[str, Any]]:
    """Name and options of `"mean_output"` or `{"name": "attention_output", "heads": 4}`.

    >>> split_spec({"name": "contrastive", "margin": 0.5})
    ('contrastive', {'margin': 0.5})
    """
    if isinstance(spec, str):
        return spec, {}
    if not isinstance(spec, Mapping):
        raise ConfigError("CONFIG_NO_NAME", f"expected a name or {{name: ..., option: ...}}, got {spec!r}")
    options = dict(spec)
    name = options.pop("name", None)
    if not isinstance(name, str):
        raise ConfigError("CONFIG_NO_NAME", f"expected a name or {{name: ..., option: ...}}, got {dict(spec)}")
    return name, options


def whole(setting: str, value: Any) -> int:
    """The value of a part's setting that must be a whole number from 1 on.

    Raises: ValueError, which `pick` turns into a ConfigError.

    >>> whole("heads", 4)
    4
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{setting}: expected a whole number from 1 on, got {value!r}")
    return value


def member(table: Mapping[str, Any], name: str, family: str) -> Any:
    """The member of a family, or an error that names the nearest known one.

    Raises: ConfigError.
    """
    if name not in table:
        plugged = _plugged(family, name)
        if plugged is not None:
            return plugged
        raise ConfigError(
            "CONFIG_UNKNOWN_NAME",
            f"unknown {family} '{name}'; known: {', '.join(table)}{nearest(name, list(table))}",
            place=family,
        )
    return table[name]


def _plugged(family: str, name: str) -> Any:
    """The part another installed package offers: entry point `name` of the group `seqtwin.<family>`."""
    found = entry_points(group=f"seqtwin.{family.replace(' ', '_')}", name=name)
    return next((one.load() for one in found), None)


def _settings(part: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(part).parameters.values()
    return {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def pick(table: Mapping[str, Any], spec: Spec, family: str, *context: Any) -> Any:
    """Build the part a spec names: `table[name](*context, **options)`.

    `context` is what the builder knows and the user does not write (a width, an encoder's shape).

    Raises: ConfigError for an unknown name or option, or options the part itself refuses.

    >>> pick({"half": lambda x, by=2: x / by}, {"name": "half", "by": 4}, "ratio", 8)
    2.0
    """
    name, options = split_spec(spec)
    part = member(table, name, family)
    known = list(_settings(part))[len(context) :]
    takes_any = any(p.kind is p.VAR_KEYWORD for p in inspect.signature(part).parameters.values())
    for option in options:
        if option not in known and not takes_any:
            listed = ", ".join(known) or "none"
            cause = f"unknown option '{option}' of {family} '{name}'; known: {listed}{nearest(option, known)}"
            raise ConfigError("CONFIG_UNKNOWN_OPTION", cause, place=family)
    try:
        return part(*context, **options)
    except (ValueError, TypeError) as error:
        raise ConfigError("CONFIG_BAD_PART", f"{family} '{name}': {error}", place=family) from error
