"""A .csv, .tsv, .jsonl, .parquet, .ts or .conllu file as columns of values, with the line each row stands on."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtwin.data.conllu import read_conllu
from seqtwin.data.sources import read_text, require_file
from seqtwin.data.ts import read_ts
from seqtwin.errors import DataError, gathered, missing_extra, nearest

MAX_FIELD = 10 * 2**20


@dataclass(frozen=True)
class Table:
    """Columns by name, the line of each row, and what is wrong with single rows (those rows are not in the columns)."""

    path: Path
    columns: dict[str, list[Any]]
    lines: list[int]
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # how the file was read, where that was decided

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def place(self) -> str:
        """How errors name the file."""
        return str(self.path)

    def report(self, row: int, name: str, problem: str) -> None:
        """Note what is wrong with one value."""
        self.problems.append((self.lines[row], f"column '{name}': {problem}"))

    def finish(self, remedy: str) -> None:
        """Nothing, when no row had a problem.

        Raises: DataError with all problems of the file.
        """
        if self.problems:
            listed = [f"line {line}: {problem}" for line, problem in sorted(self.problems, key=lambda p: p[0])]
            raise gathered("DATA_ROWS", self.place, listed, remedy)


def read_table(path: Path) -> Table:
    """All columns of a file; its kind is told by its ending.

    Raises: DataError when the file is not such a table or has no rows.
    """
    reader = FORMATS.get(path.suffix.lower())
    if reader is None:
        require_file(path)
        known = ", ".join(FORMATS)
        raise DataError("DATA_FORMAT", f"unknown ending '{path.suffix}'; known: {known}", place=str(path))
    table = reader(path)
    if not table.lines and not table.problems:
        cause = "no rows: the file has a header only" if table.columns else "no rows: the file is empty"
        raise DataError("DATA_NO_ROWS", cause, place=str(path), remedy="expected a header and at least one row")
    return table


def column(table: Table, name: str) -> list[Any]:
    """The values of one column.

    Raises: DataError that names the columns there are.
    """
    if name in table.columns:
        return table.columns[name]
    found = list(table.columns)
    listed = ", ".join(f"'{known}'" for known in found[:12])
    cause = f"column '{name}' is missing; found: {listed}{nearest(name, found)}"
    remedy = "name the column in the config as it stands in the file"
    if len(found) == 1 and any(sign in found[0] for sign in "\t;|"):
        remedy = "the header is one field: save the file with commas (.csv) or tabs (.tsv)"
    raise DataError("DATA_COLUMN", cause, place=table.place, remedy=remedy)


@dataclass(frozen=True)
class _Row:
    line: int
    fields: list[str]


def _read_delimited(path: Path, delimiter: str) -> Table:
    problems: list[tuple[int, str]] = []
    rows = _records(read_text(path), delimiter, problems)
    first = next(rows, None)
    if first is None:
        return Table(path, {}, [], problems)
    header = [name.strip() for name in first.fields]
    check_header(header, path)
    kept = []
    for row in rows:
        problem = shape_problem(row.fields, header)
        if problem:
            problems.append((row.line, problem))
        else:
            kept.append(row)
    columns = {name: [row.fields[i] for row in kept] for i, name in enumerate(header)}
    return Table(path, columns, [row.line for row in kept], problems)


def check_header(header: Sequence[str], path: Path) -> None:
    """Raises: DataError for a column that stands twice."""
    twice = [name for name, count in Counter(header).items() if count > 1]
    if twice:
        raise DataError("DATA_HEADER", f"line 1: column '{twice[0]}' stands twice in the header", place=str(path))


def shape_problem(fields: list[str], header: list[str]) -> str | None:
    """What is wrong with the fields of a row as such."""
    if [value.strip() for value in fields] == header:
        return "the header is repeated"
    if len(fields) != len(header):
        shown = ",".join(fields)[:60]
        return f"expected {len(header)} fields ({', '.join(header)}), found {len(fields)}: {shown!r}"
    return None


def _records(text: str, delimiter: str, problems: list[tuple[int, str]]) -> Iterator[_Row]:
    """The records with the line each begins on; a quote that goes wrong ends them and is a problem of its own."""
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    begin = 1
    try:
        for fields in reader:
            if fields:
                yield _Row(begin, fields)
            begin = reader.line_num + 1
    except csv.Error as error:
        problems.append(_quote_problem(text, delimiter, begin, error))


def _quote_problem(text: str, delimiter: str, begin: int, error: csv.Error) -> tuple[int, str]:
    if "field larger" in str(error):
        return begin, f"a field is larger than {MAX_FIELD} bytes, or a quote on this line is never closed"
    opened = _opening_line(text, delimiter, begin)
    how = "is never closed" if "unexpected end" in str(error) else f"is closed in the middle of a field ({error})"
    return opened, f"the quote that opens on this line {how}; nothing after it was read"


def _opening_line(text: str, delimiter: str, begin: int) -> int:
    """The line of the last quote that opens a field, from the record that begins on line `begin`."""
    opened, line, quoted, fresh = begin, begin, False, True
    position = _offset(text, begin)
    while position < len(text):
        sign = text[position]
        if quoted and sign == '"' and text[position + 1 : position + 2] == '"':
            position += 1
        elif quoted and sign == '"':
            quoted = False
            if text[position + 1 : position + 2] not in (delimiter, "\n", ""):
                break
        elif sign == '"' and fresh:
            quoted, opened = True, line
        fresh = not quoted and sign in (delimiter, "\n")
        line += sign == "\n"
        position += 1
    return opened


def _offset(text: str, line: int) -> int:
    position = 0
    for _ in range(line - 1):
        position = text.index("\n", position) + 1
    return position


def _read_csv(path: Path) -> Table:
    return _read_delimited(path, ",")


def _read_tsv(path: Path) -> Table:
    return _read_delimited(path, "\t")


def _read_jsonl(path: Path) -> Table:
    rows: list[dict[str, Any]] = []
    lines: list[int] = []
    problems: list[tuple[int, str]] = []
    for number, line in enumerate(read_text(path).split("\n"), start=1):
        if not line.strip():
            continue
        row = json_object(line)
        if isinstance(row, str):
            problems.append((number, row))
        else:
            rows.append(row)
            lines.append(number)
    names = dict.fromkeys(name for row in rows for name in row)
    return Table(path, {name: [row.get(name) for row in rows] for name in names}, lines, problems)


def json_object(line: str) -> dict[str, Any] | str:
    """The object on a line, or what is wrong with the line."""
    try:
        found = json.loads(line, parse_constant=str)
    except (ValueError, RecursionError) as error:
        return f"not JSON ({error}): {line[:60]!r}"
    return found if isinstance(found, dict) else f"expected an object with named columns, found {line[:60]!r}"


def _read_parquet(path: Path) -> Table:
    require_file(path)
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    try:
        found = parquet.read_table(path)
        names = list(found.column_names)
        check_header(names, path)
        columns = {name: found.column(name).to_pylist() for name in names}
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("DATA_PARQUET", f"not a readable parquet file: {error}", place=str(path)) from error
    return Table(path, columns, list(range(1, found.num_rows + 1)))  # rows have no lines here: their number


def _read_ts(path: Path) -> Table:
    found = read_ts(path)
    return Table(path, found.columns, found.lines, found.problems)


def _read_conllu(path: Path) -> Table:
    found = read_conllu(path)
    return Table(path, found.columns, found.lines, found.problems)


FORMATS: dict[str, Callable[[Path], Table]] = {
    ".csv": _read_csv,
    ".tsv": _read_tsv,
    ".jsonl": _read_jsonl,
    ".parquet": _read_parquet,
    ".ts": _read_ts,
    ".conllu": _read_conllu,
}
