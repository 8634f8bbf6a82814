"""Published study cells -> the frames, the meta and the analysis of a StudyTable."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from seqtwin.reporting.analysis import analyse
from seqtwin.reporting.analysis.records import Analysis
from seqtwin.reporting.table import (
    bootstrap,
    confusion,
    curves,
    histograms,
    lengths,
    pairings,
    read_cells,
    representation_matrix,
    slices,
    trials,
    worst,
)
from seqtwin.reporting.table.meta import DECLARED, Meta, Study, cell_facts, dataset_facts, seconds_spent
from seqtwin.reporting.table.planned_cells import Gathered, Pairing, gather


@dataclass(frozen=True)
class Collected:
    """The frames of a study by name, its meta and its statistics."""

    frames: dict[str, pd.DataFrame]
    meta: Meta
    analysis: Analysis


def collect(folder: Path, study: Study, rng: np.random.Generator) -> Collected:
    """The frames, meta and analysis of the study in `folder`, all from one bootstrap.

    Raises: DamagedError.
    """
    gathered = gather(study, read_cells.read_cells(folder))
    tried = trials.tuning_trials(gathered, folder / "tuning")
    replicates = bootstrap.replicates_of(study)
    benches = bootstrap.benches(gathered, replicates, rng)
    sliced = [(bench, slices.slice_bench(bench, gathered.nouns.seen)) for bench in benches]
    analysis = _analysis(gathered, benches, tried, replicates, rng)
    pairing_frame = pairings.pairing_rows(gathered, sliced, _letters(gathered, analysis))
    frames = {
        "results": gathered.results,
        "pairings": pairing_frame,
        "curves": curves.epoch_curves(gathered),
        "traces": curves.step_traces(gathered),
        "histograms": histograms.score_histograms(gathered),
        "slices": slices.slice_rows(gathered, sliced),
        "reads": representation_matrix.read_matrix(gathered),
        "trials": tried,
        "worst": worst.worst_pairs(gathered, pairing_frame),
        "confusion": confusion.confusion_rows(gathered, pairing_frame),
        "lengths": lengths.length_rows(gathered, benches),
    }
    return Collected(frames, _meta(gathered, tried, replicates, read_cells.count_retired(folder)), analysis)


def _analysis(
    gathered: Gathered,
    benches: Sequence[bootstrap.Bench],
    tried: pd.DataFrame,
    replicates: int,
    rng: np.random.Generator,
) -> Analysis:
    judged, drawn = [bench.judged for bench in benches], [bench.drawn for bench in benches]
    plan = gathered.study.get("plan", {})
    return analyse(judged, plan, _trial_values(gathered, tried), replicates=replicates, rng=rng, drawn=drawn)


def _trial_values(gathered: Gathered, tried: pd.DataFrame) -> dict[tuple[str, ...], list[float]]:
    """Dev values of the completed trials, by the labels of a pairing."""
    complete = tried[tried["value"].notna()]
    groups = complete.groupby(gathered.keys, sort=False)["value"]
    return {tuple(map(str, labels)): [float(value) for value in values] for labels, values in groups}


def _letters(gathered: Gathered, analysis: Analysis) -> dict[tuple[str, ...], str]:
    """The tie letters by the labels of a pairing."""
    letters: dict[tuple[str, ...], str] = {}
    for facet in analysis["facets"]:
        for tie in facet["ties"]:
            labels = {**facet["labels"], "representation": tie["representation"], "loss": tie["loss"]}
            letters[tuple(labels[key] for key in gathered.keys)] = tie["letters"]
    return letters


def _meta(gathered: Gathered, tried: pd.DataFrame, replicates: int, retries: int) -> Meta:
    """The entries of `study.json` that a report needs, and the facts of the study cells together."""
    declared = {key: value for key, value in gathered.study.items() if key in DECLARED}
    counts = {"extra": gathered.extra, "planned": len(gathered.planned), "replicates": replicates, "retries": retries}
    measured = {
        "missing": sorted(set(gathered.planned) - {cell.id for cell in gathered.cells}),
        **cell_facts(gathered.cells),
        "seconds": seconds_spent(gathered.results, tried),
        "datasets": dataset_facts(gathered.cells),
        "formulas": [_formula(pairing) for pairing in gathered.pairings() if pairing.measured],
    }
    ordered = {key: declared[key] for key in DECLARED if key in declared}
    return cast("Meta", {**ordered, **gathered.objective, **counts, **measured})


def _formula(pairing: Pairing) -> dict[str, object]:
    """The loss of a pairing as computed, with the margin and the plateau of each seed."""
    losses = [measured.facts["loss"] for measured in pairing.measured]
    first = losses[0]
    return {
        **pairing.labels, "name": first["name"], "formula": first["formula"], "settings": first["settings"],
        "margins": [loss["margin"] for loss in losses], "plateaus": [loss["plateau"] for loss in losses],
    }  # fmt: skip
