"""Frames as CSV text and back: numbers at six significant digits, an empty field where undefined."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from seqtwin.errors import DamagedError
from seqtwin.guards.spreadsheets import original_cell, safe_cell
from seqtwin.reporting.formatting import settled

FROM_DATA = frozenset({"left", "right", "true", "predicted", "dataset"})
"""Columns with texts of the data, which a spreadsheet could run as formulas."""


def number_text(value: float) -> str:
    """A number with six significant digits; integers in full, nothing where it is undefined.

    >>> number_text(0.93912345), number_text(1234567.0), number_text(2.1e-7), number_text(float("nan"))
    ('0.939123', '1234567', '2.1e-07', '')
    >>> number_text(999999.5), number_text(float(number_text(999999.5)))
    ('1000000', '1000000')
    """
    if not np.isfinite(value):
        return ""
    # a number that rounds to an integer is written as one: reading the text and writing it again gives the same text
    shown = value if value == int(value) else float(f"{settled(value):.6g}")
    return str(int(shown)) if shown == int(shown) and abs(shown) < 1e15 else f"{shown:.6g}"


def _cell_text(value: str | float | None) -> str:
    if value is None:
        return ""
    # csv writes a lone carriage return without quotes and reads it back as the end of a row
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else number_text(float(value))


def _safe_text(value: str | float | None) -> object:
    return safe_cell(_cell_text(value))


def frame_to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV text: numbers by `number_text`; texts of the data are safe for spreadsheets."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    shown = [_safe_text if name in FROM_DATA else _cell_text for name in frame.columns]
    rows = frame.itertuples(index=False, name=None)
    writer.writerows([show(value) for show, value in zip(shown, row, strict=True)] for row in rows)
    return text.getvalue()


def frame_from_csv(content: str, text_columns: Iterable[str], place: str) -> pd.DataFrame:
    """The frame of a CSV text. The columns in `text_columns` contain text, all others numbers (empty = nan).

    Raises: DamagedError for a ragged row or an invalid number.
    """
    header, *rows = list(csv.reader(io.StringIO(content, newline=""))) or [[]]
    if any(len(row) != len(header) for row in rows):
        raise DamagedError("RESULTS_DAMAGED", f"expected {len(header)} fields in every row", place=place)
    known, columns = set(text_columns), dict[str, Any]()
    for index, name in enumerate(header):
        values = [original_cell(row[index]) if name in FROM_DATA else row[index] for row in rows]
        columns[name] = pd.Series(values, dtype=object) if name in known else _numbers(values, name, place)
    frame: pd.DataFrame = pd.DataFrame(columns, columns=header)
    return frame


def _numbers(values: list[str], name: str, place: str) -> NDArray[np.float64]:
    try:
        return np.array([float(value) if value else np.nan for value in values], dtype=float)
    except ValueError as error:
        raise DamagedError("RESULTS_DAMAGED", f"column '{name}': {error}", place=place) from error
