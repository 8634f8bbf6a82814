"""What is true of a whole study: its plan, versions, data sets, formulas, hours. The `meta` of a StudyTable."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from seqtwin.json_values import Json
from seqtwin.reporting.table.planned_cells import Gathered, Pairing
from seqtwin.reporting.table.read_cells import StudyCell

KEPT = (
    "format", "name", "question", "tier", "trials", "tuned", "allow_leakage", "published", "created", "config",
    "factors", "seeds", "versions", "floors", "merged", "plan",
)  # fmt: skip
_OF_DATA = ("pairs", "cut", "shareable", "clusters", "leakage")


def study_meta(found: Gathered, trials: pd.DataFrame, *, replicates: int, retries: int) -> dict[str, Any]:
    """The entries of `study.json` that a report needs, and what the study cells say together.

    `retries`: how many failed study cells were trained again.
    """
    meta = {key: found.study[key] for key in KEPT if key in found.study}
    meta |= {**found.objective, "extra": found.extra, "planned": len(found.planned)}
    meta |= {"replicates": replicates, "retries": retries}
    meta["missing"] = sorted(set(found.planned) - {cell.id for cell in found.cells})
    meta["threads"] = sorted({int(cell.manifest.get("threads") or 0) for cell in found.cells} - {0})
    meta["cell_versions"] = _distinct(cell.manifest.get("versions") or {} for cell in found.cells)
    meta |= _kernels(found.cells)
    meta["seconds"] = _seconds(found.results, trials)
    meta["datasets"] = _datasets(found.cells)
    meta["formulas"] = [_formula(one) for one in found.pairings() if one.measured]
    return meta


def _distinct(entries: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The distinct values of each name, sorted."""
    found: dict[str, set[str]] = {}
    for entry in entries:
        for name, value in entry.items():
            found.setdefault(name, set()).add(str(value))
    return {name: sorted(found[name]) for name in sorted(found)}


def _kernels(cells: Iterable[StudyCell]) -> dict[str, dict[str, list[str]]]:
    """The kernels that study cells were computed with; nothing for studies published before they were recorded."""
    each = [cell.manifest.get("kernels") or {} for cell in cells]
    names = dict.fromkeys(name for one in each for name in one)
    filled = [{name: one.get(name, "unset" if one else "not recorded") for name in names} for one in each]
    return {"kernels": _distinct(filled)} if names else {}


def _seconds(results: pd.DataFrame, trials: pd.DataFrame) -> dict[str, float]:
    """Seconds of all processes together, spent on study cells and on tuning."""
    cells = results[["seconds_data", "seconds_train", "seconds_evaluate"]].astype(float).sum().sum()
    return {"cells": round(float(cells), 1), "tuning": round(float(trials["seconds"].astype(float).sum()), 1)}


def _datasets(cells: Iterable[StudyCell]) -> dict[str, dict[str, Any]]:
    """What is true of each data set; notes of all its study cells are gathered, in order, each once."""
    found: dict[str, dict[str, Any]] = {}
    for cell in cells:
        if cell.measured:
            facts, scores = cell.measured.facts, cell.measured.scores
            known: dict[str, Any] = {name: facts.get(name) for name in _OF_DATA}
            known |= {"counts": facts["counts"]} if "counts" in facts else {}
            fresh = {**known, "texts": bool(facts.get("tokens")), "ceilings": _ceilings(facts.get("source", {})),
                     "primary": scores["primary"], "notes": []}  # fmt: skip
            entry = found.setdefault(str(facts.get("dataset", "")), fresh)
            entry["notes"] += [note for note in facts.get("notes") or [] if note not in entry["notes"]]
            entry.setdefault("undefined", {}).update(scores.get("undefined") or {})
    return found


def _ceilings(source: Mapping[str, Json]) -> dict[str, Json]:
    """The best possible values, where the data set states them: of any representation (`any`), then by name."""
    by_name = source.get("ceilings")
    return {
        **({"any": source["ceiling"]} if "ceiling" in source else {}),
        **(by_name if isinstance(by_name, Mapping) else {}),
    }


def _formula(pairing: Pairing) -> dict[str, Any]:
    """The loss of a pairing as computed, with the margin and the plateau of each seed."""
    losses = [measured.facts["loss"] for measured in pairing.measured]
    first = losses[0]
    shared = {"name": first["name"], "formula": first["formula"], "settings": first["settings"]}
    each = {"margins": [loss["margin"] for loss in losses], "plateaus": [loss["plateau"] for loss in losses]}
    return {**pairing.labels, **shared, **each}
