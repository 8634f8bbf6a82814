"""How the curve on dev ends: values of a study cell for the rule D18, from the curves of a study or a history."""

import math
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from seqtwin.metrics import curve_facts
from seqtwin.published import HISTORY, dev_column
from seqtwin.reporting.table.study_table import StudyTable


def with_curve_values(table: StudyTable, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `results` with the values of `curve_facts` as columns `diag_*`; nan where a study cell has no curve."""
    own = [table.curve_ends.get(str(name), {}) for name in rows["id"]]
    names = dict.fromkeys(name for known in own for name in known)
    columns = {f"diag_{name}": [known.get(name, math.nan) for known in own] for name in names}
    return pd.concat([rows, pd.DataFrame(columns, index=rows.index)], axis=1) if columns else rows


def values_of_history(folder: Path, primary: str) -> Mapping[str, float]:
    """The same values of one published run or study cell; empty where it has no curve. `primary`: its main metric."""
    path, column = folder / HISTORY, dev_column(primary)
    history = pd.read_csv(path) if path.exists() else pd.DataFrame()
    return curve_facts(history[column].astype(float).tolist()) if column in history else {}
