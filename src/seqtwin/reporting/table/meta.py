"""The facts of a whole study: its plan, versions, data sets, loss formulas and hours. The `meta` of a StudyTable."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pandas as pd
from typing_extensions import TypedDict

from seqtwin.comparisons import Plan
from seqtwin.json_values import Json
from seqtwin.published import Facts, Leakage, Scores
from seqtwin.quick_budget import QuickBudget
from seqtwin.reporting.table.read_cells import StudyCell


class Floor(TypedDict, total=False):
    """A baseline without training: its metrics, why some are undefined, and a note."""

    dev: dict[str, float]
    test: dict[str, float]
    undefined: dict[str, str]
    note: str


class _Declared(TypedDict, total=False):
    format: int
    name: str
    question: str
    tier: str
    trials: int
    tuned: bool
    allow_leakage: str
    published: list[dict[str, Json]]
    created: str
    config: dict[str, Any]
    factors: dict[str, list[str]]
    seeds: list[int]
    versions: dict[str, str]
    floors: dict[str, dict[str, Floor]]
    merged: list[list[str]]
    plan: Plan
    quick: QuickBudget


class Study(_Declared, total=False):
    """`study.json` of a study folder; `planned`: the ids of all study cells."""

    planned: list[str]


class DatasetFacts(TypedDict, total=False):
    """The facts of one data set; `texts`: whether its items are texts; `ceilings`: the best possible values."""

    pairs: dict[str, int]
    cut: float
    shareable: bool
    clusters: str
    leakage: Leakage
    counts: dict[str, dict[str, int]]
    texts: bool
    ceilings: dict[str, float]
    primary: str
    notes: list[str]
    undefined: dict[str, str]


class TrainedWith(TypedDict):
    """The formula that trained a pairing, with the margin and the plateau of each seed."""

    representation: str
    loss: str
    name: str
    formula: str
    settings: dict[str, object] | None
    margins: list[float | None]
    plateaus: list[float | None]


class Meta(_Declared, total=False):
    """The `study.json` of committed results.

    `extra`: the factors besides representation, loss and seed; `planned`: the number of study cells; `missing`: the ids
    of those without a result; `retries`: how many were trained again; `formulas`: one entry per pairing, by its labels.
    """

    objective: str
    judged: str
    extra: list[str]
    planned: int
    replicates: int
    retries: int
    missing: list[str]
    threads: list[int]
    cell_versions: dict[str, list[str]]
    kernels: dict[str, list[str]]
    seconds: dict[str, float]
    datasets: dict[str, DatasetFacts]
    formulas: list[TrainedWith]


DECLARED = tuple(_Declared.__annotations__)


def cell_facts(cells: Iterable[StudyCell]) -> Meta:
    """The facts of the study cells together: threads, versions, kernels."""
    cells = list(cells)
    return {
        "threads": sorted({cell.manifest.get("threads", 0) for cell in cells} - {0}),
        "cell_versions": _distinct(cell.manifest.get("versions", {}) for cell in cells),
        **_kernels(cells),
    }


def _distinct(entries: Iterable[Mapping[str, object]]) -> dict[str, list[str]]:
    """The distinct values of each name, sorted."""
    values: dict[str, set[str]] = {}
    for entry in entries:
        for name, value in entry.items():
            values.setdefault(name, set()).add(str(value))
    return {name: sorted(values[name]) for name in sorted(values)}


def _kernels(cells: Iterable[StudyCell]) -> Meta:
    """The kernels that study cells were computed with; empty for studies published before they were recorded."""
    each = [cell.manifest.get("kernels", {}) for cell in cells]
    names = dict.fromkeys(name for kernels in each for name in kernels)
    filled = [{name: own.get(name, "unset" if own else "not recorded") for name in names} for own in each]
    return {"kernels": _distinct(filled)} if names else {}


def seconds_spent(results: pd.DataFrame, trials: pd.DataFrame) -> dict[str, float]:
    """Seconds of all processes together, spent on study cells and on tuning."""
    cells = results[["seconds_data", "seconds_train", "seconds_evaluate"]].astype(float).sum().sum()
    return {"cells": round(float(cells), 1), "tuning": round(float(trials["seconds"].astype(float).sum()), 1)}


def dataset_facts(cells: Iterable[StudyCell]) -> dict[str, DatasetFacts]:
    """The facts of each data set, with the distinct notes of all its study cells in their order."""
    datasets: dict[str, DatasetFacts] = {}
    for cell in cells:
        if cell.measured:
            facts, scores = cell.measured.facts, cell.measured.scores
            entry = datasets.setdefault(facts.get("dataset", ""), _dataset(facts, scores))
            entry["notes"] += [note for note in facts.get("notes", []) if note not in entry["notes"]]
            entry["undefined"] = {**entry.get("undefined", {}), **scores.get("undefined", {})}
    return datasets


def _dataset(facts: Facts, scores: Scores) -> DatasetFacts:
    known = {name: facts.get(name) for name in ("pairs", "cut", "shareable", "clusters", "leakage")}
    known |= {"counts": facts["counts"]} if "counts" in facts else {}
    known |= {"texts": bool(facts.get("tokens")), "ceilings": _ceilings(facts.get("source", {}))}
    return cast("DatasetFacts", {**known, "primary": scores["primary"], "notes": []})


def _ceilings(source: Mapping[str, Json]) -> dict[str, Json]:
    """The best possible values, where the data set states them: of any representation (`any`), then by name."""
    by_name = source.get("ceilings")
    whole = {"any": source["ceiling"]} if "ceiling" in source else {}
    return {**whole, **(by_name if isinstance(by_name, Mapping) else {})}
