"""Published study cells as they lie on disk, each file checked against its manifest before it is believed."""

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from seqtwin import files
from seqtwin.errors import ConfigError, DamagedError

NEEDED = ("scores.json", "history.csv", "predictions.csv", "facts.json")


@dataclass(frozen=True)
class Measured:
    """What a trained study cell left behind: metrics, facts, one row per epoch, one row per judged test pair."""

    scores: dict[str, Any]
    facts: dict[str, Any]
    history: pd.DataFrame
    test: pd.DataFrame


@dataclass(frozen=True)
class StudyCell:
    """One published study cell; `measured` is None for one that failed."""

    manifest: dict[str, Any]
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


def _published(manifest: Path) -> bool:
    return not manifest.parent.name.startswith(".")


def _read_cell(folder: Path) -> StudyCell:
    manifest = files.verify(folder, only=(*NEEDED, "config.yaml"))
    if not {"id", "status", "factors"} <= manifest.keys():
        cause = "expected 'id', 'status' and 'factors'"
        raise DamagedError("MANIFEST_FORMAT", cause, place=str(folder / files.MANIFEST))
    digest = files.sha256(folder / files.MANIFEST)
    if "scores.json" in manifest["files"]:
        return StudyCell(manifest, digest, _read_measured(folder, manifest))
    if manifest["status"] == "finished":
        raise DamagedError("CELL_INCOMPLETE", "finished, but without scores.json", place=str(folder))
    return StudyCell(manifest, digest, None)


def _read_measured(folder: Path, manifest: dict[str, Any]) -> Measured:
    absent = [name for name in NEEDED if name not in manifest["files"]]
    if absent:
        raise DamagedError("CELL_INCOMPLETE", f"its manifest lists no {absent[0]}", place=str(folder))
    predictions = _read_csv(folder / "predictions.csv", ("split", "row", "cluster", "target", "score"))
    test = predictions[predictions["split"] == "test"].sort_values("row", kind="stable", ignore_index=True)
    history = _read_csv(folder / "history.csv", ("epoch", "loss"))
    return Measured(
        files.read_json(folder / "scores.json"), files.read_json(folder / "facts.json"), history, test
    )  # fmt: skip


def _read_csv(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    try:
        frame = pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))
    except (ValueError, OSError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as CSV: {error}", place=str(path)) from error
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise DamagedError("FILE_DAMAGED", f"expected a column '{missing[0]}'", place=str(path))
    return frame
