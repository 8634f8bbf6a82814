"""Heat maps of one column each, joined into one table: the further factors become its rows, or its columns."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seqtwin.reporting.formatting import digits, short_key
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.page import chosen_figures, headline
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable

Parts = Sequence[Mapping[str, Any]]


def whole(table: StudyTable, facets: Sequence[Facet]) -> Facet | None:
    """All pairings as one heat map, where the heat maps of a study fit into one table; None where they do not.

    They fit where every one is a single cell (its rows are then the heat maps), or a single column of the same rows
    (its columns are). Data sets stay apart, and so do the heat maps of pairs.
    """
    shapes = {(tuple(facet.columns), facet.dataset) for facet in facets}
    if nouns_of(table.meta).paired or len(facets) < 2 or len(shapes) > 1 or len(facets[0].columns) > 1:
        return None
    names = [", ".join(_named(key, label) for key, label in facet.labels.items()) for facet in facets]
    if all(len(facet.rows) == 1 for facet in facets):
        return Facet({}, names, facets[0].columns, table.pairings)
    same = len({frozenset(facet.rows) for facet in facets}) == 1
    return Facet({}, facets[0].rows, names, table.pairings) if same else None


def _named(key: str, label: str) -> str:
    """A label that says by itself what it is of: gru, but `characters True`."""
    return label if label.isalpha() and label not in ("True", "False", "none") else f"{short_key(key)} {label}"


def maps_of(table: StudyTable, facets: Sequence[Facet], parts: Parts, joined: Facet | None) -> Parts:
    """The heat maps that the page shows: `parts`, the sections of the facets, or one table in their place."""
    if joined is None:
        return parts
    rows = _stacked(joined, facets, parts) if _is_column(joined, facets) else _side_by_side(joined, parts)
    within = "" if _is_column(joined, facets) else f"of one {' and '.join(facets[0].labels)} "
    return [{**parts[0], "name": "all", "title": "", "columns": joined.columns, "rows": rows, "interaction": None,
             "within": within, "lettered": any(part["lettered"] for part in parts),
             "floors": headline.floors(table, joined)}]  # fmt: skip


def lengths_of(table: StudyTable, facets: Sequence[Facet], parts: Parts, joined: Facet | None) -> Parts:
    """The figures over length with their titles: one of each facet, or one of all where a facet has one line only."""
    if joined is not None and _is_column(joined, facets):
        return [{"title": "", "figure": chosen_figures.by_length(table, facets)}]
    return [{"title": part["title"], "figure": part["by_length"]} for part in parts]


def _is_column(joined: Facet, facets: Sequence[Facet]) -> bool:
    return joined.columns == facets[0].columns


def group(joined: Facet | None) -> str:
    """What the pairings that ties were tested in stand in: a heat map, or a column of the joined one."""
    return "heat map" if joined is None else "column"


def _stacked(joined: Facet, facets: Sequence[Facet], parts: Parts) -> list[dict[str, Any]]:
    return [_row(name, [part["rows"][0]["cells"][0]], facet.pairings)
            for name, facet, part in zip(joined.rows, facets, parts, strict=True)]  # fmt: skip


def _side_by_side(joined: Facet, parts: Parts) -> list[dict[str, Any]]:
    cells = [{row["label"]: row["cells"][0] for row in part["rows"]} for part in parts]
    pairings = joined.pairings
    return [_row(name, [own[name] for own in cells], pairings[pairings["representation"] == name])
            | {"gloss": next(row["gloss"] for row in parts[0]["rows"] if row["label"] == name)}
            for name in joined.rows]  # fmt: skip


def _row(label: str, cells: list[Any], pairings: pd.DataFrame) -> dict[str, Any]:
    return {"label": label, "cells": cells, "untrained": digits(pairings["untrained_mean"].mean()), "gloss": ""}
