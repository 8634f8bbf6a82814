"""Writing, reading and locking of files and folders. Only this file writes.

A file or folder appears complete or not at all. A folder is built next to its final place, every file is flushed to
disk, `manifest.json` (sha256 and size of each file) is written last, and one rename publishes it. A published folder is
never modified.
"""

import hashlib
import json
import os
import secrets
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from seqtwin.build_folders import (
    CHECKPOINTS,
    ORPHAN,
    clear,
    held,
    left_over,
    make_folders,
    sweep,
    sweep_own,
    sweep_versions,
    sync_folder,
)
from seqtwin.errors import ConfigError, DamagedError, InUseError, ResourceError
from seqtwin.guards.handed_over import hand_over, is_handed_over
from seqtwin.guards.replaced import move_replaced
from seqtwin.guards.seals import check_manifest, sealed
from seqtwin.json_values import refuse_half_characters, strict_json
from seqtwin.paths import check_file_name, check_folder_name

MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Building:
    """A folder under construction: files are written into `folder`, and `manifest` describes it."""

    folder: Path
    manifest: dict[str, object] = field(default_factory=dict)


def dump_json(value: object) -> str:
    """Strict JSON (no NaN), with the keys in the order given and a newline at the end.

    >>> dump_json({"auc": 0.5})
    '{\\n  "auc": 0.5\\n}\\n'
    """
    return json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n"


def read_json(path: Path) -> Any:
    """The content of a strict JSON file.

    Raises: DamagedError when the file is missing or not strict JSON.
    """
    try:
        text = path.read_text(encoding="utf-8")
        value = strict_json(text)
        refuse_half_characters(text, value)
    except (OSError, ValueError, RecursionError) as error:
        raise DamagedError("FILE_DAMAGED", f"cannot be read as JSON: {error}", place=str(path)) from error
    return value


def sha256(path: Path) -> str:
    """The sha256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def writing(path: Path, *, start: int | None = None) -> Iterator[BinaryIO]:
    """A file in a folder under construction, open for writing; `start`: go on at this byte of an existing file.

    Raises: ResourceError when the file cannot be written.
    """
    with _storing(path):
        make_folders(path.parent)
        with path.open("r+b" if start else "wb") as file:
            if start:
                file.truncate(start)
                file.seek(start)
            yield file
            file.flush()
            os.fsync(file.fileno())


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in a folder under construction and flush it to disk."""
    with writing(path) as file:
        file.write(data)


def write_text(path: Path, text: str) -> None:
    """Write a text file (UTF-8, with the line ends of the text) in a folder under construction."""
    write_bytes(path, text.encode("utf-8"))


def publish_bytes(path: Path, data: bytes) -> None:
    """Replace a file by a new version, atomically. Its permissions stay.

    Raises: ConfigError for a name that is too long; ResourceError when the file cannot be written.
    """
    check_file_name(path)
    sweep_versions(path)
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        write_bytes(temporary, data)
        with _storing(path):
            if path.exists():
                shutil.copymode(path, temporary)
            os.replace(temporary, path)
            sync_folder(path.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()


def publish_text(path: Path, text: str) -> None:
    """Replace a text file by a new version, atomically."""
    publish_bytes(path, text.encode("utf-8"))


def publish_file(built: Path, final: Path) -> None:
    """Move a finished file to its final name. Raises: ConfigError when that exists; ResourceError."""
    refuse_existing(final)
    with _storing(final):
        os.rename(built, final)
        sync_folder(final.parent)


@contextmanager
def publish_folder(final: Path, *, resume: bool = False) -> Iterator[Building]:
    """A folder that appears at `final`, with its manifest, when the block ends without an error.

    Its `checkpoints` are not published. They are all that stays if the block ends with an error. `resume`: build in the
    folder that another process left with checkpoints.

    Raises: ConfigError when `final` exists, or its name is not allowed; ResourceError when it cannot be written;
    InUseError when the process to resume still runs.
    """
    refuse_existing(final)
    check_folder_name(final)
    sweep_own(final)
    folder = (left_over(final) if resume else None) or _new_folder(final)
    with held(folder, wait=ORPHAN) as free:
        if free is False:
            cause = f"another process is building {final.name} in this folder"
            raise InUseError("BUILD_IN_USE", cause, place=str(folder), remedy="wait for it, or choose another --out")
        if any(folder.iterdir()):
            clear(folder)
        building = Building(folder)
        try:
            yield building
            with _storing(final):
                _seal(building)
                if not hand_over(folder, final):
                    _set_checkpoints_aside(folder, final)
                    publish_file(folder, final)
        finally:
            if folder.exists() and not is_handed_over(folder):
                clear(folder)
            sweep_own(final)


def refuse_existing(final: Path) -> None:
    """Raises: ConfigError when the path exists: published results are never overwritten."""
    if final.exists():
        move_replaced(final)
    if final.exists():
        cause, remedy = "already exists, and is never overwritten", "choose another --out, or move it away (--force)"
        raise ConfigError("OUT_EXISTS", cause, place=str(final), remedy=remedy)


def remove_partial_line(path: Path) -> None:
    """Remove the last line of a journal if its writer was killed before the end of the line."""
    journal = path.read_bytes() if path.exists() else b""
    if (complete := journal[: journal.rfind(b"\n") + 1]) != journal:
        publish_bytes(path, complete)


def retire(final: Path, into: str = ".retired") -> Path:
    """Move a published folder into another one next to it; its new place. Nothing is deleted."""
    with _storing(final):
        retired = final.parent / into
        retired.mkdir(exist_ok=True)
        moved = retired / f"{final.name}.{secrets.token_hex(4)}"
        os.rename(final, moved)
        sync_folder(final.parent)
    return moved


def _new_folder(final: Path) -> Path:
    folder = final.parent / f".{final.name}.build-{secrets.token_hex(4)}"
    with _storing(final):
        make_folders(final.parent)
        folder.mkdir()
    return folder


def _set_checkpoints_aside(folder: Path, final: Path) -> None:
    """Move the checkpoints to a folder of their own. Until `final` exists, they can still be continued from."""
    if (folder / CHECKPOINTS).exists():
        os.rename(folder / CHECKPOINTS, _new_folder(final) / CHECKPOINTS)
        sync_folder(folder)


def _seal(building: Building) -> None:
    folder = building.folder
    paths = sorted(p for p in folder.rglob("*") if p.is_file() and p.relative_to(folder).parts[0] != CHECKPOINTS)
    files = {p.relative_to(folder).as_posix(): {"sha256": sha256(p), "bytes": p.stat().st_size} for p in paths}
    write_text(folder / MANIFEST, dump_json(sealed({**building.manifest, "files": files})))
    for path in paths:
        shutil.copymode(folder / MANIFEST, path)  # safetensors' own writer lets only the owner read
    for inner in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
        sync_folder(inner)
    sync_folder(folder)


@contextmanager
def _storing(path: Path) -> Iterator[None]:
    """Raises: ResourceError for an OSError in the block, such as a full disk."""
    try:
        yield
    except OSError as error:
        remedy = "free some space, or choose a folder that you can write to; then run the same command again"
        raise ResourceError("STORAGE", f"cannot write: {error.strerror}", place=str(path), remedy=remedy) from error


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a published folder, after checking that it is unchanged. Its files are not checked.

    Raises: DamagedError.
    """
    return check_manifest(read_json(folder / MANIFEST), folder / MANIFEST)


def verify(folder: Path, *, only: tuple[str, ...] = ()) -> dict[str, Any]:
    """The manifest, after checking that every listed file (or those of `only`) is unchanged.

    Raises: DamagedError for the first missing or changed file.
    """
    manifest = read_manifest(folder)
    for name in only or manifest["files"]:
        path, entry = folder / name, manifest["files"].get(name)
        cause = "" if entry is None or _unchanged(path, entry) else "missing, or changed since it was published"
        cause = cause or ("not in the manifest" if entry is None and path.exists() else "")
        if cause:
            remedy = "move the folder away and run the same command again"
            raise DamagedError("FILE_CHANGED", cause, place=str(path), remedy=remedy)
    return manifest


def _unchanged(path: Path, entry: Mapping[str, object]) -> bool:
    return path.is_file() and path.stat().st_size == entry["bytes"] and sha256(path) == entry["sha256"]


@contextmanager
def driver_lock(folder: Path, *, what: str = "study") -> Iterator[None]:
    """Lock a folder (a `what`) for this process. Raises: InUseError with the process that has the lock."""
    from filelock import FileLock, Timeout

    with _storing(folder):
        make_folders(folder)
    holder = folder / "holder.json"
    lock = FileLock(folder / ".lock", timeout=0, fallback_to_soft=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise _in_use(folder, holder, what) from error
    except (OSError, NotImplementedError) as error:
        remedy = "choose a folder on a disk that supports locks"
        raise ResourceError("STORAGE", f"cannot be locked: {error}", place=str(folder), remedy=remedy) from error
    try:
        publish_text(holder, dump_json({"pid": os.getpid(), "host": socket.gethostname()}))
        sweep(folder)
        yield
    finally:
        sweep(folder)
        holder.unlink(missing_ok=True)
        lock.release()


def _in_use(folder: Path, holder: Path, what: str) -> InUseError:
    who = "unknown"
    with suppress(OSError):
        who = " ".join(holder.read_text(encoding="utf-8").split())
    cause = f"another process is using this {what}: {who}"
    return InUseError(f"{what.upper()}_IN_USE", cause, place=str(folder), remedy="wait for it, or choose another --out")
