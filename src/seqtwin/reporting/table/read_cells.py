"""Published study cells, read from disk; every file is checked against the manifest first."""

import io
from collections.abc import Hashable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import numpy as np
import pandas as pd

from seqtwin import files
from seqtwin.cards import read_sealed
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.guards.shapes import check_shape
from seqtwin.guards.spreadsheets import original_cell
from seqtwin.published import (
    CONFIG,
    EPOCH,
    HISTORY,
    MEASURED,
    PREDICTION,
    PREDICTIONS,
    READING,
    READS,
    SCORES,
    TEXT_PAIR,
    TEXTS,
    TRACE,
    WINDOW,
    CellManifest,
    Diagnostics,
    Facts,
    Scores,
    TuningFacts,
    read_diagnostics,
    read_facts,
    read_scores,
)
from seqtwin.reporting.table.csv_text import frame_from_csv


@dataclass(frozen=True)
class Measured:
    """The files of a trained study cell.

    `scores`: metrics; `facts`: facts of data, loss and encoder; `diagnostics`: one number (or None) by name;
    `history`: one row per epoch; `trace`: mean loss of windows of steps; `reads`: the metric with every representation;
    `test`: one row per judged test pair, text or step; `text_file`: the texts of each pair, where they may be shown.
    """

    scores: Scores
    facts: Facts
    diagnostics: Diagnostics
    history: pd.DataFrame
    trace: pd.DataFrame
    reads: pd.DataFrame
    test: pd.DataFrame
    text_file: Path | None

    @cached_property
    def texts(self) -> pd.DataFrame | None:
        """Both texts of each pair. They are read when they are first used: a report shows those of one pairing."""
        return None if self.text_file is None else _read_texts(self.text_file)


@dataclass(frozen=True)
class StudyCell:
    """One published study cell; `measured` is None for one that failed."""

    manifest: CellManifest
    digest: str
    measured: Measured | None

    @property
    def id(self) -> str:
        """The readable name, which is also the name of the folder."""
        return str(self.manifest["id"])

    @property
    def seed(self) -> int:
        """The seed; study cells with the same seed form a block of paired observations."""
        return int(self.manifest["factors"]["seed"])

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the factors, without the seed."""
        return {key: str(value) for key, value in self.manifest["factors"].items() if key != "seed"}

    @property
    def finished(self) -> bool:
        """Whether training finished: it neither failed nor diverged nor collapsed."""
        return self.manifest["status"] == "finished"

    @property
    def tuning(self) -> TuningFacts | None:
        """The outcome of tuning its pairing; None when nothing was tuned."""
        return self.manifest.get("tuning")


def read_study_file(folder: Path) -> dict[str, object]:
    """The content of `study.json`.

    Raises: ConfigError when the folder contains no study; DamagedError when the file is not a study, or was changed.
    """
    path = folder / "study.json"
    if not path.is_file():
        remedy = "give a folder that `seqtwin compare` wrote (runs/NAME), or one with committed results"
        raise ConfigError("NO_STUDY", "no study.json in this folder", place=str(folder), remedy=remedy)
    study = read_sealed(path)
    if "name" not in study or "factors" not in study:
        raise DamagedError("STUDY_FORMAT", "expected an object with 'name' and 'factors'", place=str(path))
    return study


def read_cells(folder: Path) -> list[StudyCell]:
    """All published study cells under `folder/cells`, sorted by id.

    Raises: DamagedError with the first missing or changed file.
    """
    return [_read_cell(path.parent) for path in sorted(folder.glob("cells/*/manifest.json")) if _published(path)]


def count_retired(folder: Path) -> int:
    """The number of study cells that were moved away to be trained again."""
    return len(list(folder.glob("cells/.retired/*/manifest.json")))


def _published(manifest: Path) -> bool:
    return not manifest.parent.name.startswith(".")


def _read_cell(folder: Path) -> StudyCell:
    listed = files.verify(folder, only=(*MEASURED, TEXTS, CONFIG))
    check_shape(listed, CellManifest, folder / files.MANIFEST, {"id", "status", "factors"})
    manifest = cast("CellManifest", listed)
    if type(manifest["factors"].get("seed")) is not int:
        raise DamagedError("MANIFEST_FORMAT", "factors: expected a seed", place=str(folder / files.MANIFEST))
    digest = files.sha256(folder / files.MANIFEST)
    if SCORES in manifest["files"]:
        return StudyCell(manifest, digest, _read_measured(folder, manifest))
    if manifest["status"] == "finished":
        raise DamagedError("CELL_INCOMPLETE", f"finished, but without {SCORES}", place=str(folder))
    return StudyCell(manifest, digest, None)


def _read_measured(folder: Path, manifest: CellManifest) -> Measured:
    absent = [name for name in MEASURED if name not in manifest["files"]]
    if absent:
        version = manifest.get("versions", {}).get("seqtwin", "?")
        cause = f"its manifest lists no {absent[0]}; it was published by version {version}"
        remedy = "run the study again with this version, under another --out"
        raise DamagedError("CELL_INCOMPLETE", cause, place=str(folder), remedy=remedy)
    predictions = read_csv(folder / PREDICTIONS, PREDICTION)
    rows = np.flatnonzero(predictions[PREDICTION.split].to_numpy() == "test")
    order = np.argsort(predictions[PREDICTION.row].to_numpy()[rows], kind="stable")
    return Measured(
        scores=read_scores(folder),
        facts=read_facts(folder),
        diagnostics=read_diagnostics(folder),
        history=read_small_csv(folder / HISTORY, (EPOCH.epoch, EPOCH.loss)),
        trace=read_small_csv(folder / TRACE, WINDOW),
        reads=read_small_csv(folder / READS, READING, text=(READING.representation,)),
        test=predictions.take(rows[order]).reset_index(drop=True),
        text_file=folder / TEXTS if TEXTS in manifest["files"] else None,
    )


def _read_texts(path: Path) -> pd.DataFrame:
    frame = read_csv(path, TEXT_PAIR, text=(TEXT_PAIR.left, TEXT_PAIR.right))
    for side in (TEXT_PAIR.left, TEXT_PAIR.right):
        frame[side] = frame[side].map(original_cell)
    return frame


def read_csv(path: Path, columns: tuple[str, ...], *, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV file that has these columns; those of `text` are read as text, without conversion.

    Raises: DamagedError.
    """
    kinds: dict[Hashable, str] = dict.fromkeys(text, "str")
    missing_values = {"keep_default_na": False} if text else {}
    try:
        content = path.read_bytes().decode("utf-8")
        frame: pd.DataFrame = pd.read_csv(io.StringIO(content, newline=""), dtype=kinds, **missing_values)  # type: ignore[call-overload]
    except (ValueError, OSError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as CSV: {error}", place=str(path)) from error
    return _with_columns(frame, columns, path)


def read_small_csv(path: Path, columns: tuple[str, ...], *, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """The same for a file of few rows, on which the parser of pandas takes three times as long.

    All columns but those of `text` must contain numbers. Raises: DamagedError.
    """
    try:
        content = path.read_bytes().decode("utf-8")
    except (ValueError, OSError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as CSV: {error}", place=str(path)) from error
    return _with_columns(frame_from_csv(content, text, str(path)), columns, path)


def _with_columns(frame: pd.DataFrame, columns: tuple[str, ...], path: Path) -> pd.DataFrame:
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DamagedError("FILE_DAMAGED", f"expected a column '{missing[0]}'", place=str(path))
    return frame
