"""Seals: the sha256 of a JSON file inside of it. A reader checks it first, and so notices every change.

Format 1 had no seal at first. From format 2 on every file has one, and a file of format 2 without it is damaged.
"""

import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

from seqtwin.errors import DamagedError
from seqtwin.json_values import hash_of

SEAL, FILES = "sha256", "files"
OLDER, FORMAT = 1, 2
CHANGED = "changed since it was published"
_DIGEST = re.compile(r"[0-9a-f]{64}")
_STEP = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
REMEDY = "copy it from a backup, or move the folder away and run the same command again"


def seal_of(content: Mapping[str, object], outside: Set[str] = frozenset()) -> str:
    """The sha256 of an object without its seal and without the keys `outside` of it.

    >>> seal_of({"a": 1, "sha256": "..."}) == seal_of({"a": 1})
    True
    """
    return hash_of({key: value for key, value in content.items() if key != SEAL and key not in outside})


def sealed(content: Mapping[str, object]) -> dict[str, object]:
    """The object in the current format, with its seal as the last key."""
    whole = {"format": FORMAT, **{key: value for key, value in content.items() if key not in (SEAL, "format")}}
    return {**whole, SEAL: hash_of(whole)}


def has_seal(content: Mapping[str, object]) -> bool:
    """Whether an object that was checked has a seal. Files of older versions may have none."""
    return SEAL in content


def check_seal(content: object, path: Path, formats: Set[int | None] = frozenset({None, OLDER, FORMAT})) -> None:
    """Check that an object is unchanged: it has one of the `formats`, and its seal fits.

    Raises: DamagedError, also for an object of the current format whose seal was removed.
    """
    number = content.get("format") if isinstance(content, dict) else ""
    if not isinstance(content, dict) or type(number) not in (int, type(None)) or number not in formats:
        expected = " or ".join(str(known) for known in sorted(formats - {None}, key=str))
        cause = f"expected an object of format {expected}"
        raise DamagedError("SEAL_FORMAT", cause, place=str(path), remedy=REMEDY)
    if SEAL not in content and number == FORMAT:
        raise DamagedError("SEAL_MISSING", f"its seal ({SEAL}) was removed", place=str(path), remedy=REMEDY)
    if SEAL in content and seal_of(content) != content[SEAL]:
        raise DamagedError("SEAL_BROKEN", CHANGED, place=str(path), remedy=REMEDY)


def check_manifest(content: object, path: Path) -> dict[str, Any]:
    """The manifest, after checking its format, its seal and the entries of its files.

    Raises: DamagedError.
    """
    check_seal(content, path, {OLDER, FORMAT})
    assert isinstance(content, dict)  # checked with the seal
    files = content.get(FILES)
    if not isinstance(files, dict) or not all(is_entry(name, entry) for name, entry in files.items()):
        cause = "expected the name, sha256 and size of each file"
        raise DamagedError("MANIFEST_FORMAT", cause, place=str(path), remedy=REMEDY)
    # manifests end with their files and the seal; a changed name of the seal must not make them unsealed ones
    if any(key != SEAL for key in list(content)[list(content).index(FILES) + 1 :]):
        raise DamagedError("SEAL_BROKEN", CHANGED, place=str(path), remedy=REMEDY)
    return content


def is_inside(name: object) -> bool:
    """Whether a name is that of a file in the folder, or in a folder in it, and not a path to another place.

    >>> is_inside("figures/map.svg"), is_inside("../secret"), is_inside("/etc/hosts")
    (True, False, False)
    """
    return isinstance(name, str) and all(_STEP.fullmatch(step) for step in name.split("/"))


def is_entry(name: str, entry: object) -> bool:
    """Whether an entry names a file inside the folder, a sha256 and a size.

    >>> is_entry("../../secret", {"sha256": "0" * 64, "bytes": 1})
    False
    """
    if not isinstance(entry, Mapping) or not is_inside(name):
        return False
    digest, size = entry.get("sha256"), entry.get("bytes")
    return isinstance(digest, str) and bool(_DIGEST.fullmatch(digest)) and type(size) is int and size >= 0
