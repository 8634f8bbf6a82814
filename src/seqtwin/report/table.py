"""Published folders -> one StudyTable, the only thing that crosses from training to reporting.

It is read from study cells or from the CSV files an experiment commits; both give the same table to the last bit,
because the first road passes through the text form of the second.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin import files
from seqtwin.errors import DamagedError
from seqtwin.report import cells, collect

FRAMES = ("results", "pairings", "curves", "histograms")
TEXT = frozenset({
    "id", "representation", "loss", "dataset", "status", "primary", "loss_name", "similarity", "padding", "device",
    "error_code", "error_cause", "error_place", "error_remedy", "data_hash", "split_hash", "manifest", "interval",
})  # fmt: skip


@dataclass(frozen=True)
class StudyTable:
    """A whole study as four tidy frames and what is true of all of it.

    `results`: one row per study cell, failed ones included. `pairings`: one row per combination of factor values.
    `curves`: one row per study cell and epoch. `histograms`: test scores of same and different pairs per pairing.
    `meta`: name, tier, factors, floors, formulas, hashes, notes, versions.
    """

    results: pd.DataFrame
    pairings: pd.DataFrame
    curves: pd.DataFrame
    histograms: pd.DataFrame
    meta: dict[str, Any]


def read_study(path: Path, *, seed: int = 0) -> StudyTable:
    """The table of a study folder (with `cells/`) or of a folder of committed results.

    `seed` starts the generator of the bootstrap; committed results hold its outcome already.
    Raises: ConfigError when there is no study; DamagedError when a file is not what its manifest says.
    """
    study = cells.read_study_file(path)
    if (path / "cells").is_dir():
        frames, meta = collect.collect(study, cells.read_cells(path), np.random.default_rng(seed))
        contents = {name: frame_to_csv(frames[name]) for name in FRAMES}
    else:
        contents, meta = {name: _read_text(path / f"{name}.csv") for name in FRAMES}, study
    text = TEXT | set(meta.get("extra", ()))
    places = {name: str(path / f"{name}.csv") for name in FRAMES}
    return StudyTable(**{name: frame_from_csv(contents[name], text, places[name]) for name in FRAMES}, meta=meta)


def write_results(table: StudyTable) -> dict[str, str]:
    """The files an experiment commits, by name: enough to rebuild its report byte for byte."""
    contents = {f"{name}.csv": frame_to_csv(getattr(table, name)) for name in FRAMES}
    return {**contents, "study.json": files.dump_json(table.meta)}


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        remedy = "a folder of results holds study.json and " + ", ".join(f"{name}.csv" for name in FRAMES)
        raise DamagedError("RESULTS_MISSING", f"cannot be read: {error}", place=str(path), remedy=remedy) from error


def number_text(value: float) -> str:
    """Six significant digits, whole numbers in full, nothing for what is undefined.

    >>> number_text(0.93912345), number_text(1234567.0), number_text(2.1e-7), number_text(float("nan"))
    ('0.939123', '1234567', '2.1e-07', '')
    """
    if not np.isfinite(value):
        return ""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else f"{value:.6g}"


def _cell_text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else number_text(float(value))


def frame_to_csv(frame: pd.DataFrame) -> str:
    """The frame as CSV text: text as it is, numbers by `number_text`."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(frame.columns)
    writer.writerows([_cell_text(value) for value in row] for row in frame.itertuples(index=False, name=None))
    return text.getvalue()


def frame_from_csv(content: str, text_columns: Iterable[str], place: str) -> pd.DataFrame:
    """The frame of a CSV text: the named columns hold text, all others numbers (empty = nan).

    Raises: DamagedError for a ragged row or a number that is none.
    """
    header, *rows = list(csv.reader(io.StringIO(content, newline=""))) or [[]]
    if any(len(row) != len(header) for row in rows):
        raise DamagedError("RESULTS_DAMAGED", f"expected {len(header)} fields in every row", place=place)
    known, columns = set(text_columns), {}
    for index, name in enumerate(header):
        values = [row[index] for row in rows]
        columns[name] = pd.Series(values, dtype=object) if name in known else _numbers(values, name, place)
    frame: pd.DataFrame = pd.DataFrame(columns, columns=header)
    return frame


def _numbers(values: list[str], name: str, place: str) -> "pd.Series[float]":
    try:
        return pd.Series([float(value) if value else np.nan for value in values], dtype=float)
    except ValueError as error:
        raise DamagedError("RESULTS_DAMAGED", f"column '{name}': {error}", place=place) from error
