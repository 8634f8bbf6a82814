"""Cards: the JSON file of a folder with its format, the hashes of its other files, and a hash of itself (the seal)."""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from seqtwin.errors import DamagedError
from seqtwin.files import hash_of, read_json, sha256

SEAL = "sha256"


def seal_of(card: Mapping[str, object], outside: Set[str] = frozenset()) -> str:
    """The sha256 of a card without the seal and the keys `outside` of it."""
    return hash_of({key: value for key, value in card.items() if key != SEAL and key not in outside})


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
    for name, digest in card["files"].items():
        file = path.parent / name
        if not file.is_file() or sha256(file) != digest:
            cause = "missing, or changed since it was saved"
            raise DamagedError("ENCODER_DAMAGED", cause, place=str(file), remedy=remedy)
    return dict(card)
