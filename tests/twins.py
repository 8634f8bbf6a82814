"""Two folders with the same results: every file byte for byte, but for durations, speeds, dates and hashes of those."""

import csv
import io
import json
from pathlib import Path
from typing import Any

# whatever holds a duration, a speed, a date, or the hash of a file that does
TIMES = ("seconds", "cpu_seconds", "created", "declared", "manifest", "digest", "files", "pages", "sha256", "hours")
SPEEDS = "_per_second"


def timeless(value: Any) -> Any:
    """A JSON value without what differs between two runs of the same."""
    if isinstance(value, dict):
        return {k: timeless(v) for k, v in value.items() if k not in TIMES and not k.endswith(SPEEDS)}
    return [timeless(v) for v in value] if isinstance(value, list) else value


def timeless_table(text: str) -> list[list[str]]:
    """A CSV without its columns of times."""
    head, *rows = csv.reader(io.StringIO(text))
    kept = [i for i, name in enumerate(head) if not any(word in name for word in (*TIMES, SPEEDS))]
    return [[row[i] for i in kept] for row in [head, *rows]]


def content(path: Path) -> Any:
    """The content of a file without times."""
    if path.suffix == ".json":
        return timeless(json.loads(path.read_text(encoding="utf-8")))
    return timeless_table(path.read_text(encoding="utf-8")) if path.suffix == ".csv" else path.read_bytes()


def contents(folder: Path) -> dict[str, Any]:
    """The contents of all files that are not hidden, by name, without the report of a study."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
    names = {path.relative_to(folder).as_posix(): path for path in files}
    return {name: content(path) for name, path in names.items() if not name.startswith("report/")}
