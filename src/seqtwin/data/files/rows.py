"""What every reader of files takes and gives: lines of text in, numbered rows or problems out."""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from seqtwin.data.files.decode import read_text, stream_lines

Quoting = Literal["none", "csv"]
Row = dict[str, Any] | str  # a text is what is wrong with the row
Rows = Generator[tuple[int, Row], None, None]  # with the line each row begins on
OPENING_LINES = 100_000  # searched for the quote that went wrong


@dataclass(frozen=True)
class Opened:
    """A file for a reader: its lines (each call starts again) and how quotes are meant.

    `quoting`: None where the file itself decides. The reader adds to `notes` what it decided, and to `header` the names
    of the columns where it knows them before the first row.
    """

    path: Path
    lines: Callable[[], Iterator[str]]
    quoting: Quoting | None = None
    notes: list[str] = field(default_factory=list)
    header: list[str] = field(default_factory=list)

    def text(self) -> str:
        """The whole file."""
        return "".join(self.lines())

    def text_from(self, line: int) -> str:
        """What begins on a line; of a large file not all of it."""
        return "".join(islice(self.lines(), line - 1, line - 1 + OPENING_LINES))


def held(path: Path, quoting: Quoting | None = None) -> Opened:
    """A file in memory, read once.

    Raises: DataError.
    """
    lines = _lines_of(read_text(path))
    return Opened(path, lambda: iter(lines), quoting)


def streamed(path: Path, quoting: Quoting | None = None) -> Opened:
    """A file of any size, read anew at each pass."""
    return Opened(path, lambda: stream_lines(path), quoting)


def _lines_of(text: str) -> list[str]:
    # str.splitlines would cut at separators that texts contain
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
