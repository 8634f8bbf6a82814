"""The input and output types of all format readers: lines of text in, numbered rows or problems out."""

from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Literal

from seqtwin.data.files.read_text import read_text, stream_lines

Quoting = Literal["none", "csv"]
Row = Mapping[str, object] | str  # values by column, or a problem
Rows = Generator[tuple[int, Row], None, None]  # each with its first line
OPENING_LINES = 100_000  # searched for a wrong quote


@dataclass(frozen=True)
class Opened:
    """A file for a reader. `lines`: a function that returns its lines from the start.

    `quoting`: the meaning of quotes, None to infer it from the file. The reader adds its decisions to `notes`, and to
    `header` the column names if they are known before the first row.
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
        """The text from a line on, up to 100,000 lines."""
        return "".join(islice(self.lines(), line - 1, line - 1 + OPENING_LINES))


def open_in_memory(path: Path, quoting: Quoting | None = None) -> Opened:
    """A file that is read once and kept in memory.

    Raises: DataError.
    """
    lines = _lines_of(read_text(path))
    return Opened(path, lambda: iter(lines), quoting)


def open_streamed(path: Path, quoting: Quoting | None = None) -> Opened:
    """A file of any size, read again for each pass."""
    return Opened(path, lambda: stream_lines(path), quoting)


def _lines_of(text: str) -> list[str]:
    # str.splitlines also splits at separators that occur in texts
    lines = [line + "\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines
