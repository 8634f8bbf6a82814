"""Is a folder still what was saved? Every file is hashed again; all damage is listed, not the first alone.

VERIFIERS: the name of a file or folder that marks a kind -> what looks through such a folder. Add a kind at the foot.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtwin.errors import ConfigError, DamagedError, SeqTwinError
from seqtwin.files import MANIFEST, dump_json, hash_of, read_json, read_manifest, sha256
from seqtwin.index.generations import CURRENT, open_current
from seqtwin.store import CARD, README, README_SEAL, card_seal, load_encoder


@dataclass(frozen=True)
class Finding:
    """One file that was looked at, and what is wrong with it, if anything."""

    place: Path
    wrong: str = ""


Findings = Iterator[Finding]


@dataclass(frozen=True)
class Verified:
    """What a folder holds and what was found. `files`: how many were looked at; `damage`: those that are wrong."""

    folder: Path
    kind: str
    files: int
    damage: tuple[Finding, ...]


def verify_folder(folder: Path) -> Verified:
    """What is damaged in an encoder, a run, a study cell, a study or an index.

    Raises: ConfigError where the folder is none of these.
    """
    marks = [mark for mark in VERIFIERS if (folder / mark).exists()]
    if not marks:
        cause = f"nothing here that can be verified (none of {', '.join(VERIFIERS)})"
        remedy = "name an encoder, a run, a study cell, a study or an index"
        raise ConfigError("NOTHING_TO_VERIFY", cause, place=str(folder), remedy=remedy)
    kind, look = VERIFIERS[marks[0]]
    found = list(look(folder))
    damage = dict.fromkeys(one for one in found if one.wrong)
    return Verified(folder, kind, len({one.place for one in found}), tuple(damage))


def _study(folder: Path) -> Findings:
    """The declaration, which carries no seal and must only be whole, and every study cell and tuning."""
    yield from _tried(folder / "study.json", read_json)
    for inner in sorted([*folder.glob("cells/[!.]*"), *folder.glob("tuning/[!.]*")]):
        yield from _published(inner)


def _published(folder: Path) -> Findings:
    """A folder with a manifest: every file it lists, and what an encoder in it says of itself."""
    path = folder / MANIFEST
    try:
        manifest = read_manifest(folder)
        files = {str(name): (str(entry["sha256"]), entry["bytes"]) for name, entry in manifest["files"].items()}
    except (DamagedError, KeyError, TypeError, AttributeError) as error:
        yield Finding(path, _cause(error))
        return
    yield Finding(path, "" if _sealed(path, manifest) else "not what was published")
    for name, (digest, size) in files.items():
        yield _hashed(folder / name, digest, size)
    if any(Path(name).name == CARD for name in files):
        yield from _encoder(next((folder / name).parent for name in files if Path(name).name == CARD))


def _sealed(path: Path, manifest: dict[str, Any]) -> bool:
    """A manifest as it is written: byte for byte, and with its seal, which those of older versions end without."""
    behind = list(manifest)[list(manifest).index("files") + 1 :]
    said = {key: value for key, value in manifest.items() if key != "sha256"}
    seals = behind == [] or (behind == ["sha256"] and manifest["sha256"] == hash_of(said))
    return seals and path.read_bytes() == dump_json(manifest).encode()


def _encoder(folder: Path) -> Findings:
    """An encoder: its card byte for byte, the files it names, that they fit each other, and its README."""
    path = folder / CARD
    try:
        card = read_json(path)
        files = {str(name): str(digest) for name, digest in card["files"].items()}
        seals = list(card)[list(card).index("sha256") :]
        whole = path.read_bytes() == dump_json(card).encode() and card_seal(card) == card["sha256"]
    except (DamagedError, KeyError, TypeError, AttributeError, ValueError) as error:
        yield Finding(path, _cause(error))
        return
    yield Finding(path, "" if whole and seals in (["sha256"], ["sha256", README_SEAL]) else "not what was saved")
    wrong = [_hashed(folder / name, digest) for name, digest in files.items()]
    yield from wrong
    if README_SEAL in card:
        yield _hashed(folder / README, str(card[README_SEAL]))
    if whole and not any(one.wrong for one in wrong):
        yield from _tried(folder, load_encoder)


def _index(folder: Path) -> Findings:
    """An index: every generation that is there, and that the one in force opens."""
    found = [one for inner in sorted(folder.glob("gen-*")) for one in _published(inner)]
    yield from found
    if not any(one.wrong for one in found):  # what is named once is not named again
        yield from _tried(folder / CURRENT, lambda path: open_current(path.parent))


def _hashed(path: Path, digest: str, size: int | None = None) -> Finding:
    if not path.is_file():
        return Finding(path, "missing")
    try:
        same = size in (None, path.stat().st_size) and sha256(path) == digest
    except OSError as error:
        return Finding(path, f"cannot be read: {error.strerror}")
    return Finding(path, "" if same else "not what was saved")


def _tried(place: Path, opens: Callable[[Path], object]) -> Findings:
    """What opening it says, where it fails."""
    try:
        opens(place)
    except DamagedError as error:
        yield Finding(Path(error.place or place), error.cause)
    except ConfigError:
        yield Finding(place)  # whole, but with a part of another program
    else:
        yield Finding(place)


def _cause(error: Exception) -> str:
    return error.cause if isinstance(error, SeqTwinError) else f"not what was saved ({type(error).__name__}: {error})"


VERIFIERS: dict[str, tuple[str, Callable[[Path], Findings]]] = {
    "study.json": ("study", _study),
    CURRENT: ("index", _index),
    MANIFEST: ("published folder", _published),
    CARD: ("encoder", _encoder),
}
