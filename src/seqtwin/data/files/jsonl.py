"""The reader of .jsonl files: one JSON object per line, with columns as keys."""

import json

from seqtwin.data.files.json_tables import without_duplicates
from seqtwin.data.files.rows import Opened, Row, Rows


def read_jsonl(file: Opened) -> Rows:
    """One row per line that is not blank."""
    for number, line in enumerate(file.lines(), 1):
        if line.strip():
            yield number, json_object(line.removesuffix("\n"))


def json_object(line: str) -> Row:
    """The object on a line, or a problem."""
    try:
        value = json.loads(line, parse_constant=str, object_pairs_hook=without_duplicates)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error}): {line[:60]!r}"
    return value if isinstance(value, dict) else f"expected an object with named columns, found {line[:60]!r}"
