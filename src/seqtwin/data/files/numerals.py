"""How numbers and missing values are written in files."""

import math
import re
from typing import Any

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "?"})


def is_missing(value: Any) -> bool:
    """Whether a value of a series says that there is none.

    >>> [is_missing(value) for value in (None, " ", "NaN", "?", float("nan"), 0, "0", "inf")]
    [True, True, True, True, True, False, False, False]
    """
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    return value is None or (isinstance(value, float) and math.isnan(value))
