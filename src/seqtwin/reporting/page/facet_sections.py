"""The sections of the page that repeat for every heat map, as the templates show them."""

from collections.abc import Sequence
from typing import TypedDict

import pandas as pd

from seqtwin.metrics import metric_name
from seqtwin.reporting.findings.refusals.check_claims import codes_of
from seqtwin.reporting.formatting import GLOSS, digits, known, p_value, slug
from seqtwin.reporting.page import (
    cell_marks,
    chosen_figures,
    evidence_tables,
    headline,
    planned_rows,
    planned_verdicts,
    reference_values,
)
from seqtwin.reporting.page.cell_marks import Diagnoses, labels_of
from seqtwin.reporting.page.comparison import Verdict
from seqtwin.reporting.page.evidence_tables import MapSummary
from seqtwin.reporting.page.heat_map import heat_cell
from seqtwin.reporting.page.template_values import Context, FacetPart, Figures, MapRow, Row, Sheet
from seqtwin.reporting.table.facet import Ends, Facet, pairing_name, strip_ends
from seqtwin.reporting.table.study_table import StudyTable


class PlannedPart(TypedDict):
    """The planned comparisons on one data set. `refusals`: code and reason of the claims withheld."""

    dataset: str
    rows: list[Verdict]
    metric: str
    forest: chosen_figures.Drawn | None
    forest_rows: Context
    sheet: Sheet
    refusals: list[dict[str, str]]


def facet_part(table: StudyTable, facet: Facet, diagnosed: Diagnoses, scale: Facet) -> FacetPart:
    """Heat map, floors and figures of one facet; `scale`: the facet whose worst and best value end the colour scale."""
    ends = strip_ends(pd.concat([scale.pairings["min"], scale.pairings["max"]]))
    figures = _figures(table, facet)
    name = slug("-".join(facet.labels.values()))
    return {
        "name": name, "title": facet.title, "dataset": facet.dataset, "metric": metric_name(facet.primary),
        "columns": facet.columns, "rows": [_row(table, facet, row, diagnosed, ends, scale) for row in facet.rows],
        "low": digits(ends[0], 2), "high": digits(ends[1], 2), "floors": reference_values.floors(table, facet),
        "best_floor": reference_values.best_floor(table, facet),
        "ceilings": reference_values.ceilings(table, facet),
        "within": "", "lettered": any(facet.letters(row, column) for row in facet.rows for column in facet.columns),
        "omnibus": planned_verdicts.omnibus(table, facet, name), "readings": evidence_tables.readings(table, facet),
        **figures, "figures": _flat(figures),
    }  # fmt: skip


def _figures(table: StudyTable, facet: Facet) -> Figures:
    shown = [row["retrieval"] for row in table.analysis.get("agreement", []) if row["dataset"] == facet.dataset]
    nouns = table.nouns
    return {
        "interaction": chosen_figures.interaction(facet), "expected": chosen_figures.expected_best(facet),
        "learning": chosen_figures.learning(table, facet), "scores": chosen_figures.histograms(table, facet),
        "slices": chosen_figures.slices(table, facet), "cost": chosen_figures.cost(facet, nouns),
        "by_length": chosen_figures.by_length(table, [facet]),
        "agreement": chosen_figures.agreement(facet, "mrr" if "mrr" in shown or not shown else shown[0], nouns),
    }  # fmt: skip


def _flat(figures: Figures) -> list[chosen_figures.Drawn]:
    """All figures of a heat map in the order of the page."""
    several = [figures["interaction"], figures["expected"], figures["learning"], *figures["scores"],
               *figures["slices"], figures["cost"], figures["by_length"], figures["agreement"]]  # fmt: skip
    return [figure for figure in several if figure]


def _row(table: StudyTable, facet: Facet, row: str, diagnosed: Diagnoses, ends: Ends, scale: Facet) -> MapRow:
    pairings = [facet.pairing(row, column) for column in facet.columns]
    untrained = pd.Series([p["untrained_mean"] for p in pairings if p is not None], dtype=float).mean()
    cells = [None if p is None else _cell(table, facet, p, diagnosed, ends, scale) for p in pairings]
    return {"label": row, "cells": cells, "untrained": digits(untrained), "gloss": GLOSS.get(row, "")}


def _cell(table: StudyTable, facet: Facet, pairing: Row, diagnosed: Diagnoses, ends: Ends, scale: Facet) -> Context:
    letters = facet.letters(pairing["representation"], pairing["loss"])
    warnings = cell_marks.warnings(pairing, facet, diagnosed[labels_of(table, pairing)])
    name = pairing_name(table, pairing)
    return heat_cell(name, pairing, letters, scale.share(pairing), _seeds(table, pairing), warnings, ends)


def _seeds(table: StudyTable, pairing: Row) -> list[float]:
    rows = table.results[table.results["status"] == "finished"]
    for key in cell_marks.keys_of(table):
        rows = rows[rows[key] == pairing[key]]
    name = f"test_{pairing['primary']}"
    return [float(value) for value in rows[name].dropna()] if name in rows else []


def maps_summary(table: StudyTable, facets: Sequence[Facet]) -> Sheet | None:
    """The table that summarises the heat maps; None for a single one."""
    rows: list[MapSummary] = []
    for facet in facets:
        part = facet.pairings[facet.pairings["dev_mean"].notna()]
        if len(part):
            best, versus = part.loc[part["dev_mean"].idxmax()], facet.analysis.get("versus_best", [])
            p = known(headline.interaction_term(facet).get("p"))
            optimism = known((facet.analysis.get("best") or {}).get("optimism"))
            rows.append({"labels": facet.labels, "best": pairing_name(table, best), "test": best["mean"],
                         "low": best["low"], "high": best["high"], "optimism": optimism,
                         "tied": float(sum(not row["apart"] for row in versus)),
                         "others": len(facet.pairings) - 1, "p": p, "p_text": p_value(p)})  # fmt: skip
    return evidence_tables.summary(table, rows)


def planned_parts(table: StudyTable) -> list[PlannedPart]:
    """The planned comparisons of every data set: forest plot and table."""
    rope = known((table.meta.get("plan") or {}).get("rope", 0.01))
    parts: list[PlannedPart] = []
    why = codes_of(table.nouns)
    for dataset, rows in planned_verdicts.planned(table).items():
        metric = next((facet["metric"] for facet in table.analysis["facets"] if facet["dataset"] == dataset), "")
        codes = sorted({refusal.code for row in rows for refusal in row["blocks"]})
        parts.append({"dataset": dataset, "rows": rows, "metric": metric_name(metric) if metric else "",
                      "forest_rows": planned_rows.forest_rows(rows, rope),
                      "forest": chosen_figures.forest(dataset, rows, rope, metric),
                      "sheet": planned_verdicts.planned_sheet(dataset, rows, rope),
                      "refusals": [{"code": code, "why": why[code]} for code in codes]})  # fmt: skip
    return parts
