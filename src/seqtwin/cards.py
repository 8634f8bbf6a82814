"""A card: the JSON file of a folder that names the format, the hashes of its other files, and seals itself."""

from collections.abc import Set
from pathlib import Path
from typing import Any

from seqtwin.errors import DamagedError
from seqtwin.files import hash_of, read_json, sha256

SEAL = "sha256"


def seal_of(card: dict[str, Any], outside: Set[str] = frozenset()) -> str:
    """The sha256 of all a card says but for the seal itself and what stands `outside` of it."""
    return hash_of({key: value for key, value in card.items() if key != SEAL and key not in outside})


def verified_card(path: Path, known: int, remedy: str, outside: Set[str] = frozenset()) -> dict[str, Any]:
    """The card at `path`, of the format that is `known`, after it and the files it names were found unchanged.

    Raises: DamagedError.
    """
    card = read_json(path)
    found = card.get("format") if isinstance(card, dict) else None
    if found != known:
        raise DamagedError("ENCODER_FORMAT", f"format {found!r}; this version reads format {known}", place=str(path))
    if seal_of(card, outside) != card.get(SEAL):
        raise DamagedError("ENCODER_DAMAGED", "not what was saved", place=str(path), remedy=remedy)
    for name, digest in card["files"].items():
        file = path.parent / name
        if not file.is_file() or sha256(file) != digest:
            raise DamagedError("ENCODER_DAMAGED", "missing or not what was saved", place=str(file), remedy=remedy)
    return dict(card)
