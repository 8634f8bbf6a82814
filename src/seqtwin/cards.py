"""Cards: JSON files with a hash of themselves (the seal), and where they describe a folder, the hashes of its files."""

import math
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from seqtwin.errors import DamagedError
from seqtwin.files import dump_json, read_json, sha256
from seqtwin.seals import SEAL, check_seal, seal_of, sealed


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
    if not isinstance(files, dict) or not all(Path(name).name == name for name in files):
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
