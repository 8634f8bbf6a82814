"""How the curve on dev ends: values of a study cell for the rule D18, from the curves of a study or a history."""

import math
from collections.abc import Mapping
from operator import itemgetter
from pathlib import Path

import pandas as pd

from seqtwin.metrics import curve_facts
from seqtwin.published import EPOCH, HISTORY, dev_column
from seqtwin.reporting.table.study_table import StudyTable


def with_curve_values(table: StudyTable, rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of `results` with the values of `curve_facts` as columns `diag_*`; nan where a study cell has no curve."""
    ends = {name: curve_facts(dev) for name, dev in _dev_of(table.curves, frozenset(rows["id"])).items()}
    own = [ends.get(name, {}) for name in rows["id"]]
    names = dict.fromkeys(name for known in own for name in known)
    columns = {f"diag_{name}": [known.get(name, math.nan) for known in own] for name in names}
    return pd.concat([rows, pd.DataFrame(columns, index=rows.index)], axis=1) if columns else rows


def _dev_of(curves: pd.DataFrame, wanted: frozenset[str]) -> dict[str, list[float]]:
    """The metric on dev by epoch, for each of the wanted study cells that has a curve."""
    columns = (curves[name].tolist() for name in ("id", EPOCH.epoch, EPOCH.dev))
    points: dict[str, list[tuple[float, float]]] = {}
    for name, epoch, dev in zip(*columns, strict=True):
        if name in wanted:
            points.setdefault(name, []).append((epoch, float(dev)))
    return {name: [dev for _, dev in sorted(own, key=itemgetter(0))] for name, own in points.items()}


def values_of_history(folder: Path, primary: str) -> Mapping[str, float]:
    """The same values of one published run or study cell; empty where it has no curve. `primary`: its main metric."""
    path, column = folder / HISTORY, dev_column(primary)
    history = pd.read_csv(path) if path.exists() else pd.DataFrame()
    return curve_facts(history[column].astype(float).tolist()) if column in history else {}
