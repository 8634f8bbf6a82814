"""A data file as columns of values, with the line each row stands on."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtwin.data.files.decode import ending_of, is_gzip, require_file
from seqtwin.data.files.formats import ENDINGS, FORMATS, Reader, described, format_of, refuse_quoting, unknown_format
from seqtwin.data.files.headers import is_surely_data, missing_header, no_header
from seqtwin.data.files.rows import Opened, Quoting, Row, held
from seqtwin.errors import DataError, gathered, nearest

__all__ = ["ENDINGS", "FORMATS", "Block", "Table", "column", "read_table", "read_text_table"]

REMEDY_ALL = "fix the file; nothing was read"
DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Table:
    """Columns by name, the line of each row, and what is wrong with single rows (those rows are not in the columns).

    `notes`: sentences on what was decided while the file was read.
    """

    path: Path
    columns: dict[str, list[Any]]
    lines: list[int]
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

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


class Block:
    """Rows on their way into a table; `names`: columns that it has whether or not a row names them."""

    def __init__(self, path: Path, names: Iterable[str] = ()) -> None:
        self.path = path
        self.columns: dict[str, list[Any]] = {name: [] for name in names}
        self.lines: list[int] = []
        self.problems: list[tuple[int, str]] = []
        self.characters = 0

    def __len__(self) -> int:
        return len(self.lines) + len(self.problems)

    def add(self, line: int, row: Row) -> None:
        """One more row, or what is wrong with it."""
        if isinstance(row, str):
            self.problems.append((line, row))
            return
        for name, value in row.items():
            if name not in self.columns:
                self.columns[name] = [None] * len(self.lines)
            self.columns[name].append(value)
            self.characters += len(value) if isinstance(value, str) else 0
        self.lines.append(line)
        if len(row) < len(self.columns):
            self._fill()

    def _fill(self) -> None:
        for values in self.columns.values():
            values.extend([None] * (len(self.lines) - len(values)))

    def table(self, file: Opened) -> Table:
        """The rows as columns, those of the header first."""
        columns = {name: self.columns.get(name) or [None] * len(self.lines) for name in [*file.header, *self.columns]}
        return Table(self.path, columns, self.lines, self.problems, file.notes)


def read_table(path: Path, *, quoting: Quoting | None = None) -> Table:
    """All columns of a file; its kind is told by its ending. `quoting`: None where the file itself decides.

    Raises: DataError when the file is not such a table, has no rows, or none that can be read.
    """
    require_file(path)
    form = format_of(path)
    if form is None:
        raise unknown_format(path)
    return _checked(_read(path, form.rows, quoting))


def read_text_table(path: Path, *, quoting: Quoting | None = None) -> Table:
    """The same for commands that work on texts: of a .conllu file one row per sentence, in the column `text`.

    Raises: DataError.
    """
    require_file(path)
    form = format_of(path)
    if form is None:
        raise unknown_format(path)
    return _checked(_read(path, form.texts or form.rows, quoting))


def _read(path: Path, reader: Reader, quoting: Quoting | None) -> Table:
    refuse_quoting(path, quoting)
    file = held(path, quoting) if ending_of(path) != ".parquet" else Opened(path, _no_lines)
    block = Block(path)
    for line, row in reader(file):
        block.add(line, row)
    if is_gzip(path):
        file.notes.append(f"{path.name} is read as a {described(path)}")
    return block.table(file)


def _no_lines() -> Iterator[str]:
    return iter(())


def _checked(table: Table) -> Table:
    if not table.lines and not table.problems:
        cause = "no rows: the file has a header only" if table.columns else "no rows: the file is empty"
        raise DataError("DATA_NO_ROWS", cause, place=table.place, remedy="expected a header and at least one row")
    if not table.lines and ending_of(table.path) not in DELIMITERS:
        table.finish(REMEDY_ALL)  # without a row there are no columns to speak of
    delimiter = DELIMITERS.get(ending_of(table.path))
    if delimiter and is_surely_data(table.columns):
        raise no_header(table.columns, delimiter, table.place)
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
    remedy = "name a column as the file spells it"
    delimiter = DELIMITERS.get(ending_of(table.path))
    doubt = missing_header(table.columns) if delimiter else None
    if doubt:
        cause += f". The file seems to have no header line: {doubt}"
        remedy = "write a first line with the names of the columns, or name the columns as they stand there"
    raise DataError("DATA_COLUMN", cause, place=table.place, remedy=remedy)
