"""From a path to its status: of a study, a training, a file, or a folder in which nothing is left to do."""

import os
import re
from pathlib import Path

from seqtwin.errors import ConfigError
from seqtwin.guards.typed_command import ORIGIN
from seqtwin.paths import expand
from seqtwin.progress.driver import who_drives
from seqtwin.progress.file_status import file_status
from seqtwin.progress.finished_folder import finished_status
from seqtwin.progress.study_status import QUICK, STUDY, begun_status, study_status
from seqtwin.progress.training_status import training_status
from seqtwin.progress.work_status import Status, outcome_of

_HIDDEN = re.compile(r"\.(?P<name>.+)\.(?:build-[0-9a-f]+|growing)")
REMEDY = "name the output folder or file of a compare, train, encode or score: the one after --out"


def status(folder: str | os.PathLike[str]) -> Status:
    """The progress of the work on an output: a study, a training, a race of encoders, or a file of vectors or scores.

    Only the files on disk are read, so it can be called from any process while the work runs or after it stopped.
    `folder`: what was given as the output; for a training that is not finished, the folder does not exist yet.

    Raises: ConfigError where SeqTwin has not written anything of the name.

    >>> import seqtwin
    >>> seqtwin.status("experiments/output-or-hidden/placenames").outcome
    'finished'
    """
    path = _final(expand(os.fspath(folder)))
    found = file_status(path)
    if found is None and path.is_dir():
        found = _folder_status(path)
    found = found or begun_status(path) or training_status(path)
    if found is None:
        raise _nothing(path)
    return found


def _final(path: Path) -> Path:
    """The output of a path; of a folder under construction, what it is for."""
    path = path if path.name not in ("", "..") else path.resolve()
    match = _HIDDEN.fullmatch(path.name)
    return path.with_name(match["name"]) if match else path


def _folder_status(path: Path) -> Status | None:
    if any((path / name).exists() for name in (STUDY, QUICK, ORIGIN)):
        return study_status(path)
    found = finished_status(path)
    if found is None and (path / "holder.json").exists():
        driver = who_drives(path)
        ended = "a process works here" if driver.runs else "a process began here and was ended"
        summary = f"{ended}; nothing is published yet"
        return Status(
            path,
            "new folder",
            outcome_of(driver),
            summary,
            driver=driver,
            again="" if driver.runs else "the same command again",
        )
    return found


def _nothing(path: Path) -> ConfigError:
    """The error for a path without any work, with a better one where it is near."""
    study = next((up for up in (path.parent, path.parent.parent) if (up / STUDY).exists()), None)
    left = path.with_name(f"{path.name}.diverged")
    cause, remedy = "nothing that SeqTwin works on, or has finished", REMEDY
    if not path.exists():
        cause = "no such file or folder, and nothing that was begun for it"
    elif path.is_file():
        cause = "a file that is complete, or of another program"
    if study is not None:
        cause, remedy = "only a part of a study", f"seqtwin status {study}"
    elif left.exists():
        cause, remedy = "its training diverged and is not published", f"what it left is in {left}"
    return ConfigError("NO_STATUS", cause, place=str(path), remedy=remedy)
