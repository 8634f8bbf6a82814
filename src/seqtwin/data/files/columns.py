"""Values of one column, checked row by row: texts, class names, numbers."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from seqtwin.data.files.numerals import NUMBER
from seqtwin.data.files.tables import Table, column


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


def joined_texts(table: Table, names: Sequence[str], *, empty: str) -> tuple[list[str], np.ndarray]:
    """The texts of one side and which of them are kept; several columns are joined by a blank, blank fields left out.

    A text is blank where all of its columns are.
    """
    if len(names) == 1:
        return texts(table, names[0], empty=empty)
    parts = [texts(table, name, empty="unk")[0] for name in names]
    found = [" ".join(part for part in row if part.strip()) for row in zip(*parts, strict=True)]
    kept = np.ones(len(found), dtype=bool)
    for row in (row for row, text in enumerate(found) if not text):
        kept[row] = empty != "drop"
        if empty == "error":
            table.report(row, " + ".join(names), "the text is empty")
    return found, kept


def numbers(table: Table, name: str) -> np.ndarray:
    """The finite numbers of a column; NaN where the value is none, which is a problem of its row."""
    found = np.full(len(table), np.nan)
    for row, value in enumerate(column(table, name)):
        number = _number(value)
        if number is None:
            table.report(row, name, f"expected a finite number, found {shown(value)}")
        else:
            found[row] = number
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


def shown(value: Any) -> str:
    """A value as an error prints it, cut where it is long."""
    return repr(value if not isinstance(value, str) or len(value) <= 40 else value[:40] + "...")
