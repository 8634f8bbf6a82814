"""VERIFIERS: checks that a folder is unchanged since it was saved. All damaged files are listed, not only the first.

The key of a verifier is the name of the file that identifies this kind of folder. To add one: a function and a line in
the dict at the end.
"""

from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

from seqtwin.cards import files_of_results, read_sealed, verified_card
from seqtwin.data.files.kept_frames import check_kept, kept_folder
from seqtwin.errors import ConfigError, DamagedError, SeqTwinError
from seqtwin.files import MANIFEST, driver_lock, dump_json, read_json, read_manifest, retire, sha256
from seqtwin.guards.seals import SEAL, has_seal
from seqtwin.index.generations import CURRENT, open_current
from seqtwin.inference.onnx_encoder import CARD as ONNX_CARD
from seqtwin.inference.onnx_encoder import FORMAT as ONNX_FORMAT
from seqtwin.paths import expand
from seqtwin.reranker.reranker_folder import FOLDER as RERANKER
from seqtwin.reranker.reranker_folder import read_card
from seqtwin.store import CARD, README, README_SEAL, card_seal, load_encoder

CHANGED, UNLISTED = "changed since it was saved", "not in the manifest"
READ = {".json", ".csv", ".yaml", ".npy", ".safetensors", ".faiss"}  # what a reader could take for a part of the folder
STUDY, PLAN, REPORT = "study.json", "quick.json", "report"
PARTS = {"cells": 2, "tuning": 2, "rounds": 2, "explain": 3}  # the depth of what is published in a study


@dataclass(frozen=True)
class Finding:
    """A file that was checked. `wrong`: what is wrong with it; empty if it is unchanged.

    `sealed`: False for a file of an older version, which has no seal: a change of it would not be noticed. `listed`:
    False for a file that somebody added, and that nothing reads.
    """

    place: Path
    wrong: str = ""
    sealed: bool = True
    listed: bool = True


Findings = Iterator[Finding]


@dataclass(frozen=True)
class Verified:
    """The kind of a folder and its damage. `files`: the number of files checked; `damage`: those that are wrong;
    `unsealed`: those that an older version wrote without a seal. A change of them cannot be noticed. `added`: those
    that do not belong to the folder."""

    folder: Path
    kind: str
    files: int
    damage: tuple[Finding, ...]
    unsealed: tuple[Path, ...] = ()
    added: tuple[Path, ...] = ()


def verify_folder(folder: Path | str) -> Verified:
    """Check an encoder, a run, a study cell, a study, a report with its tables, or an index.

    Raises: ConfigError when the folder is none of these.
    """
    folder = expand(str(folder))
    marks = [mark for mark in VERIFIERS if (folder / mark).exists()]
    if not marks:
        cause = f"nothing to verify here (none of {', '.join(VERIFIERS)})"
        remedy = "name an encoder, a run, a study cell, a study or an index"
        raise ConfigError("NOTHING_TO_VERIFY", cause, place=str(folder), remedy=remedy)
    kind, look = VERIFIERS[marks[0]]
    findings = [*look(folder), *_frames(folder)]
    damage = dict.fromkeys(finding for finding in findings if finding.wrong)
    unsealed = dict.fromkeys(finding.place for finding in findings if not finding.sealed)
    added = dict.fromkeys(finding.place for finding in findings if not finding.listed)
    files = {finding.place for finding in findings if finding.listed}
    return Verified(folder, kind, len(files), tuple(damage), tuple(unsealed), tuple(added))


def repair(checked: Verified) -> dict[Path, Path]:
    """Move the damaged study cells, tunings and trainings of a study into `.damaged` beside them: {old: new place}.

    Of a part with files that are not in its manifest only these are moved. Nothing is deleted. `compare` then trains
    what is missing. Damage of `study.json` or of a report stays.

    Raises: ConfigError for a folder that is no study; InUseError.
    """
    if checked.kind != "study":
        cause, remedy = f"only a study can be repaired, and this is: {checked.kind}", "make or copy the folder again"
        raise ConfigError("REPAIR_KIND", cause, place=str(checked.folder), remedy=remedy)
    parts = {finding: _part_of(finding.place, checked.folder) for finding in checked.damage}
    damaged = {part for finding, part in parts.items() if part and finding.wrong != UNLISTED}
    added = {finding.place for finding, part in parts.items() if part and part not in damaged}
    with driver_lock(checked.folder):
        return {place: retire(place, ".damaged") for place in sorted(damaged | added)}


def _part_of(place: Path, study: Path) -> Path | None:
    """The published folder of a study that a file is in."""
    if not place.is_relative_to(study):
        return None
    steps = place.relative_to(study).parts
    return study.joinpath(*steps[: PARTS[steps[0]]]) if steps[0] in PARTS else None


def _study(folder: Path) -> Findings:
    """The declaration, every study cell, tuning and short training, the trainings of explain, and the report.

    A folder of results (a report, or a committed one) has tables instead of study cells.
    """
    study = yield from _sealed_file(folder / STUDY)
    try:
        listed = list(files_of_results(study, folder)) if SEAL in study else []
    except DamagedError as error:
        listed = []
        yield Finding(folder / STUDY, error.cause)
    for path, digest in listed:
        yield _hashed(path, digest)
    for path in sorted(folder.glob("*.csv")) if study and SEAL not in study else ():
        yield Finding(path, sealed=False)
    if (folder / PLAN).exists():
        yield from _sealed_file(folder / PLAN)
    for pattern in ("cells/[!.]*", "tuning/[!.]*", "rounds/[!.]*", "explain/*/[!.]*"):
        for inner in sorted(path for path in folder.glob(pattern) if path.is_dir()):
            yield from _published(inner)
    if (folder / REPORT / STUDY).exists():
        yield from _study(folder / REPORT)


def _sealed_file(path: Path) -> Generator[Finding, None, dict[str, object]]:
    """A JSON file with a seal, and its content; an empty one if it is damaged."""
    try:
        content = read_sealed(path)
    except DamagedError as error:
        yield Finding(path, error.cause)
        return {}
    whole = not has_seal(content) or path.read_bytes() == dump_json(content).encode()
    yield Finding(path, "" if whole else CHANGED, sealed=has_seal(content))
    return content if whole else {}


def _published(folder: Path) -> Findings:
    """A folder with a manifest: every listed file, and an encoder in it."""
    path = folder / MANIFEST
    try:
        manifest = read_manifest(folder)
    except DamagedError as error:
        yield Finding(path, error.cause)
        return
    whole = path.read_bytes() == dump_json(manifest).encode()
    yield Finding(path, "" if whole else CHANGED, sealed=has_seal(manifest))
    files = manifest["files"]
    for name, entry in files.items():
        yield _hashed(folder / name, entry["sha256"], entry["bytes"])
    for extra in sorted(_files_in(folder) - {*files, MANIFEST}):
        could_be_read = Path(extra).suffix in READ
        yield Finding(folder / extra, UNLISTED if could_be_read else "", listed=could_be_read)
    if any(Path(name).name == CARD for name in files):
        yield from _encoder(next((folder / name).parent for name in files if Path(name).name == CARD))


def _frames(folder: Path) -> Findings:
    """The rows of the frames that a training or a study was given, which are kept next to it."""
    for path, same in check_kept(kept_folder(folder)):
        yield Finding(path, "" if same else CHANGED)


def _files_in(folder: Path) -> set[str]:
    """The files of a published folder. A re-ranker can be added later; it has a seal of its own."""
    paths = [path for path in folder.rglob("[!.]*") if path.is_file() and path.parent.name != RERANKER]
    return {path.relative_to(folder).as_posix() for path in paths}


def _onnx(folder: Path) -> Findings:
    """An exported encoder whose manifest is not there: its card, and the files that the card lists."""
    path = folder / ONNX_CARD
    yield from _tried(path, lambda card: verified_card(card, ONNX_FORMAT, "export the encoder again"))


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
    STUDY: ("study", _study),
    CURRENT: ("index", _index),
    MANIFEST: ("published folder", _published),
    CARD: ("encoder", _encoder),
    ONNX_CARD: ("exported encoder", _onnx),
}
