"""Strict YAML: no aliases, no duplicate keys, and limits on size, depth and the number of values."""

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any, NoReturn

import yaml

from seqtwin.errors import ConfigError, nearest

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 10_000
MAX_DIGITS = 30

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """A safe loader that refuses duplicate keys, and loads `1e-3` as a number (in YAML 1.1 it is a text)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, object]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key must be text", key)
            if key.value in seen:
                raise _refused(f"the key '{key.value}' occurs twice", key)
            seen.add(key.value)
        result: dict[Hashable, object] = super().construct_mapping(node, deep)
        return result


def _refused(cause: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, cause, node.start_mark)


def _finite(loader: Any, node: yaml.ScalarNode) -> float:
    value = float(loader.construct_yaml_float(node))
    if not math.isfinite(value):
        raise _refused(f"'{node.value}' is not a finite number", node)
    return value


def _whole(loader: Any, node: yaml.ScalarNode) -> int:
    if len(node.value) > MAX_DIGITS:
        raise _refused(f"an integer of more than {MAX_DIGITS} characters", node)
    return int(loader.construct_yaml_int(node))


def _refuse_tag(_loader: Any, node: yaml.Node) -> NoReturn:
    raise _refused(f"the tag {node.tag.rpartition(':')[2]} is not allowed here", node)


_Loader.add_constructor("tag:yaml.org,2002:float", _finite)
_Loader.add_constructor("tag:yaml.org,2002:int", _whole)
for _kind in ("binary", "set", "omap", "pairs"):  # types that no setting has
    _Loader.add_constructor(f"tag:yaml.org,2002:{_kind}", _refuse_tag)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises: ConfigError for a missing file, an exceeded limit, bad syntax, or anything but a mapping.
    """
    return parse_yaml(_text_of(path), place=str(path))


def parse_yaml(text: str, *, place: str) -> dict[str, Any]:
    """The mapping in a YAML text.

    >>> parse_yaml("fit: {lr: 1e-3}", place="example")
    {'fit': {'lr': 0.001}}
    """
    try:
        _check_events(text, place)
        mapping = _load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: an invalid date, or an integer that is too long
        raise ConfigError("CONFIG_YAML", f"not valid YAML: {_short(error)}", place=place) from error
    if not isinstance(mapping, dict):
        raise ConfigError("CONFIG_SHAPE", f"expected a mapping of keys, got {type(mapping).__name__}", place=place)
    return mapping


def parse_value(text: str, *, place: str) -> Any:
    """A single YAML value, such as the value of an override on the command line.

    >>> parse_value("[1, 2]", place="x")
    [1, 2]
    """
    return parse_yaml(f"value: {text}", place=place)["value"]


def _load(text: str) -> object:
    loader = _Loader(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def _text_of(path: Path) -> str:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ConfigError("CONFIG_LIMIT", f"{size} bytes; a config has at most {MAX_BYTES}", place=str(path))
        return path.read_text(encoding="utf-8")
    except OSError as error:
        siblings = [p.name for p in path.parent.glob("*")] if path.parent.is_dir() else []
        cause = f"cannot be read: {error.strerror}{nearest(path.name, siblings)}"
        raise ConfigError("CONFIG_MISSING", cause, place=str(path)) from error
    except UnicodeDecodeError as error:
        raise ConfigError("CONFIG_ENCODING", f"not UTF-8 at byte {error.start}", place=str(path)) from error


def _check_events(text: str, place: str) -> None:
    depth = nodes = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent):
            line = event.start_mark.line + 1 if event.start_mark else 0
            cause = f"line {line}: an alias (*{event.anchor}); aliases are not allowed"
            raise ConfigError("CONFIG_ALIAS", cause, place=place, remedy="write the value itself")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            cause = f"nested deeper than {MAX_DEPTH} levels, or more than {MAX_NODES} values"
            raise ConfigError("CONFIG_LIMIT", cause, place=place)


def _short(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", error))
