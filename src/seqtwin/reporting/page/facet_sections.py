"""The parts of the page that repeat for every heat map, as the templates take them."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from seqtwin.reporting.findings.refusals.check_claims import codes_of
from seqtwin.reporting.formatting import GLOSS, digits, known, metric_name, p_value, slug
from seqtwin.reporting.objective_words import nouns_of
from seqtwin.reporting.page import cell_marks, chosen_figures, evidence_tables, headline, planned_verdicts
from seqtwin.reporting.page.cell_marks import Diagnoses, labels_of
from seqtwin.reporting.page.heat_map import heat_cell
from seqtwin.reporting.table.facet import Ends, Facet, pairing_name, strip_ends
from seqtwin.reporting.table.study_table import StudyTable


def facet_part(table: StudyTable, facet: Facet, found: Diagnoses, scale: Facet) -> dict[str, Any]:
    """Heat map, floors and figures of one facet; `scale`: whose worst and best give the ends of colours and strips."""
    ends = strip_ends(pd.concat([scale.pairings["min"], scale.pairings["max"]]))
    figures = _figures(table, facet)
    name = slug("-".join(facet.labels.values()))
    return {
        "name": name, "title": facet.title, "dataset": facet.dataset, "metric": metric_name(facet.primary),
        "columns": facet.columns, "rows": [_row(table, facet, row, found, ends, scale) for row in facet.rows],
        "low": digits(ends[0], 2), "high": digits(ends[1], 2), "floors": headline.floors(table, facet),
        "ceilings": headline.ceilings(table, facet),
        "within": "", "lettered": any(facet.letters(row, column) for row in facet.rows for column in facet.columns),
        "omnibus": planned_verdicts.omnibus(table, facet, name), "readings": evidence_tables.readings(table, facet),
        **figures, "figures": _flat(figures),
    }  # fmt: skip


def _figures(table: StudyTable, facet: Facet) -> dict[str, Any]:
    shown = [row["retrieval"] for row in table.analysis.get("agreement", []) if row["dataset"] == facet.dataset]
    nouns = nouns_of(table.meta)
    return {
        "interaction": chosen_figures.interaction(facet), "expected": chosen_figures.expected_best(facet),
        "learning": chosen_figures.learning(table, facet), "scores": chosen_figures.histograms(table, facet),
        "slices": chosen_figures.slices(table, facet), "cost": chosen_figures.cost(facet, nouns),
        "by_length": chosen_figures.by_length(table, [facet]),
        "agreement": chosen_figures.agreement(facet, "mrr" if "mrr" in shown or not shown else shown[0], nouns),
    }  # fmt: skip


def _flat(figures: Mapping[str, Any]) -> list[chosen_figures.Drawn]:
    lists = [part if isinstance(part, list) else [part] for part in figures.values()]
    return [figure for part in lists for figure in part if figure]


def _row(table: StudyTable, facet: Facet, row: str, found: Diagnoses, ends: Ends, scale: Facet) -> dict[str, Any]:
    pairings = [facet.pairing(row, column) for column in facet.columns]
    untrained = pd.Series([p["untrained_mean"] for p in pairings if p is not None], dtype=float).mean()
    cells = [None if p is None else _cell(table, facet, p, found, ends, scale) for p in pairings]
    return {"label": row, "cells": cells, "untrained": digits(untrained), "gloss": GLOSS.get(row, "")}


def _cell(table: StudyTable, facet: Facet, pairing: Any, found: Diagnoses, ends: Ends, scale: Facet) -> dict[str, Any]:
    letters = facet.letters(pairing["representation"], pairing["loss"])
    told = cell_marks.of_cell(pairing, facet, found[labels_of(table, pairing)])
    name = pairing_name(table, pairing)
    return heat_cell(name, pairing, letters, scale.share(pairing), _seeds(table, pairing), told, ends)


def _seeds(table: StudyTable, pairing: Any) -> list[float]:
    rows = table.results[table.results["status"] == "finished"]
    for key in cell_marks.keys_of(table):
        rows = rows[rows[key] == pairing[key]]
    name = f"test_{pairing['primary']}"
    return [float(value) for value in rows[name].dropna()] if name in rows else []


def maps_summary(table: StudyTable, facets: Sequence[Facet]) -> dict[str, Any] | None:
    """The table over several heat maps."""
    rows = []
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


def planned_parts(table: StudyTable) -> list[dict[str, Any]]:
    """The planned comparisons of every data set: forest plot and table."""
    rope = known((table.meta.get("plan") or {}).get("rope", 0.01))
    found, why = [], codes_of(nouns_of(table.meta))
    for part in planned_verdicts.planned(table):
        metric = next((one["metric"] for one in table.analysis["facets"] if one["dataset"] == part["dataset"]), "")
        sheet = planned_verdicts.planned_sheet(part["dataset"], part["rows"], rope)
        codes = sorted({one.code for row in part["rows"] for one in row["blocks"]})
        forest = chosen_figures.forest(part["dataset"], part["rows"], rope, metric)
        refusals = [{"code": code, "why": why[code]} for code in codes]
        found.append({**part, "forest": forest, "sheet": sheet, "refusals": refusals})
    return found
