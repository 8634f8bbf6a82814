"""The values of one column, checked row by row: texts, class names, numbers, and values kept as text."""

import math
from collections.abc import Sequence
from datetime import date
from decimal import Decimal

import numpy as np

from seqtwin.data.files.number_formats import NUMBER, as_float
from seqtwin.data.files.tables import Table, column


def texts(table: Table, name: str, *, empty: str) -> tuple[list[str], np.ndarray]:
    """The texts of a column, and a mask of those to keep: Bool[rows].

    `empty`: a blank text is reported as a problem (`error`), kept (`unk`) or masked out (`drop`).
    """
    values = column(table, name)
    keep = np.ones(len(values), dtype=bool)
    for row, value in enumerate(values):
        if value is None or (isinstance(value, str) and not value.strip()):
            keep[row] = empty != "drop"
            if empty == "error":
                table.report(row, name, f"the text is empty ({value!r})")
        elif not isinstance(value, str) or not _whole(value):
            table.report(row, name, f"expected a text, found {value!r}")
    return ["" if value is None else str(value) for value in values], keep


def joined_texts(table: Table, names: Sequence[str], *, empty: str) -> tuple[list[str], np.ndarray]:
    """The texts of one side, and a mask of those to keep: Bool[rows].

    Several columns are joined with blanks; blank fields are left out. A text is blank if all its fields are.
    """
    if len(names) == 1:
        return texts(table, names[0], empty=empty)
    parts = [texts(table, name, empty="unk")[0] for name in names]
    joined = [" ".join(part for part in row if part.strip()) for row in zip(*parts, strict=True)]
    keep = np.ones(len(joined), dtype=bool)
    for row in (row for row, text in enumerate(joined) if not text):
        keep[row] = empty != "drop"
        if empty == "error":
            table.report(row, " + ".join(names), "the text is empty")
    return joined, keep


def numbers(table: Table, name: str) -> np.ndarray:
    """The numbers of a column: Float[rows]. Other values become NaN and are reported as problems."""
    values = np.full(len(table), np.nan)
    for row, value in enumerate(column(table, name)):
        number = _number(value)
        if number is None:
            table.report(row, name, f"expected a finite number, found {shown(value)}")
        else:
            values[row] = number
    return values


def classes(table: Table, name: str) -> list[str]:
    """The class names of a column. Blank ones and those with half a character are reported as problems."""
    values = ["" if value is None else str(value).strip() for value in column(table, name)]
    for row, value in enumerate(values):
        if not value:
            table.report(row, name, "the label is empty")
        elif not _whole(value):
            table.report(row, name, f"expected a label, found {value[:40]!r}")
    return values


def values(table: Table, name: str) -> list[str]:
    """The values of a column as text, for ids and for columns that are only kept. Others are reported as problems."""
    found = [as_written(value) for value in column(table, name)]
    for row, (text, value) in enumerate(zip(found, column(table, name), strict=True)):
        if text is None:
            table.report(row, name, f"expected a text, a number or a date, found {shown(value)}")
    return [text or "" for text in found]


def as_written(value: object) -> str | None:
    """The text of a value: 7.0 as 7, "" for a missing one; None for what is no text, number or date.

    >>> [as_written(value) for value in ("a ", 7.0, 2.5, None, [1])]
    ['a ', '7', '2.5', '', None]
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, str) and not _whole(value):
        return None
    return str(value) if isinstance(value, (str, int, float, Decimal, date)) else None


def check_scale(scale: Sequence[float] | None) -> None:
    """Check that a scale is two finite numbers, the lower first, and that the distance between them is a usual number.

    Raises: ValueError.
    """
    if scale is not None and len(scale) == 2 and scale[0] < scale[1] and not 1e-100 < scale[1] - scale[0] < 1e100:
        raise ValueError(f"scale: expected ends that are 1e-100 to 1e100 apart, got {list(scale)}")
    if scale is not None and not (len(scale) == 2 and all(map(math.isfinite, scale)) and scale[0] < scale[1]):
        raise ValueError(f"scale: expected [low, high] with low < high, got {list(scale)}")


def _number(value: object) -> float | None:
    if isinstance(value, str) and not NUMBER.fullmatch(value.strip()):
        return None
    number = as_float(value)
    return number if number is not None and math.isfinite(number) else None


def _whole(text: str) -> bool:
    """False for a text with a lone surrogate, which JSON allows but UTF-8 cannot encode."""
    return text.isascii() or not any("\ud800" <= sign <= "\udfff" for sign in text)


def shown(value: object) -> str:
    """A value as printed in an error, shortened if it is long."""
    return repr(value if not isinstance(value, str) or len(value) <= 40 else value[:40] + "...")
