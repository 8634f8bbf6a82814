"""The overview of several heat maps: one row per heat map, one column per representation (or loss), means over others.

It is the picture of the first screen where a study has more than one heat map; each of its rows leads to a full one.
"""

from collections.abc import Sequence

import pandas as pd

from seqtwin.reporting.colours import style
from seqtwin.reporting.formatting import digits, short_key
from seqtwin.reporting.page.template_values import Context
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable


def overview(table: StudyTable, facets: Sequence[Facet]) -> Context | None:
    """The overview as the template shows it; None for a single heat map, or if nothing finished."""
    known = table.pairings[table.pairings["mean"].notna()]
    if len(facets) < 2 or not len(known):
        return None
    key = "representation" if known["representation"].nunique() > 1 else "loss"
    columns = list(dict.fromkeys(name for f in facets for name in (f.rows if key == "representation" else f.columns)))
    halves = (known["high"] - known["low"]) / 2
    others = table.nouns.columns if key == "representation" else "representations"
    several = known["loss" if key == "representation" else "representation"].nunique() > 1
    return {
        "columns": columns, "over": others if several else "",
        "factors": " · ".join(map(short_key, table.meta["extra"])),
        "half": digits(float(halves.max())) if halves.notna().any() else "",
        "rows": [_row(facet, place, key, columns, _scale(known, facet)) for place, facet in enumerate(facets, 1)],
    }  # fmt: skip


def _scale(known: pd.DataFrame, facet: Facet) -> tuple[float, float]:
    """The worst and the best value of the data set of a heat map, which end its colours."""
    means = known[known["dataset"] == facet.dataset]["mean"]
    return float(means.min()), float(means.max())


def _row(facet: Facet, place: int, key: str, columns: Sequence[str], scale: tuple[float, float]) -> Context:
    means = facet.pairings.groupby(key)["mean"].mean()
    chosen = set(facet.pairings[facet.pairings["chosen"] == 1][key])
    cells = [_cell(means.get(name), name in chosen, scale) for name in columns]
    return {"label": " · ".join(facet.labels.values()), "map": place, "cells": cells}


def _cell(value: float | None, chosen: bool, scale: tuple[float, float]) -> Context:
    if value is None or pd.isna(value):
        return {"value": "–", "style": "", "own": False}
    low, high = scale
    return {"value": digits(value), "style": style((value - low) / (high - low) if high > low else 1.0), "own": chosen}
