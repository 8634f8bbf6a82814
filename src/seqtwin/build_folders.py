"""Folders under construction: `.NAME.build-TOKEN`, next to the final place NAME.

The process that builds one has a lock on the folder itself, which ends with the process. What an ended process left is
continued if it has checkpoints and NAME does not exist; otherwise it is removed.
"""

import glob
import math
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CHECKPOINTS = "checkpoints"
YOUNG = 60.0  # seconds
PAUSE = 0.05  # seconds between two looks at a lock
ORPHAN = 5.0  # seconds in which the worker of a process that was killed ends
KEPT = 2  # checkpoints; if the last is damaged, the other is used
_BUILD = re.compile(r"\.(?P<name>.+)\.build-[0-9a-f]+")
_VERSION = re.compile(r"\..+\.[0-9a-f]{8}")
_STEP = re.compile(r"step-\d{9}(-epoch)?")


def make_folders(folder: Path) -> None:
    """Make a folder and those above it. The name of each is flushed to disk, or all in it could be lost."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in reversed(missing):
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Flush the names in a folder to disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def free_folder(wanted: Path) -> Path:
    """The folder itself where it does not exist, else the first of name-2, name-3, ... that does not."""
    folder, number = wanted, 2
    while folder.exists():
        folder, number = wanted.with_name(f"{wanted.name}-{number}"), number + 1
    return folder


def steps_of(folder: Path) -> list[Path]:
    """The checkpoints in a folder under construction, oldest first. They are not verified."""
    return sorted(path for path in (folder / CHECKPOINTS).glob("step-*") if _STEP.fullmatch(path.name))


def left_over(final: Path) -> Path | None:
    """The folder of this name with the most steps in its checkpoints, in use or not; None without one."""
    found = [(steps[-1].name, folder) for folder in _builds(final.parent, final.name) if (steps := steps_of(folder))]
    return max(found)[1] if found else None


@contextmanager
def held(folder: Path, *, wait: float = 0.0) -> Iterator[bool | None]:
    """Lock a folder: True; False where another process has it; None where the disk has no such locks.

    `wait`: seconds until which that process may end.
    """
    tries = math.ceil(wait / PAUSE)
    handle = os.open(folder, os.O_RDONLY)
    try:
        while (free := _locked(handle)) is False and tries > 0:
            time.sleep(PAUSE)
            tries -= 1
        yield free
    finally:
        os.close(handle)


def _locked(handle: int) -> bool | None:
    try:
        import fcntl

        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except (ImportError, OSError):
        return None
    return True


def clear(folder: Path) -> None:
    """Remove everything but the checkpoints; the folder itself where it has none."""
    if not steps_of(folder):
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in [*folder.iterdir(), *(folder / CHECKPOINTS).iterdir()]:
        if path.name != CHECKPOINTS and not _STEP.fullmatch(path.name):
            _remove(path)


def sweep_own(final: Path) -> None:
    """Remove the left-overs of a name. Folders in use stay, and one with checkpoints until the name exists."""
    for folder in _builds(final.parent, final.name):
        _sweep(folder, sure=False)


def sweep_old(parent: Path) -> None:
    """Remove the left-overs of all names next to each other. Folders in use or a minute old stay.

    A folder is locked right after it is made, not at the same time.
    """
    for folder in _builds(parent):
        with suppress(OSError):
            if time.time() - folder.stat().st_mtime > YOUNG:
                _sweep(folder, sure=False)


def sweep_versions(path: Path) -> None:
    """Remove the new versions of a file that ended processes left beside it. Those a minute old stay."""
    for left in path.parent.glob(f".{glob.escape(path.name)}.*"):
        with suppress(OSError):
            if _VERSION.fullmatch(left.name) and time.time() - left.stat().st_mtime > YOUNG:
                left.unlink()


def sweep(folder: Path) -> None:
    """Remove all left-overs below a folder. The caller must have its lock."""
    for found in sorted(folder.glob("**/.*.build-*"), key=lambda path: len(path.parts)):
        if found.is_dir() and CHECKPOINTS not in found.parent.parts:
            _sweep(found, sure=True)


def _sweep(folder: Path, *, sure: bool) -> None:
    """Remove a left-over that cannot be continued. `sure`: no process has it if the disk has no locks."""
    with suppress(OSError), held(folder) as free:
        if free is False or (free is None and not sure):
            return
        match = _BUILD.fullmatch(folder.name)
        if match and (folder.parent / match["name"]).exists():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            clear(folder)


def _builds(parent: Path, name: str = "") -> list[Path]:
    matches = [(path, _BUILD.fullmatch(path.name)) for path in parent.glob(".*.build-*") if path.is_dir()]
    return [path for path, match in matches if match and name in ("", match["name"])]


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
