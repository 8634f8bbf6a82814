"""Rows of the frames of a study, and the rows that have some labels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import pandas as pd

Labels: TypeAlias = Mapping[str, str]
if TYPE_CHECKING:
    Row: TypeAlias = "pd.Series[Any]"  # the columns of a row have different types
else:
    Row = pd.Series


def rows_with(frame: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """The rows of a frame that have all of these labels.

    >>> rows_with(pd.DataFrame({"loss": ["mse", "bce"], "mean": [0.1, 0.2]}), {"loss": "bce"})["mean"].tolist()
    [0.2]
    """
    chosen = pd.Series(True, index=frame.index)
    for key, text in labels.items():
        chosen &= frame[key].astype(str) == text
    return frame[chosen]


def joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The parts one below the other with these columns; an empty frame without parts."""
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame
