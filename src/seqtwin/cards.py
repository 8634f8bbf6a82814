"""Cards: JSON files with a hash of themselves (the seal), and where they describe a folder, the hashes of its files.

A folder of results has a `study.json` with the sha256 of its tables and of the pages of its report. Committed results
have the tables without the pages.
"""

import hashlib
import math
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from seqtwin.errors import DamagedError
from seqtwin.files import dump_json, read_json, sha256
from seqtwin.guards.seals import CHANGED, FORMAT, REMEDY, SEAL, check_seal, is_inside, seal_of, sealed

TABLES, PAGES = "files", "pages"
KEYS = (TABLES, PAGES, SEAL)
"""The keys of `study.json` that belong to the seal, not to the study."""


def verified_card(path: Path, known: int, remedy: str, outside: Set[str] = frozenset()) -> dict[str, Any]:
    """The card at `path`, checked: it has the format `known`, and neither it nor its files have changed.

    `outside`: keys that the seal does not cover. Raises: DamagedError, with the `remedy`.
    """
    card = read_json(path)
    number = card.get("format") if isinstance(card, dict) else None
    if number != known:
        raise DamagedError("ENCODER_FORMAT", f"format {number!r}; this version reads format {known}", place=str(path))
    if seal_of(card, outside) != card.get(SEAL):
        raise DamagedError("ENCODER_DAMAGED", "changed since it was saved", place=str(path), remedy=remedy)
    for name, digest in _files_of(card, path, remedy).items():
        file = path.parent / name
        if not file.is_file() or sha256(file) != digest:
            cause = "missing, or changed since it was saved"
            raise DamagedError("ENCODER_DAMAGED", cause, place=str(file), remedy=remedy)
    return dict(card)


def _files_of(card: Mapping[str, object], path: Path, remedy: str) -> dict[str, object]:
    """The sha256 of each file of a card. Raises: DamagedError for a name outside the folder."""
    files = card.get("files")
    if not isinstance(files, dict) or not all(is_inside(name) for name in files):
        raise DamagedError("ENCODER_DAMAGED", "expected the names of its files", place=str(path), remedy=remedy)
    return files


def checked_facts(facts: object) -> dict[str, Any]:
    """The facts of a card, whose threshold is a finite number or None. Raises: ValueError."""
    if not isinstance(facts, dict):
        raise ValueError("expected the facts of its training")
    threshold = facts.get("threshold")
    is_number = isinstance(threshold, int | float) and not isinstance(threshold, bool) and math.isfinite(threshold)
    if threshold is not None and not is_number:
        raise ValueError("expected a number as threshold")
    return facts


def sealed_text(content: Mapping[str, object]) -> str:
    """An object as the text of a JSON file with a seal."""
    return dump_json(sealed(content))


def read_sealed(path: Path) -> dict[str, Any]:
    """The object of a JSON file, after checking its seal. Files of older versions may have none.

    Raises: DamagedError.
    """
    content = read_json(path)
    check_seal(content, path)
    return dict(content)


def seal_results(
    study: Mapping[str, Any], tables: Mapping[str, str], pages: Mapping[str, str | bytes] | None = None
) -> str:
    """The text of `study.json` with the hashes of these files, which are contents by name."""
    hashes = {TABLES: _hashes(tables), **({PAGES: _hashes(pages)} if pages else {})}
    return sealed_text({**study, **hashes})


def is_sealed(study: Mapping[str, Any]) -> bool:
    """Whether the results of a study have a seal: from format 2 on."""
    return study.get("format") == FORMAT


def _hashes(contents: Mapping[str, str | bytes]) -> dict[str, str]:
    return {name: _digest(content) for name, content in sorted(contents.items())}


def _digest(content: str | bytes) -> str:
    return hashlib.sha256(content.encode() if isinstance(content, str) else content).hexdigest()


def check_tables(study: Mapping[str, Any], tables: Mapping[str, str], folder: Path) -> None:
    """Check the contents of the tables against the hashes in `study.json`, whose own seal was checked.

    Raises: DamagedError with the first table that differs.
    """
    listed = study.get(TABLES)
    for name, content in tables.items() if is_sealed(study) else ():
        if not isinstance(listed, dict) or listed.get(name) != _digest(content):
            raise DamagedError("RESULTS_DAMAGED", CHANGED, place=str(folder / name), remedy=REMEDY)


def files_of_results(study: Mapping[str, Any], folder: Path) -> Iterator[tuple[Path, str]]:
    """Every file that a sealed `study.json` lists, with its sha256; the pages only where there are any.

    Raises: DamagedError for a name outside of the folder.
    """
    tables, pages = (_mapping(study.get(key)) for key in (TABLES, PAGES))
    outside = next((name for name in (*tables, *pages) if not is_inside(name)), None)
    if outside is not None:
        cause = f"it lists {ascii(outside)[:60]}, which is no file in this folder"
        raise DamagedError("RESULTS_DAMAGED", cause, place=str(folder), remedy=REMEDY)
    present = pages if any((folder / name).exists() for name in pages) else {}
    yield from ((folder / name, digest) for name, digest in {**tables, **present}.items())


def _mapping(value: object) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in value.items()} if isinstance(value, dict) else {}
