"""The confusion matrices of the page: how the chosen pairing of each data set classifies each class."""

import pandas as pd

from seqtwin.reporting.colours import Colour, painted
from seqtwin.reporting.formatting import count, digits
from seqtwin.reporting.page.cell_marks import keys_of, named
from seqtwin.reporting.page.template_values import Context
from seqtwin.reporting.table.study_table import StudyTable

_PALE: Colour = (233, 240, 244)
_DEEP: Colour = (15, 77, 107)
_BRIGHT: Colour = (124, 196, 230)
_DIM: Colour = (28, 42, 51)  # in the dark theme, a share of 0 blends in


def confusions(table: StudyTable) -> list[Context]:
    """One entry per chosen pairing: its classes, and a row of shares for each true class."""
    matrices: list[Context] = []
    for _, best in table.pairings[table.pairings["chosen"] == 1].iterrows():
        rows = table.confusion
        for key in keys_of(table):
            rows = rows[rows[key] == best[key]] if len(rows) else rows
        if len(rows):
            matrices.append({"dataset": best["dataset"], "best": named(table, best), **_shown(rows)})
    return matrices


def _shown(rows: pd.DataFrame) -> Context:
    classes = list(dict.fromkeys(rows["true"]))
    wide = rows.pivot_table(index="true", columns="predicted", values="rows", sort=False).loc[classes, classes]
    return {"classes": classes, "rows": [_row(name, wide.loc[name]) for name in classes]}


def _row(name: str, counts: "pd.Series[float]") -> Context:
    total = float(counts.sum())
    cells = [_cell(float(value), total, own=name == other) for other, value in counts.items()]
    return {"label": name, "total": count(total), "cells": cells}


def _cell(value: float, total: float, *, own: bool) -> Context:
    share = value / total if total else 0.0
    return {"value": digits(share, 2) if value else "·" if total else "–", "style": _style(share), "own": own}


def _style(share: float) -> str:
    (ground, text), (dark_ground, dark_text) = painted(share, _PALE, _DEEP), painted(share, _DIM, _BRIGHT)
    return f"--g:{ground};--t:{text};--gd:{dark_ground};--td:{dark_text}"
