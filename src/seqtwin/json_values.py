"""JSON values: their type, a strict parser, and their hash."""

import hashlib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from typing_extensions import TypeAliasType

if TYPE_CHECKING:
    Json: TypeAlias = bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None
else:  # pydantic needs a name for a type that contains itself
    Json = TypeAliasType("Json", bool | int | float | str | Sequence["Json"] | Mapping[str, "Json"] | None)

DEEPEST = 100  # levels of lists and objects
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise ValueError(f"{text[:20]} is too large for a number")
    return value


def _without_duplicates(pairs: list[tuple[str, object]]) -> dict[str, object]:
    mapping = dict(pairs)
    if len(mapping) != len(pairs):
        raise ValueError("a key occurs twice")
    return mapping


def strict_json(text: str) -> Any:
    """The value of a JSON text without NaN, infinity, duplicate keys, and lists or objects in more than 100 others.

    Raises: ValueError, RecursionError.

    >>> strict_json('{"auc": 0.5}')
    {'auc': 0.5}
    """
    value = json.loads(text, parse_constant=_no_constant, parse_float=_finite, object_pairs_hook=_without_duplicates)
    _refuse_deep(value)
    return value


def _refuse_deep(value: object) -> None:
    """Check the depth: what can be read can then also be written and hashed. Raises: ValueError."""
    level = [value]
    for _ in range(DEEPEST):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return
    raise ValueError(f"lists and objects are nested more than {DEEPEST} deep")


def _inside(outer: object) -> list[object]:
    """The lists and objects directly in a value."""
    inner = outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ()
    return [value for value in inner if isinstance(value, dict | list)]


def refuse_half_characters(text: str, value: object) -> None:
    """Check that no string of a JSON value contains half a character (a lone surrogate). `text`: the JSON text of it.

    Raises: ValueError.
    """
    if _SURROGATE.search(text):
        json.dumps(value, ensure_ascii=False).encode()  # raises UnicodeEncodeError, which is a ValueError


def hash_of(value: object) -> str:
    """The sha256 of a JSON value, in hexadecimal. It does not depend on the order of keys."""
    text = json.dumps(value, sort_keys=True, allow_nan=False, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
