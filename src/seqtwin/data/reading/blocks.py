"""Tables and text files in blocks of rows, for files that are larger than memory."""

import os
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from seqtwin.data.files.formats import format_of, read_lines, refuse_foreign, refuse_quoting
from seqtwin.data.files.read_text import require_file
from seqtwin.data.files.rows import Quoting, open_streamed
from seqtwin.data.files.tables import Block, Table
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.pair_tables import REMEDY_ROWS
from seqtwin.errors import DataError, gathered
from seqtwin.files import sha256

ROWS, CHARACTERS = 8192, 2**23  # limits of a block
MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Source:
    """A file and its columns of texts.

    `empty`: blank texts are problems (`error`) or allowed (`unk`); `quoting`: the meaning of quotes, None to infer it.
    """

    path: Path
    columns: tuple[str, ...]
    empty: str = "error"
    quoting: Quoting | None = None


@dataclass(frozen=True)
class Scanned:
    """The result of a first pass over a file: the number of rows, the column names, and a checksum.

    `stamp`: size and modification time; `notes`: decisions of the reader; `kinds`: the types of the values of a column,
    if they are known.
    """

    rows: int
    names: tuple[str, ...]
    sha256: str
    stamp: tuple[int, int]
    notes: tuple[str, ...] = ()
    kinds: Mapping[str, Set[type]] = field(default_factory=dict)


def scan(source: Source, see: Callable[[Table], None] = lambda _block: None) -> Scanned:
    """Read a file once, check every row and count the rows. `see` gets every block.

    Raises: DataError with the first problems of the file, or if it has no rows.
    """
    rows, names, problems = 0, dict[str, None](), list[tuple[int, str]]()
    notes: dict[str, None] = {}
    require_file(source.path)
    stamp = stamp_of(source.path)
    for block in read_blocks(source.path, quoting=source.quoting):
        for name in source.columns:
            texts_named(block, name, empty=source.empty)
        see(block)
        rows, names = rows + len(block), names | dict.fromkeys(block.columns)
        problems += block.problems
        notes |= dict.fromkeys(block.notes)
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        listed = [f"line {line}: {problem}" for line, problem in problems]
        raise gathered("DATA_ROWS", str(source.path), listed, REMEDY_ROWS)
    if not rows:
        remedy = "expected a header and at least one row, or at least one line of text"
        raise DataError("DATA_NO_ROWS", "no rows", place=str(source.path), remedy=remedy)
    return Scanned(rows, tuple(names), sha256(source.path), stamp, tuple(notes))


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and modification time of a file.

    Raises: DataError if the file is missing.
    """
    try:
        status = os.stat(path)
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error
    return status.st_size, status.st_mtime_ns


def check_unchanged(path: Path, stamp: tuple[int, int]) -> None:
    """Raises: DataError if the file has another size or time than before."""
    if stamp_of(path) != stamp:
        cause = "the file changed while it was being read"
        raise DataError("DATA_CHANGED", cause, place=str(path), remedy="run the command again")


@contextmanager
def lines_in_errors(path: Path, block: Table) -> Iterator[None]:
    """Adds the line numbers of the block to an error of the encoder."""
    try:
        yield
    except DataError as error:
        place = f"{path}, lines {block.lines[0]} to {block.lines[-1]}"
        raise DataError(error.code, error.cause, place=place, remedy=error.remedy) from error


def read_blocks(
    path: Path, *, quoting: Quoting | None = None, rows: int = ROWS, characters: int = CHARACTERS
) -> Iterator[Table]:
    """The rows of a file in order, in blocks. The same file always has the same blocks.

    A .conllu file has one row per sentence. A file that is not a table has one row per line, in the column `text`. A
    .json or .ts file is read into memory completely before the first block.

    Raises: DataError if the file cannot be read. Problems of single rows are in the blocks.
    """
    require_file(path)
    form = format_of(path)
    if form is None:
        refuse_foreign(path)
    refuse_quoting(path, quoting)
    read = read_lines if form is None else form.texts or form.rows
    file = open_streamed(path, quoting)
    block = Block(path)
    with closing(read(file)) as lines:
        for line, row in lines:
            block.add(line, row)
            if len(block) >= rows or block.characters >= characters:
                yield block.table(file)
                block = Block(path, block.columns)
    if len(block):
        yield block.table(file)
