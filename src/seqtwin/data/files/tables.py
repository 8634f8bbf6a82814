"""Whole data files as tables: columns of values, and the line of each row."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seqtwin.data.files.formats import FORMATS, Format, Reader, described, format_of, refuse_quoting, unknown_format
from seqtwin.data.files.headers import is_surely_data, missing_header, no_header
from seqtwin.data.files.read_text import ending_of, is_gzip, require_file
from seqtwin.data.files.rows import Opened, Quoting, Row, open_in_memory
from seqtwin.errors import DataError, gathered, nearest

REMEDY_ALL = "fix the file; nothing was read"


@dataclass(frozen=True)
class Table:
    """Columns by name, and the line of each row.

    `problems`: line and description; the reader leaves such rows out of the columns. `notes`: decisions of the reader.
    """

    path: Path
    columns: dict[str, list[object]]
    lines: list[int]
    problems: list[tuple[int, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    @property
    def place(self) -> str:
        """The file as named in errors."""
        return str(self.path)

    def report(self, row: int, name: str, problem: str) -> None:
        """Record a problem of one value."""
        self.problems.append((self.lines[row], f"column '{name}': {problem}"))

    def finish(self, remedy: str) -> None:
        """Check that no row has a problem.

        Raises: DataError with all problems of the file.
        """
        if self.problems:
            listed = [f"line {line}: {problem}" for line, problem in sorted(self.problems, key=lambda p: p[0])]
            raise gathered("DATA_ROWS", self.place, listed, remedy)


class Block:
    """Rows collected for a table. `names`: columns that the table has even if no row has them."""

    def __init__(self, path: Path, names: Iterable[str] = ()) -> None:
        self.path = path
        self.columns: dict[str, list[object]] = {name: [] for name in names}
        self.lines: list[int] = []
        self.problems: list[tuple[int, str]] = []
        self.characters = 0

    def __len__(self) -> int:
        return len(self.lines) + len(self.problems)

    def add(self, line: int, row: Row) -> None:
        """Add a row, or the problem of a row."""
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
        """The rows as a table. The columns of the header come first."""
        columns = {name: self.columns.get(name) or [None] * len(self.lines) for name in [*file.header, *self.columns]}
        return Table(self.path, columns, self.lines, self.problems, file.notes)


def read_table(path: Path, *, quoting: Quoting | None = None) -> Table:
    """All columns of a file. Its format depends on its ending. `quoting`: None to infer it from the file.

    Raises: DataError if the file is not such a table or has no readable rows.
    """
    form = _require_table(path)
    return _checked(_read(path, form, form.rows, quoting))


def read_text_table(path: Path, *, quoting: Quoting | None = None) -> Table:
    """The same with one text per row. A .conllu file has one row per sentence, in the column `text`.

    Raises: DataError.
    """
    form = _require_table(path)
    return _checked(_read(path, form, form.texts or form.rows, quoting))


def _require_table(path: Path) -> Format:
    require_file(path)
    form = format_of(path)
    if form is None:
        raise unknown_format(path)
    return form


def _read(path: Path, form: Format, reader: Reader, quoting: Quoting | None) -> Table:
    refuse_quoting(path, quoting)
    file = Opened(path, _no_lines) if form.binary else open_in_memory(path, quoting)
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
        cause = "no rows: the file has only a header" if table.columns else "no rows: the file is empty"
        raise DataError("DATA_NO_ROWS", cause, place=table.place, remedy="expected a header and at least one row")
    delimiter = FORMATS[ending_of(table.path)].delimiter
    if not table.lines and delimiter is None:
        table.finish(REMEDY_ALL)  # without rows the columns are unknown
    if delimiter and is_surely_data(table.columns):
        raise no_header(table.columns, delimiter, table.place)
    return table


def column(table: Table, name: str) -> list[object]:
    """The values of one column.

    Raises: DataError with the existing columns if there is no such column.
    """
    if name in table.columns:
        return table.columns[name]
    known = list(table.columns)
    listed = ", ".join(f"'{other}'" for other in known[:12])
    cause = f"column '{name}' is missing; found: {listed}{nearest(name, known)}"
    remedy = "use the name of a column as the file has it"
    form = FORMATS.get(ending_of(table.path))
    doubt = missing_header(table.columns) if form is not None and form.delimiter else None
    if doubt:
        cause += f". The file seems to have no header line: {doubt}"
        remedy = "add a first line with the names of the columns, or use the names in the first line"
    raise DataError("DATA_COLUMN", cause, place=table.place, remedy=remedy)
