"""Rows of the frames of a study, and the rows that have some labels."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
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
    columns = [(frame[key].tolist(), text) for key, text in labels.items()]
    chosen = [all(str(values[row]) == text for values, text in columns) for row in range(len(frame))]
    return frame[np.array(chosen, dtype=bool)]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows of a frame as values by column. `iterrows` and `to_dict` take many times as long.

    >>> records(pd.DataFrame({"loss": ["mse", "bce"], "mean": [0.1, 0.2]}))[1]
    {'loss': 'bce', 'mean': 0.2}
    """
    names = [str(name) for name in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.to_numpy(dtype=object).tolist()]


def joined(parts: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """The parts one below the other with these columns; an empty frame without parts."""
    frame: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns] if parts else pd.DataFrame(columns=columns)
    return frame
