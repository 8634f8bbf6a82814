"""A table or a text file in blocks of rows, for files that are larger than memory."""

import csv
import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

from seqtwin.data.readers import REMEDY_ROWS
from seqtwin.data.sources import BYTE_ORDER_MARKS, PACKED, require_file
from seqtwin.data.tables import MAX_FIELD, Table, check_header, json_object, shape_problem
from seqtwin.data.ts import read_ts
from seqtwin.data.values import texts
from seqtwin.errors import DataError, gathered, missing_extra
from seqtwin.files import sha256

ROWS, CHARACTERS = 8192, 2**23  # a block ends at either
MOST_PROBLEMS = 1000
LINES = "text"  # the one column of a file that is no table

Row = dict[str, Any] | str  # a problem where it is a text


@dataclass(frozen=True)
class Source:
    """A file, the columns of texts that are read from it, and what a blank text is: `error` or `unk`."""

    path: Path
    columns: tuple[str, ...]
    empty: str = "error"


@dataclass(frozen=True)
class Scanned:
    """What a first look at a whole file found. `stamp`: its size and time of change."""

    rows: int
    names: tuple[str, ...]
    sha256: str
    stamp: tuple[int, int]


def scan(source: Source) -> Scanned:
    """How many rows a file has, after each of them was found good.

    Raises: DataError with the first problems of the file, or when it holds no rows.
    """
    rows, names, problems = 0, dict[str, None](), list[tuple[int, str]]()
    require_file(source.path)
    stamp = stamp_of(source.path)
    for block in read_blocks(source.path):
        for name in source.columns:
            texts(block, name, empty=source.empty)
        rows, names = rows + len(block), names | dict.fromkeys(block.columns)
        problems += block.problems
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        listed = [f"line {line}: {problem}" for line, problem in problems]
        raise gathered("DATA_ROWS", str(source.path), listed, REMEDY_ROWS)
    if not rows:
        remedy = "expected a header and at least one row, or for a file of texts one line"
        raise DataError("DATA_NO_ROWS", "no rows", place=str(source.path), remedy=remedy)
    return Scanned(rows, tuple(names), sha256(source.path), stamp)


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of change of a file.

    Raises: DataError when it is gone.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error
    return found.st_size, found.st_mtime_ns


def read_blocks(path: Path, *, rows: int = ROWS, characters: int = CHARACTERS) -> Iterator[Table]:
    """The rows of a file in their order, some at a time; the same file is always cut at the same places.

    A file with the ending of no table is read line by line, as a table with the one column `text`.

    Raises: DataError for what cannot be read at all; problems of single rows stand in the blocks.
    """
    require_file(path)
    read = READERS.get(path.suffix.lower(), _lines)
    block = _Block(path)
    with closing(read(path)) as found:
        for line, row in found:
            block.add(line, row)
            if len(block) >= rows or block.characters >= characters:
                yield block.table()
                block = _Block(path, block.names)
    if len(block):
        yield block.table()


@dataclass
class _Block:
    path: Path
    names: dict[str, None] = field(default_factory=dict)
    rows: list[dict[str, Any]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)
    characters: int = 0

    def __len__(self) -> int:
        return len(self.rows) + len(self.problems)

    def add(self, line: int, row: Row) -> None:
        if isinstance(row, str):
            self.problems.append((line, row))
            return
        self.names.update(dict.fromkeys(row))
        self.rows.append(row)
        self.lines.append(line)
        self.characters += sum(len(value) for value in row.values() if isinstance(value, str))

    def table(self) -> Table:
        columns = {name: [row.get(name) for row in self.rows] for name in self.names}
        return Table(self.path, columns, self.lines, self.problems)


def _decoded(path: Path) -> Iterator[str]:
    """The lines of a file, each with its end, which is always `\\n`."""
    with path.open("rb") as file:
        start = file.read(8)
    for mark, kind in PACKED:
        if start.startswith(mark):
            raise DataError("DATA_PACKED", f"this is a {kind} file", place=str(path), remedy="unpack it first")
    mark, encoding = next(((m, e) for m, e in BYTE_ORDER_MARKS if start.startswith(m)), (b"", "utf-8"))
    number = 0
    try:
        with path.open(encoding=encoding) as text:
            for number, line in enumerate(text, 1):
                if "\0" in line:
                    cause, remedy = f"line {number}: a NUL byte", "remove it; many of them mean UTF-16: save as UTF-8"
                    raise DataError("DATA_NUL", cause, place=str(path), remedy=remedy)
                yield line.removeprefix("\ufeff") if mark and number == 1 else line
    except UnicodeDecodeError as error:
        cause = f"after line {number}: byte 0x{error.object[error.start]:02x} is not {encoding.upper()}"
        raise DataError("DATA_ENCODING", cause, place=str(path), remedy="save the file as UTF-8") from error
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error


def _lines(path: Path) -> Generator[tuple[int, Row], None, None]:
    for number, line in enumerate(_decoded(path), 1):
        yield number, {LINES: line.removesuffix("\n")}


def _delimited(path: Path, delimiter: str) -> Generator[tuple[int, Row], None, None]:
    csv.field_size_limit(MAX_FIELD)
    reader = csv.reader(_decoded(path), delimiter=delimiter, strict=True)
    header: list[str] = []
    begin = 1
    try:
        for fields in reader:
            if fields and not header:
                header = [name.strip() for name in fields]
                check_header(header, path)
            elif fields:
                yield begin, shape_problem(fields, header) or dict(zip(header, fields, strict=True))
            begin = reader.line_num + 1
    except csv.Error as error:
        yield begin, f"the quote that opens here or soon after goes wrong ({error}); nothing after it was read"


def _csv(path: Path) -> Generator[tuple[int, Row], None, None]:
    return _delimited(path, ",")


def _tsv(path: Path) -> Generator[tuple[int, Row], None, None]:
    return _delimited(path, "\t")


def _jsonl(path: Path) -> Generator[tuple[int, Row], None, None]:
    for number, line in enumerate(_decoded(path), 1):
        if line.strip():
            yield number, json_object(line)


def _parquet(path: Path) -> Generator[tuple[int, Row], None, None]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    try:
        with parquet.ParquetFile(path) as file:
            check_header(list(file.schema_arrow.names), path)
            batches = (batch.to_pylist() for batch in file.iter_batches(batch_size=ROWS))
            yield from enumerate(chain.from_iterable(batches), 1)
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError("DATA_PARQUET", f"not a readable parquet file: {error}", place=str(path)) from error


def _ts(path: Path) -> Generator[tuple[int, Row], None, None]:
    found = read_ts(path)
    yield from found.problems
    for row, line in enumerate(found.lines):
        yield line, {name: values[row] for name, values in found.columns.items()}


READERS: dict[str, Callable[[Path], Generator[tuple[int, Row], None, None]]] = {
    ".csv": _csv,
    ".tsv": _tsv,
    ".jsonl": _jsonl,
    ".parquet": _parquet,
    ".ts": _ts,
}
