"""Heat maps of one column each, joined into one table: the further factors become its rows, or its columns."""

from collections.abc import Sequence
from typing import TypeAlias, TypedDict

import pandas as pd

from seqtwin.reporting.formatting import digits, short_key
from seqtwin.reporting.page import chosen_figures, reference_values
from seqtwin.reporting.page.template_values import Context, FacetPart, MapRow
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable

Parts: TypeAlias = Sequence[FacetPart]


class LengthPart(TypedDict):
    """A figure over length with its title."""

    title: str
    figure: chosen_figures.Drawn | None


def whole(table: StudyTable, facets: Sequence[Facet]) -> Facet | None:
    """All pairings as one heat map if the heat maps of a study fit into one table, else None.

    They fit if each is a single cell (the heat maps become rows) or a single column with the same rows (the heat maps
    become columns). Data sets are not joined, nor are studies of pairs.
    """
    shapes = {(tuple(facet.columns), facet.dataset) for facet in facets}
    if table.nouns.paired or len(facets) < 2 or len(shapes) > 1 or len(facets[0].columns) > 1:
        return None
    names = [", ".join(short_label(key, label) for key, label in facet.labels.items()) for facet in facets]
    if all(len(facet.rows) == 1 for facet in facets):
        return Facet({}, names, facets[0].columns, table.pairings)
    same = len({frozenset(facet.rows) for facet in facets}) == 1
    return Facet({}, facets[0].rows, names, table.pairings) if same else None


def short_label(key: str, label: str) -> str:
    """A label, with the name of its factor if it is unclear alone: gru, but `characters True`."""
    return label if label.isalpha() and label not in ("True", "False", "none") else f"{short_key(key)} {label}"


def maps_of(table: StudyTable, facets: Sequence[Facet], parts: Parts, joined: Facet | None) -> Parts:
    """The heat maps of the page: `parts`, the sections of the facets, or the joined table instead."""
    if joined is None:
        return parts
    rows = _stacked(joined, facets, parts) if _is_column(joined, facets) else _side_by_side(joined, parts)
    within = "" if _is_column(joined, facets) else f"of one {' and '.join(facets[0].labels)} "
    return [{**parts[0], "name": "all", "title": "", "columns": joined.columns, "rows": rows, "interaction": None,
             "within": within, "lettered": any(part["lettered"] for part in parts),
             "floors": reference_values.floors(table, joined),
             "best_floor": reference_values.best_floor(table, joined)}]  # fmt: skip


def lengths_of(table: StudyTable, facets: Sequence[Facet], parts: Parts, joined: Facet | None) -> list[LengthPart]:
    """The figures over length with their titles: one per facet, or one for all if each facet is a single line."""
    if joined is not None and _is_column(joined, facets):
        return [{"title": "", "figure": chosen_figures.by_length(table, facets)}]
    return [{"title": part["title"], "figure": part["by_length"]} for part in parts]


def _is_column(joined: Facet, facets: Sequence[Facet]) -> bool:
    return joined.columns == facets[0].columns


def group(joined: Facet | None) -> str:
    """The group of pairings that ties were tested in: a heat map, or a column of the joined one."""
    return "heat map" if joined is None else "column"


def _stacked(joined: Facet, facets: Sequence[Facet], parts: Parts) -> list[MapRow]:
    return [_row(name, [part["rows"][0]["cells"][0]], facet.pairings)
            for name, facet, part in zip(joined.rows, facets, parts, strict=True)]  # fmt: skip


def _side_by_side(joined: Facet, parts: Parts) -> list[MapRow]:
    cells = [{row["label"]: row["cells"][0] for row in part["rows"]} for part in parts]
    gloss = {row["label"]: row["gloss"] for row in parts[0]["rows"]}
    pairings = joined.pairings
    return [_row(name, [own[name] for own in cells], pairings[pairings["representation"] == name], gloss[name])
            for name in joined.rows]  # fmt: skip


def _row(label: str, cells: list[Context | None], pairings: pd.DataFrame, gloss: str = "") -> MapRow:
    return {"label": label, "cells": cells, "untrained": digits(pairings["untrained_mean"].mean()), "gloss": gloss}
