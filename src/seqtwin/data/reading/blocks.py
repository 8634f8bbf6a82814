"""A table or a text file in blocks of rows, for files that are larger than memory."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from seqtwin.data.files.decode import require_file
from seqtwin.data.files.formats import format_of, read_lines, refuse_foreign, refuse_quoting
from seqtwin.data.files.rows import Quoting, streamed
from seqtwin.data.files.tables import Block, Table
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.pair_tables import REMEDY_ROWS
from seqtwin.errors import DataError, gathered
from seqtwin.files import sha256

ROWS, CHARACTERS = 8192, 2**23  # a block ends at either
MOST_PROBLEMS = 1000


@dataclass(frozen=True)
class Source:
    """A file, the columns of texts that are read from it, and what a blank text is: `error` or `unk`.

    `quoting`: how quotes are meant; None where the file itself decides.
    """

    path: Path
    columns: tuple[str, ...]
    empty: str = "error"
    quoting: Quoting | None = None


@dataclass(frozen=True)
class Scanned:
    """What a first look at a whole file found. `stamp`: its size and time of change; `notes`: what was
    decided while it was read."""

    rows: int
    names: tuple[str, ...]
    sha256: str
    stamp: tuple[int, int]
    notes: tuple[str, ...] = ()


def scan(source: Source) -> Scanned:
    """How many rows a file has, after each of them was found good.

    Raises: DataError with the first problems of the file, or when it holds no rows.
    """
    rows, names, problems = 0, dict[str, None](), list[tuple[int, str]]()
    notes: dict[str, None] = {}
    require_file(source.path)
    stamp = stamp_of(source.path)
    for block in read_blocks(source.path, quoting=source.quoting):
        for name in source.columns:
            texts_named(block, name, empty=source.empty)
        rows, names = rows + len(block), names | dict.fromkeys(block.columns)
        problems += block.problems
        notes |= dict.fromkeys(block.notes)
        if len(problems) > MOST_PROBLEMS:
            break
    if problems:
        listed = [f"line {line}: {problem}" for line, problem in problems]
        raise gathered("DATA_ROWS", str(source.path), listed, REMEDY_ROWS)
    if not rows:
        remedy = "expected a header and at least one row, or for a file of texts one line"
        raise DataError("DATA_NO_ROWS", "no rows", place=str(source.path), remedy=remedy)
    return Scanned(rows, tuple(names), sha256(source.path), stamp, tuple(notes))


def stamp_of(path: Path) -> tuple[int, int]:
    """Size and time of change of a file.

    Raises: DataError when it is gone.
    """
    try:
        found = os.stat(path)
    except OSError as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read: {error.strerror}", place=str(path)) from error
    return found.st_size, found.st_mtime_ns


def read_blocks(
    path: Path, *, quoting: Quoting | None = None, rows: int = ROWS, characters: int = CHARACTERS
) -> Iterator[Table]:
    """The rows of a file in their order, some at a time; the same file is always cut at the same places.

    Of a .conllu file one row per sentence. A file with the ending of no table is read line by line, as a table with the
    one column `text`. A .json or .ts file is held in memory: it has no rows before its end is read.

    Raises: DataError for what cannot be read at all; problems of single rows are in the blocks.
    """
    require_file(path)
    form = format_of(path)
    if form is None:
        refuse_foreign(path)
    refuse_quoting(path, quoting)
    read = read_lines if form is None else form.texts or form.rows
    file = streamed(path, quoting)
    block = Block(path)
    with closing(read(file)) as found:
        for line, row in found:
            block.add(line, row)
            if len(block) >= rows or block.characters >= characters:
                yield block.table(file)
                block = Block(path, block.columns)
    if len(block):
        yield block.table(file)
