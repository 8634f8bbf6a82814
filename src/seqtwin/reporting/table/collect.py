"""Published study cells -> the frames, the meta and the analysis of a StudyTable."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.reporting.analysis import analyse
from seqtwin.reporting.table import (
    bootstrap,
    confusion,
    curves,
    histograms,
    lengths,
    pairings,
    read_cells,
    reads,
    slices,
    trials,
    worst,
)
from seqtwin.reporting.table import meta as about
from seqtwin.reporting.table.planned_cells import Gathered, gather


@dataclass(frozen=True)
class Collected:
    """The frames by name, what is true of all of the study, and its statistics."""

    frames: dict[str, pd.DataFrame]
    meta: dict[str, Any]
    analysis: dict[str, Any]


def collect(folder: Path, study: dict[str, Any], rng: np.random.Generator) -> Collected:
    """Everything of the study in `folder`, from one bootstrap.

    Raises: DamagedError.
    """
    found = gather(study, read_cells.read_cells(folder))
    tried = trials.tuning_trials(found, folder / "tuning")
    replicates = bootstrap.replicates_of(study)
    benches = bootstrap.benches(found, replicates, rng)
    sliced = [(bench, slices.slice_bench(bench, found.nouns.seen)) for bench in benches]
    analysis = _analysis(found, benches, tried, replicates, rng)
    of_pairings = pairings.pairing_rows(found, sliced, _letters(found, analysis))
    frames = {
        "results": found.results,
        "pairings": of_pairings,
        "curves": curves.epoch_curves(found),
        "traces": curves.step_traces(found),
        "histograms": histograms.score_histograms(found),
        "slices": slices.slice_rows(found, sliced),
        "reads": reads.read_matrix(found),
        "trials": tried,
        "worst": worst.worst_pairs(found, of_pairings),
        "confusion": confusion.confusion_rows(found, of_pairings),
        "lengths": lengths.length_rows(found, benches),
    }
    meta = about.study_meta(found, tried, replicates=replicates, retries=read_cells.count_retired(folder))
    return Collected(frames, meta, analysis)


def _analysis(
    found: Gathered,
    benches: Sequence[bootstrap.Bench],
    tried: pd.DataFrame,
    replicates: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    judged, drawn = [bench.judged for bench in benches], [bench.drawn for bench in benches]
    plan = found.study.get("plan") or {}
    return analyse(judged, plan, _tried(found, tried), replicates=replicates, rng=rng, drawn=drawn)


def _tried(found: Gathered, tried: pd.DataFrame) -> dict[tuple[str, ...], list[float]]:
    """Values of the trials that came to an end, by the labels of a pairing."""
    known = tried[tried["value"].notna()]
    groups = known.groupby(found.keys, sort=False)["value"]
    return {tuple(map(str, labels)): [float(value) for value in values] for labels, values in groups}


def _letters(found: Gathered, analysis: dict[str, Any]) -> dict[tuple[str, ...], str]:
    rows = [{**facet["labels"], **tie} for facet in analysis["facets"] for tie in facet["ties"]]
    return {tuple(str(row[key]) for key in found.keys): str(row["letters"]) for row in rows}
