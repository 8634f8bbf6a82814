"""JSON files of a folder that another process changes meanwhile: one that is missing or incomplete is not an error."""

import json
import math
from collections.abc import Mapping
from pathlib import Path

Content = Mapping[str, object]


def peek(path: Path) -> Content | None:
    """The object in a JSON file; None where there is none, or not yet."""
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return content if isinstance(content, dict) else None


def part(content: Content | None, *keys: str) -> Content:
    """The object at these keys, one inside the other; an empty one where there is none."""
    for key in keys:
        inner = (content or {}).get(key)
        content = inner if isinstance(inner, Mapping) else {}
    return content or {}


def number(value: object) -> float | None:
    """A finite number; None for anything else.

    >>> number(2), number("2"), number(True)
    (2.0, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def whole(value: object) -> int:
    """A count; 0 for anything but a positive integer."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def texts(value: object) -> list[str]:
    """The strings of a list; empty for anything else."""
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def total(values: Content) -> float | None:
    """The sum of the numbers in an object; None where there are none."""
    numbers = [found for value in values.values() if (found := number(value)) is not None]
    return sum(numbers) if numbers else None


def changed(path: Path) -> float | None:
    """When a file or folder was last changed, in seconds since 1970; None where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return None
