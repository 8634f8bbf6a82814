"""Numbers and missing values as written in files."""

import math
import re
from typing import SupportsFloat, SupportsIndex

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "?"})


def as_float(value: object) -> float | None:
    """The value as a number, None if it is not one. Infinity and NaN count as numbers.

    >>> as_float("1.5"), as_float(True), as_float("one"), as_float(None)
    (1.5, 1.0, None, None)
    """
    if not isinstance(value, float | int | str | bytes | SupportsFloat | SupportsIndex):
        return None
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return None


def is_missing(value: object) -> bool:
    """Whether a value of a series is missing: None, NaN, blank, or one of the usual words.

    >>> [is_missing(value) for value in (None, " ", "NaN", "?", float("nan"), 0, "0", "inf")]
    [True, True, True, True, True, False, False, False]
    """
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return value is None or (isinstance(value, float) and math.isnan(value))
