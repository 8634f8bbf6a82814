"""Published study cells as they lie on disk, each file checked against its manifest before it is believed."""

import io
from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqtwin import files
from seqtwin.errors import ConfigError, DamagedError
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
    read_manifest,
    read_scores,
)


@dataclass(frozen=True)
class Measured:
    """What a trained study cell left behind.

    `scores`: metrics; `facts`: what is true of data, loss and encoder; `diagnostics`: one number (or None) by name;
    `history`: one row per epoch; `trace`: mean loss of windows of steps; `reads`: metric of every reading;
    `test`: one row per judged test pair, text or step; `texts`: the two sides of pairs, where these may be shown.
    """

    scores: Scores
    facts: Facts
    diagnostics: Diagnostics
    history: pd.DataFrame
    trace: pd.DataFrame
    reads: pd.DataFrame
    test: pd.DataFrame
    texts: pd.DataFrame | None


@dataclass(frozen=True)
class StudyCell:
    """One published study cell; `measured` is None for one that failed."""

    manifest: CellManifest
    digest: str
    measured: Measured | None

    @property
    def id(self) -> str:
        """The readable name, also the name of its folder."""
        return str(self.manifest["id"])

    @property
    def seed(self) -> int:
        """The seed, which is also the number of its paired block."""
        return int(self.manifest["factors"]["seed"])

    @property
    def labels(self) -> dict[str, str]:
        """Labels of the varied keys, without the seed."""
        return {key: str(value) for key, value in self.manifest["factors"].items() if key != "seed"}

    @property
    def finished(self) -> bool:
        """Whether it counts: neither failed nor diverged nor collapsed."""
        return self.manifest["status"] == "finished"

    @property
    def tuning(self) -> TuningFacts | None:
        """The outcome of tuning its pairing; None when nothing was tuned."""
        return self.manifest.get("tuning")


def read_study_file(folder: Path) -> dict[str, Any]:
    """The content of `study.json`.

    Raises: ConfigError when the folder holds no study; DamagedError when the file is not what it should be.
    """
    path = folder / "study.json"
    if not path.is_file():
        remedy = "give the folder that `seqtwin compare` wrote (runs/NAME), or one with committed results"
        raise ConfigError("NO_STUDY", "no study.json there", place=str(folder), remedy=remedy)
    study = files.read_json(path)
    if not isinstance(study, dict) or "name" not in study or "factors" not in study:
        raise DamagedError("STUDY_FORMAT", "expected an object with 'name' and 'factors'", place=str(path))
    return study


def read_cells(folder: Path) -> list[StudyCell]:
    """All published study cells under `folder/cells`, sorted by id.

    Raises: DamagedError that names the first missing or changed file.
    """
    return [_read_cell(path.parent) for path in sorted(folder.glob("cells/*/manifest.json")) if _published(path)]


def count_retired(folder: Path) -> int:
    """How many study cells were moved away to be trained again."""
    return len(list(folder.glob("cells/.retired/*/manifest.json")))


def _published(manifest: Path) -> bool:
    return not manifest.parent.name.startswith(".")


def _read_cell(folder: Path) -> StudyCell:
    files.verify(folder, only=(*MEASURED, TEXTS, CONFIG))
    manifest = read_manifest(folder)
    if not {"id", "status", "factors"} <= manifest.keys():
        cause = "expected 'id', 'status' and 'factors'"
        raise DamagedError("MANIFEST_FORMAT", cause, place=str(folder / files.MANIFEST))
    digest = files.sha256(folder / files.MANIFEST)
    if SCORES in manifest["files"]:
        return StudyCell(manifest, digest, _read_measured(folder, manifest))
    if manifest["status"] == "finished":
        raise DamagedError("CELL_INCOMPLETE", f"finished, but without {SCORES}", place=str(folder))
    return StudyCell(manifest, digest, None)


def _read_measured(folder: Path, manifest: CellManifest) -> Measured:
    absent = [name for name in MEASURED if name not in manifest["files"]]
    if absent:
        cause = f"its manifest lists no {absent[0]}, as of version {manifest.get('versions', {}).get('seqtwin', '?')}"
        remedy = "run the study again with this version, under another --out"
        raise DamagedError("CELL_INCOMPLETE", cause, place=str(folder), remedy=remedy)
    predictions = read_csv(folder / PREDICTIONS, PREDICTION)
    rows = predictions[predictions[PREDICTION.split] == "test"]
    test = rows.sort_values(PREDICTION.row, kind="stable", ignore_index=True)
    return Measured(
        scores=read_scores(folder),
        facts=read_facts(folder),
        diagnostics=read_diagnostics(folder),
        history=read_csv(folder / HISTORY, (EPOCH.epoch, EPOCH.loss)),
        trace=read_csv(folder / TRACE, WINDOW),
        reads=read_csv(folder / READS, READING),
        test=test,
        texts=_read_texts(folder / TEXTS) if TEXTS in manifest["files"] else None,
    )


def _read_texts(path: Path) -> pd.DataFrame:
    return read_csv(path, TEXT_PAIR, text=(TEXT_PAIR.left, TEXT_PAIR.right))


def read_csv(path: Path, columns: tuple[str, ...], *, text: tuple[str, ...] = ()) -> pd.DataFrame:
    """A CSV file that has these columns; those of `text` are read as they stand.

    Raises: DamagedError.
    """
    kinds: dict[Hashable, str] = dict.fromkeys(text, "str")
    kept = {"keep_default_na": False} if text else {}
    try:
        content = path.read_bytes().decode("utf-8")
        frame: pd.DataFrame = pd.read_csv(io.StringIO(content, newline=""), dtype=kinds, **kept)  # type: ignore[call-overload]
    except (ValueError, OSError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as CSV: {error}", place=str(path)) from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DamagedError("FILE_DAMAGED", f"expected a column '{missing[0]}'", place=str(path))
    return frame
