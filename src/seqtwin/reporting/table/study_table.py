"""The StudyTable: a whole study as frames, meta and analysis. Everything that a report prints comes from it.

It is read from published study cells or from the files that an experiment commits. Both give exactly the same table,
because a table of study cells is first converted to the text of those files.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from seqtwin import files
from seqtwin.cards import KEYS, check_tables, is_sealed, seal_results
from seqtwin.errors import DamagedError
from seqtwin.guards.shapes import check_shape
from seqtwin.json_values import strict_json
from seqtwin.reporting.analysis.records import Analysis
from seqtwin.reporting.objective_words import Nouns, nouns_of
from seqtwin.reporting.table import collect, read_cells
from seqtwin.reporting.table.csv_text import frame_from_csv, frame_to_csv, number_text
from seqtwin.reporting.table.meta import Meta, Study

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
MORE_FRAMES = ("confusion", "lengths")  # only written if they have rows
STUDY, ANALYSIS = "study.json", "analysis.json"
TEXT = frozenset({
    "id", "representation", "loss", "dataset", "status", "primary", "loss_name", "similarity", "padding", "device",
    "error_code", "error_cause", "error_place", "error_remedy", "data_hash", "split_hash", "manifest", "interval",
    "edge", "changes", "letters", "kind", "bin", "read", "state", "params", "left", "right",
    "true", "predicted",
})  # fmt: skip
NUMBERS = {"traces": frozenset({"loss"})}  # columns that are text in other frames


@dataclass(frozen=True)
class StudyTable:
    """A whole study: tidy frames, the facts of the study, and its statistics.

    - `results`: one row per study cell, failed ones included (columns: `seqtwin.reporting.table.results`).
    - `pairings`: one row per combination of factor values.
    - `curves`: one row per study cell and epoch; `traces`: the training loss by step.
    - `histograms`: test scores of same and different pairs, per pairing.
    - `slices`: the primary metric on parts of the test pairs; `lengths`: the same by length, for generated text.
    - `reads`: the primary metric of each trained encoder with every representation.
    - `trials`: one row per tuned pairing and trial.
    - `worst`: the test pairs with the worst scores under the chosen pairings; `confusion`: confused classes.
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
    meta: Meta
    analysis: Analysis
    confusion: pd.DataFrame = field(default_factory=pd.DataFrame)
    lengths: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def nouns(self) -> Nouns:
        """The words in which a report describes this study."""
        return nouns_of(self.meta)


def read_study(path: Path, *, seed: int = 0) -> StudyTable:
    """The table of a study folder (with `cells/`) or of a folder of committed results.

    `seed`: of the bootstrap and the permutations. Committed results contain their outcome, so it does not affect them.

    Raises: ConfigError when there is no study; DamagedError when a file is missing or was changed.
    """
    study = read_cells.read_study_file(path)
    committed = not (path / "cells").is_dir() and not isinstance(study.get("planned"), list)
    contents = _committed(path, study) if committed else _measured(path, study, np.random.default_rng(seed))
    meta: Meta = _unsealed(study, path / STUDY) if committed else json.loads(contents[STUDY])
    frames = {name: _frame(contents[f"{name}.csv"], name, meta, path) for name in _frames_of(contents)}
    analysis: Analysis = _analysis(contents[ANALYSIS], path / ANALYSIS)
    return StudyTable(**frames, meta=meta, analysis=analysis)


def _frames_of(contents: Mapping[str, str]) -> list[str]:
    return [*FRAMES, *(name for name in MORE_FRAMES if f"{name}.csv" in contents)]


def _frame(content: str, name: str, meta: Meta, path: Path) -> pd.DataFrame:
    text = (TEXT | set(meta.get("extra", ()))) - NUMBERS.get(name, frozenset())
    return frame_from_csv(content, text, str(path / f"{name}.csv"))


def _measured(path: Path, study: Mapping[str, object], rng: np.random.Generator) -> dict[str, str]:
    check_shape(study, Study, path / STUDY, {"factors"})
    collected = collect.collect(path, cast("Study", study), rng)
    return _texts(collected.frames, collected.meta, collected.analysis)


def _committed(path: Path, study: Mapping[str, object]) -> dict[str, str]:
    more = [f"{name}.csv" for name in MORE_FRAMES if (path / f"{name}.csv").exists()]
    names = (*(f"{name}.csv" for name in FRAMES), *more, ANALYSIS)
    contents = {name: _read_text(path / name) for name in names}
    check_tables(study, contents, path)
    return contents


def _unsealed(study: Mapping[str, object], path: Path) -> Meta:
    """The facts of committed results, after checking that they have their types."""
    meta = {key: value for key, value in study.items() if key not in KEYS}
    check_shape(meta, Meta, path, {"factors", "extra"})
    return cast("Meta", meta)


def _analysis(text: str, path: Path) -> Analysis:
    try:
        analysis: Analysis = strict_json(text)
    except (ValueError, RecursionError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as JSON: {error}", place=str(path)) from error
    check_shape(analysis, Analysis, path)
    return analysis


def write_results(table: StudyTable, pages: Mapping[str, str | bytes] | None = None) -> dict[str, str]:
    """The files that an experiment commits: content by name. `study.json` has the hashes of the others.

    `pages`: the pages of the report next to them, whose hashes it has too.

    A report can be rebuilt from them alone, byte for byte with the same library versions.
    """
    contents = _texts({name: getattr(table, name) for name in (*FRAMES, *MORE_FRAMES)}, table.meta, table.analysis)
    if is_sealed(table.meta):  # the results of older versions stay as they are
        tables = {name: content for name, content in contents.items() if name != STUDY}
        contents[STUDY] = seal_results(table.meta, tables, pages)
    return contents


def _texts(frames: Mapping[str, pd.DataFrame], meta: Meta, analysis: Analysis) -> dict[str, str]:
    names = [*FRAMES, *(name for name in MORE_FRAMES if len(frames[name]))]
    contents = {f"{name}.csv": frame_to_csv(frames[name]) for name in names}
    return {**contents, STUDY: files.dump_json(meta), ANALYSIS: files.dump_json(analysis)}


def _read_text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        listed = ", ".join((STUDY, ANALYSIS, *(f"{name}.csv" for name in FRAMES)))
        remedy = f"a folder of results contains {listed}; `seqtwin report` of this version writes all of them"
        raise DamagedError("RESULTS_MISSING", f"cannot be read: {error}", place=str(path), remedy=remedy) from error
