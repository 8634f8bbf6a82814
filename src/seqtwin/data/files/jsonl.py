"""A .jsonl file: one JSON object with named columns per line."""

import json
from typing import Any

from seqtwin.data.files.rows import Opened, Rows


def read_jsonl(file: Opened) -> Rows:
    """One row per line that is not blank."""
    for number, line in enumerate(file.lines(), 1):
        if line.strip():
            yield number, json_object(line.removesuffix("\n"))


def json_object(line: str) -> dict[str, Any] | str:
    """The object on a line, or what is wrong with the line."""
    try:
        found = json.loads(line, parse_constant=str)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error}): {line[:60]!r}"
    return found if isinstance(found, dict) else f"expected an object with named columns, found {line[:60]!r}"
