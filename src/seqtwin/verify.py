"""VERIFIERS: checks that a folder is unchanged since it was saved. All damaged files are listed, not only the first.

The key of a verifier is the name of the file that identifies this kind of folder. To add one: a function and a line in
the dict at the end.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from seqtwin.errors import ConfigError, DamagedError, SeqTwinError
from seqtwin.files import MANIFEST, dump_json, hash_of, read_json, read_manifest, sha256
from seqtwin.index.generations import CURRENT, open_current
from seqtwin.reranker.reranker_folder import FOLDER as RERANKER
from seqtwin.reranker.reranker_folder import read_card
from seqtwin.store import CARD, README, README_SEAL, card_seal, load_encoder

CHANGED = "changed since it was saved"


@dataclass(frozen=True)
class Finding:
    """A file that was checked. `wrong`: what is wrong with it; empty if it is unchanged."""

    place: Path
    wrong: str = ""


Findings = Iterator[Finding]


@dataclass(frozen=True)
class Verified:
    """The kind of a folder and its damage. `files`: the number of files checked; `damage`: those that are wrong."""

    folder: Path
    kind: str
    files: int
    damage: tuple[Finding, ...]


def verify_folder(folder: Path) -> Verified:
    """Check an encoder, a run, a study cell, a study or an index.

    Raises: ConfigError when the folder is none of these.
    """
    marks = [mark for mark in VERIFIERS if (folder / mark).exists()]
    if not marks:
        cause = f"nothing to verify here (none of {', '.join(VERIFIERS)})"
        remedy = "name an encoder, a run, a study cell, a study or an index"
        raise ConfigError("NOTHING_TO_VERIFY", cause, place=str(folder), remedy=remedy)
    kind, look = VERIFIERS[marks[0]]
    findings = list(look(folder))
    damage = dict.fromkeys(finding for finding in findings if finding.wrong)
    return Verified(folder, kind, len({finding.place for finding in findings}), tuple(damage))


def _study(folder: Path) -> Findings:
    """The declaration, which has no seal and must only be valid JSON, and every study cell and tuning."""
    yield from _tried(folder / "study.json", read_json)
    for inner in sorted([*folder.glob("cells/[!.]*"), *folder.glob("tuning/[!.]*")]):
        yield from _published(inner)


def _published(folder: Path) -> Findings:
    """A folder with a manifest: every listed file, and an encoder in it."""
    path = folder / MANIFEST
    try:
        manifest = read_manifest(folder)
        files = {str(name): (str(entry["sha256"]), entry["bytes"]) for name, entry in manifest["files"].items()}
    except (DamagedError, KeyError, TypeError, AttributeError) as error:
        yield Finding(path, _cause(error))
        return
    yield Finding(path, "" if _sealed(path, manifest) else "changed since it was published")
    for name, (digest, size) in files.items():
        yield _hashed(folder / name, digest, size)
    if any(Path(name).name == CARD for name in files):
        yield from _encoder(next((folder / name).parent for name in files if Path(name).name == CARD))


def _sealed(path: Path, manifest: Mapping[str, object]) -> bool:
    """Whether a manifest is unchanged, byte for byte and by its seal. Manifests of older versions have no seal."""
    after_files = list(manifest)[list(manifest).index("files") + 1 :]
    content = {key: value for key, value in manifest.items() if key != "sha256"}
    seals = after_files == [] or (after_files == ["sha256"] and manifest["sha256"] == hash_of(content))
    return seals and path.read_bytes() == dump_json(manifest).encode()


def _encoder(folder: Path) -> Findings:
    """An encoder: its card byte for byte, its files whether they fit each other, its README and re-ranker."""
    path = folder / CARD
    try:
        card = read_json(path)
        files = {str(name): str(digest) for name, digest in card["files"].items()}
        seals = list(card)[list(card).index("sha256") :]
        whole = path.read_bytes() == dump_json(card).encode() and card_seal(card) == card["sha256"]
    except (DamagedError, KeyError, TypeError, AttributeError, ValueError) as error:
        yield Finding(path, _cause(error))
        return
    yield Finding(path, "" if whole and seals in (["sha256"], ["sha256", README_SEAL]) else CHANGED)
    files_checked = [_hashed(folder / name, digest) for name, digest in files.items()]
    yield from files_checked
    if README_SEAL in card:
        yield _hashed(folder / README, str(card[README_SEAL]))
    if whole and not any(finding.wrong for finding in files_checked):
        yield from _tried(folder, load_encoder)
    if (folder / RERANKER).exists():
        yield from _tried(folder / RERANKER, lambda path: read_card(path, str(card["sha256"])))


def _index(folder: Path) -> Findings:
    """An index: every generation, and whether the current one can be opened."""
    findings = [finding for inner in sorted(folder.glob("gen-*")) for finding in _published(inner)]
    yield from findings
    if not any(finding.wrong for finding in findings):  # opening it would report the same damage again
        yield from _tried(folder / CURRENT, lambda path: open_current(path.parent))


def _hashed(path: Path, digest: str, size: int | None = None) -> Finding:
    if not path.is_file():
        return Finding(path, "missing")
    try:
        same = size in (None, path.stat().st_size) and sha256(path) == digest
    except OSError as error:
        return Finding(path, f"cannot be read: {error.strerror}")
    return Finding(path, "" if same else CHANGED)


def _tried(place: Path, opens: Callable[[Path], object]) -> Findings:
    """Whether `opens` can open it."""
    try:
        opens(place)
    except DamagedError as error:
        yield Finding(Path(error.place or place), error.cause)
    except ConfigError:
        yield Finding(place)  # unchanged, but with a part that is unknown here
    else:
        yield Finding(place)


def _cause(error: Exception) -> str:
    return error.cause if isinstance(error, SeqTwinError) else f"{CHANGED} ({type(error).__name__}: {error})"


VERIFIERS: dict[str, tuple[str, Callable[[Path], Findings]]] = {
    "study.json": ("study", _study),
    CURRENT: ("index", _index),
    MANIFEST: ("published folder", _published),
    CARD: ("encoder", _encoder),
}
