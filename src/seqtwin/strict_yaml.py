"""YAML read under limits: no aliases, no duplicate keys, bounded size, depth and node count."""

import math
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from seqtwin.errors import ConfigError, nearest

MAX_BYTES = 1 << 20
MAX_DEPTH = 20
MAX_NODES = 10_000

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Safe loader that refuses a key standing twice, and reads `1e-3` as a number (YAML 1.1 reads text)."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise _refused("a key must be a text", key)
            if key.value in seen:
                raise _refused(f"the key '{key.value}' stands twice", key)
            seen.add(key.value)
        result: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return result


def _refused(cause: str, node: yaml.Node) -> yaml.YAMLError:
    return yaml.constructor.ConstructorError(None, None, cause, node.start_mark)


def _finite(loader: Any, node: yaml.ScalarNode) -> float:
    value = float(loader.construct_yaml_float(node))
    if not math.isfinite(value):
        raise _refused(f"'{node.value}' is no finite number", node)
    return value


_Loader.add_constructor("tag:yaml.org,2002:float", _finite)
_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"^[-+]?(\d+\.?\d*|\.\d+)[eE][-+]?\d+$"),
    list("-+.0123456789"),
)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file.

    Raises: ConfigError for a missing file, a broken limit, bad syntax, or anything but a mapping.
    """
    return parse_yaml(_text_of(path), place=str(path))


def parse_yaml(text: str, *, place: str) -> dict[str, Any]:
    """The mapping in a YAML text.

    >>> parse_yaml("fit: {lr: 1e-3}", place="example")
    {'fit': {'lr': 0.001}}
    """
    try:
        _check_events(text, place)
        found = _load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date or a whole number that cannot be
        raise ConfigError("CONFIG_YAML", f"not valid YAML: {_short(error)}", place=place) from error
    if not isinstance(found, dict):
        raise ConfigError("CONFIG_SHAPE", f"expected a mapping of keys, got {type(found).__name__}", place=place)
    return found


def parse_value(text: str, *, place: str) -> Any:
    """One YAML value, as an override on the command line writes it.

    >>> parse_value("[1, 2]", place="x")
    [1, 2]
    """
    return parse_yaml(f"value: {text}", place=place)["value"]


def _load(text: str) -> Any:
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
            cause = f"line {line}: an alias (*{event.anchor}); aliases are refused"
            raise ConfigError("CONFIG_ALIAS", cause, place=place, remedy="write the value out")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        nodes += isinstance(event, yaml.NodeEvent)
        if depth > MAX_DEPTH or nodes > MAX_NODES:
            cause = f"deeper than {MAX_DEPTH} levels or more than {MAX_NODES} values"
            raise ConfigError("CONFIG_LIMIT", cause, place=place)


def _short(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    return where + str(getattr(error, "problem", error))
