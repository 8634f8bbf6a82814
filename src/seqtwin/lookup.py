"""Lookup of parts: from a name in a config to the object, with the same error messages for every family."""

import inspect
from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Any, TypeVar

from seqtwin.errors import ConfigError, nearest
from seqtwin.guards.largest import WIDTH

Spec = str | Mapping[str, Any]
Member = TypeVar("Member")
Made = TypeVar("Made")


def split_spec(spec: object) -> tuple[str, dict[str, Any]]:
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
        remedy = f"write {{name: {next(iter(options))}, ...}}" if len(options) == 1 and name is None else ""
        cause = f"expected a name or {{name: ..., option: ...}}, got {dict(spec)}"
        raise ConfigError("CONFIG_NO_NAME", cause, remedy=remedy)
    return name, options


def whole(setting: str, value: object, most: int = WIDTH) -> int:
    """The value of a setting that must be a positive integer, at most `most`.

    Raises: ValueError, which `pick` turns into a ConfigError.

    >>> whole("heads", 4)
    4
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{setting}: expected a positive integer, got {value!r}")
    if value > most:
        raise ValueError(f"{setting}: expected at most {most}, got {value}")
    return value


def member(table: Mapping[str, Member], name: str, family: str) -> Member:
    """The member of a family. Installed packages can add members by entry points, see `_from_entry_point`.

    Raises: ConfigError for an unknown name, with the nearest known one.
    """
    if name in table:
        return table[name]
    plugged: Member | None = _from_entry_point(family, name)
    if plugged is None:
        cause = f"unknown {family} '{name}'; known: {', '.join(table)}{nearest(name, list(table))}"
        raise ConfigError("CONFIG_UNKNOWN_NAME", cause, place=family)
    return plugged


def _from_entry_point(family: str, name: str) -> Any:
    """The part that another installed package offers: entry point `name` of the group `seqtwin.<family>`."""
    points = entry_points(group=f"seqtwin.{family.replace(' ', '_')}", name=name)
    return next((point.load() for point in points), None)


def _settings(part: Callable[..., object]) -> dict[str, inspect.Parameter]:
    parameters = inspect.signature(part).parameters.values()
    return {p.name: p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)}


def pick(table: Mapping[str, Callable[..., Made]], spec: object, family: str, *context: object) -> Made:
    """Build the part that a spec names: `table[name](*context, **options)`.

    `context`: arguments that the builder knows and a config does not contain (a width, the shape of an encoder).

    Raises: ConfigError for an unknown name or option, or for option values that the part refuses.

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
