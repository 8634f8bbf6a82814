"""Published folders -> one StudyTable, the only thing that crosses from training to reporting.

It is read from study cells or from the files an experiment commits; both give the same table to the last bit,
because the first road passes through the text form of the second.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin import files
from seqtwin.errors import DamagedError
from seqtwin.reporting.table import collect, read_cells
from seqtwin.reporting.table.csv_text import frame_from_csv, frame_to_csv, number_text

__all__ = [
    "FRAMES",
    "MORE_FRAMES",
    "TEXT",
    "StudyTable",
    "frame_from_csv",
    "frame_to_csv",
    "number_text",
    "read_study",
    "write_results",
]

FRAMES = ("results", "pairings", "curves", "traces", "histograms", "slices", "reads", "trials", "worst")
MORE_FRAMES = ("confusion", "lengths")  # files that only studies with such rows have
ANALYSIS = "analysis.json"
TEXT = frozenset({
    "id", "representation", "loss", "dataset", "status", "primary", "loss_name", "similarity", "padding", "device",
    "error_code", "error_cause", "error_place", "error_remedy", "data_hash", "split_hash", "manifest", "interval",
    "edge", "changes", "letters", "kind", "bin", "read", "state", "params", "left", "right",
    "true", "predicted",
})  # fmt: skip
NUMBERS = {"traces": frozenset({"loss"})}  # what is text elsewhere


@dataclass(frozen=True)
class StudyTable:
    """A whole study as tidy frames, what is true of all of it, and its statistics.

    - `results`: one row per study cell, failed ones included (columns: `seqtwin.reporting.table.results`).
    - `pairings`: one row per combination of factor values.
    - `curves`: one row per study cell and epoch; `traces`: the training loss by step.
    - `histograms`: test scores of same and different pairs, per pairing.
    - `slices`: the primary metric on parts of the test pairs; `lengths`: the same by length, for generated text.
    - `reads`: the metric of each trained encoder with every representation.
    - `trials`: one row per tuned pairing and trial.
    - `worst`: the test pairs that the chosen pairings judge worst; `confusion`: their confused classes.
    - `meta`: name, tier, plan, factors, floors, formulas, hashes, notes, versions.
    - `analysis`: the results of `analysis.analyse`.

    A frame that does not apply to a study is empty.
    """

    results: pd.DataFrame
    pairings: pd.DataFrame
    curves: pd.DataFrame
    traces: pd.DataFrame
    histograms: pd.DataFrame
    slices: pd.DataFrame
    reads: pd.DataFrame
    trials: pd.DataFrame
    worst: pd.DataFrame
    meta: dict[str, Any]
    analysis: dict[str, Any]
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    lengths: pd.DataFrame = field(default_factory=pd.DataFrame)


def read_study(path: Path, *, seed: int = 0) -> StudyTable:
    """The table of a study folder (with `cells/`) or of a folder of committed results.

    `seed` starts the generator of bootstrap and permutations; committed results hold their outcome already.
    Raises: ConfigError when there is no study; DamagedError when a file is missing or not what its manifest says.
    """
    study = read_cells.read_study_file(path)
    committed = not (path / "cells").is_dir() and not isinstance(study.get("planned"), list)
    contents = _committed(path) if committed else _measured(path, study, np.random.default_rng(seed))
    meta = study if committed else json.loads(contents["study.json"])
    frames = {name: _frame(contents[f"{name}.csv"], name, meta, path) for name in _frames_of(contents)}
    analysis = files.read_json(path / ANALYSIS) if committed else json.loads(contents[ANALYSIS])
    return StudyTable(**frames, meta=meta, analysis=analysis)


def _frames_of(contents: Mapping[str, str]) -> list[str]:
    return [*FRAMES, *(name for name in MORE_FRAMES if f"{name}.csv" in contents)]


def _frame(content: str, name: str, meta: dict[str, Any], path: Path) -> pd.DataFrame:
    text = (TEXT | set(meta.get("extra", ()))) - NUMBERS.get(name, frozenset())
    return frame_from_csv(content, text, str(path / f"{name}.csv"))


def _measured(path: Path, study: dict[str, Any], rng: np.random.Generator) -> dict[str, str]:
    found = collect.collect(path, study, rng)
    return _texts(found.frames, found.meta, found.analysis)


def _committed(path: Path) -> dict[str, str]:
    more = [f"{name}.csv" for name in MORE_FRAMES if (path / f"{name}.csv").exists()]
    return {name: _read_text(path / name) for name in (*(f"{name}.csv" for name in FRAMES), *more, ANALYSIS)}


def write_results(table: StudyTable) -> dict[str, str]:
    """The files an experiment commits, by name.

    They are enough to rebuild its report, byte for byte with the same library versions.
    """
    return _texts({name: getattr(table, name) for name in (*FRAMES, *MORE_FRAMES)}, table.meta, table.analysis)


def _texts(frames: dict[str, pd.DataFrame], meta: dict[str, Any], analysis: dict[str, Any]) -> dict[str, str]:
    kept = [*FRAMES, *(name for name in MORE_FRAMES if len(frames[name]))]
    contents = {f"{name}.csv": frame_to_csv(frames[name]) for name in kept}
    return {**contents, "study.json": files.dump_json(meta), ANALYSIS: files.dump_json(analysis)}


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        listed = ", ".join(("study.json", ANALYSIS, *(f"{name}.csv" for name in FRAMES)))
        remedy = f"a folder of results holds {listed}; `seqtwin report` of this version writes them all"
        raise DamagedError("RESULTS_MISSING", f"cannot be read: {error}", place=str(path), remedy=remedy) from error
