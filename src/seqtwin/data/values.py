"""Values of one column, checked row by row: texts, scores on a scale, binary labels, numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqtwin.data import numerals
from seqtwin.data.tables import Table, column
from seqtwin.errors import DataError

NUMBER, BINARY = numerals.NUMBER, numerals.BINARY


def texts(table: Table, name: str, *, empty: str) -> tuple[list[str], np.ndarray]:
    """The texts of a column and which of them are kept. A blank text is a problem, unknown, or dropped."""
    values = column(table, name)
    kept = np.ones(len(values), dtype=bool)
    for row, value in enumerate(values):
        if value is None or (isinstance(value, str) and not value.strip()):
            kept[row] = empty != "drop"
            if empty == "error":
                table.report(row, name, f"the text is empty ({value!r})")
        elif not isinstance(value, str) or not _whole(value):
            table.report(row, name, f"expected a text, found {value!r}")
    return ["" if value is None else str(value) for value in values], kept


def numbers(table: Table, name: str) -> np.ndarray:
    """The finite numbers of a column; NaN where the value is none, which is a problem of its row."""
    found = np.full(len(table), np.nan)
    for row, value in enumerate(column(table, name)):
        number = _number(value)
        if number is None:
            table.report(row, name, f"expected a finite number, found {_shown(value)}")
        else:
            found[row] = number
    return found


def scores(table: Table, name: str, scale: Sequence[float] | None) -> np.ndarray:
    """Targets in [0, 1]: (score - low) / (high - low).

    Raises: DataError when no scale is declared and there are scores besides 0 and 1.
    """
    raw = numbers(table, name)
    known = raw[~np.isnan(raw)]
    if scale is None and not np.isin(known, (0.0, 1.0)).all():
        least, most = known.min(), known.max()
        cause = f"column '{name}' is not binary: its values range from {least:g} to {most:g}, and no scale is declared"
        remedy = f"declare the full range that a score can take, for example scale: [{min(least, 0):g}, {most:g}]"
        raise DataError("DATA_SCALE_UNDECLARED", cause, place=table.place, remedy=remedy)
    low, high = scale or (0.0, 1.0)
    outside = np.flatnonzero((raw < low) | (raw > high))
    for row in outside:
        value = column(table, name)[row]
        observed = f"observed range {known.min():g} to {known.max():g}"
        table.report(int(row), name, f"{value} is outside the scale {low:g} to {high:g} ({observed})")
    return (raw - low) / (high - low)


def labels(table: Table, name: str) -> np.ndarray:
    """Targets 0 and 1 of a binary column: 0/1, false/true, no/yes, different/same."""
    found = np.full(len(table), np.nan)
    for row, value in enumerate(column(table, name)):
        target = BINARY.get(str(value).strip().lower())
        if target is None:
            wanted = "0 or 1, true or false, yes or no, same or different"
            table.report(row, name, f"expected {wanted}, found {_shown(value)}")
        else:
            found[row] = target
    return found


def classes(table: Table, name: str) -> list[str]:
    """Class names; a blank one is a problem of its row."""
    values = ["" if value is None else str(value).strip() for value in column(table, name)]
    for row, value in enumerate(values):
        if not value:
            table.report(row, name, "the label is empty")
    return values


def check_scale(scale: Sequence[float] | None) -> None:
    """Nothing, for a scale of two finite rising numbers.

    Raises: ValueError.
    """
    if scale is not None and not (len(scale) == 2 and all(map(math.isfinite, scale)) and scale[0] < scale[1]):
        raise ValueError(f"scale: expected [low, high] with low < high, got {list(scale)}")


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str):
        value = value.strip()
        if not NUMBER.fullmatch(value):
            return None
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _whole(text: str) -> bool:
    """False for half a surrogate pair, which JSON can spell and no file can hold."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def _shown(value: Any) -> str:
    return repr(value if not isinstance(value, str) or len(value) <= 40 else value[:40] + "...")
