"""The type of a JSON value, and the strict reading of one."""

import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeAlias

Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key occurs twice")
    return mapping


def strict_json(text: str) -> Any:
    """The value of a JSON text without NaN and duplicate keys. Raises: ValueError, RecursionError."""
    return json.loads(text, parse_constant=_no_constant, object_pairs_hook=_without_duplicates)
