"""CSV files that are safe to open in a spreadsheet, which runs a cell that begins with =, +, - or @ as a formula.

Such a cell gets an apostrophe in front, unless it is a number. `original_cell` removes it again.
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

_RISKY = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_NUMBER = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?")
_raw: ContextVar[bool] = ContextVar("raw", default=False)
_marked: ContextVar[int] = ContextVar("marked", default=0)


@contextmanager
def raw_cells(raw: bool = True) -> Iterator[None]:
    """Write cells as they are in this block, for programs instead of spreadsheets."""
    token = _raw.set(raw)
    try:
        yield
    finally:
        _raw.reset(token)


def safe_cell(value: object) -> object:
    """The value of a cell, with an apostrophe in front of a text that a spreadsheet would run.

    >>> safe_cell("=1+1"), safe_cell("-0.5"), safe_cell("a=b"), safe_cell("'=x")
    ("'=1+1", '-0.5', 'a=b', "''=x")
    """
    if not isinstance(value, str) or not _RISKY.match(value) or _NUMBER.fullmatch(value):
        return value
    return f"'{value}"


def original_cell(text: str) -> str:
    """The text that `safe_cell` was given.

    >>> original_cell("'=1+1"), original_cell("''=x"), original_cell("'a'")
    ('=1+1', "'=x", "'a'")
    """
    is_marked = text.startswith("'") and _RISKY.match(text) and not _NUMBER.fullmatch(text[1:])
    return text[1:] if is_marked else text


def read_cell(text: str) -> str:
    """The text of a cell of a file that a command wrote: without the apostrophe, unless `raw_cells` is in force."""
    return text if _raw.get() else original_cell(text)


def marked_cells() -> int:
    """The number of cells that got an apostrophe so far."""
    return _marked.get()


def csv_text(rows: Iterable[Sequence[object]]) -> str:
    """Rows as CSV text, with safe cells unless `raw_cells` is in force."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    for row in rows:
        shown = row if _raw.get() else [safe_cell(value) for value in row]
        _marked.set(_marked.get() + sum(new is not old for new, old in zip(shown, row, strict=True)))
        writer.writerow(shown)
    return text.getvalue()
