"""Whether the content of a JSON file has the types and sizes that its readers rely on. A hash that fits is not enough.

The expected shape is the TypedDict or dataclass that also types the reader. Keys of later versions are ignored.
"""

import json
from collections.abc import Mapping, Sequence, Set
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from seqtwin.errors import DamagedError
from seqtwin.guards.seals import REMEDY

LARGEST_INTEGER = 2**63 - 1
LARGEST_NUMBER = 1e40  # no number of 32 bits is larger, and its powers still fit into 64
_SHOWN = 60  # characters


def check_shape(content: object, shape: object, path: Path, needed: Set[str] = frozenset()) -> None:
    """Check the content of a JSON file against a type. `needed`: the keys that older versions wrote, too.

    Raises: DamagedError, with the place of the first value that does not fit.
    """
    huge = _first_huge(content)
    if huge is not None:
        raise _invalid(path, huge, "expected a smaller number")
    try:
        _adapter(shape).validate_json(json.dumps(content, ensure_ascii=False), strict=True)
    except ValidationError as error:
        for one in error.errors(include_url=False, include_input=False):
            place = one["loc"]
            may_lack = one["type"] == "missing" and len(place) == 1 and place[0] not in needed
            if not may_lack:
                expected = one["msg"].replace("Input should be", "expected")
                raise _invalid(path, _place(content, place), expected) from error


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def _place(content: object, steps: Sequence[int | str]) -> str:
    """The keys that lead to a value, without the names that pydantic adds for unions."""
    shown: list[str] = []
    for step in steps:
        inner = dict(enumerate(content)) if isinstance(content, list) else content
        if isinstance(inner, Mapping) and step in inner:
            shown, content = [*shown, str(step)], inner[step]
        elif step == steps[-1] and isinstance(content, Mapping):
            shown.append(str(step))
    return ".".join(shown)


def _first_huge(content: object) -> str | None:
    """The place of a number that is too large to compute with."""
    waiting: list[tuple[str, object]] = [("", content)]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            waiting += [(f"{place}.{key}", inner) for key, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(f"{place}.{number}", inner) for number, inner in enumerate(value)]
        elif isinstance(value, int | float):
            most = LARGEST_INTEGER if isinstance(value, int) else LARGEST_NUMBER
            if not -most <= value <= most:
                return place[1:]
    return None


def _invalid(path: Path, place: str, expected: str) -> DamagedError:
    where = f"{place[:_SHOWN]}: " if place else ""
    cause = f"{where}{expected[0].lower()}{expected[1:]}"
    return DamagedError("CONTENT_INVALID", cause, place=str(path), remedy=REMEDY)
