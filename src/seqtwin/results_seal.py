"""The seal of a folder of results: its `study.json` contains the sha256 of its tables and of the pages of its report.

A folder of committed results has the tables without the pages, so pages may be absent all together.
"""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from seqtwin.cards import sealed_text
from seqtwin.errors import DamagedError
from seqtwin.seals import CHANGED, FORMAT, REMEDY, SEAL

TABLES, PAGES = "files", "pages"
KEYS = (TABLES, PAGES, SEAL)
"""The keys of `study.json` that belong to the seal, not to the study."""


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
    """Every file that a sealed `study.json` lists, with its sha256; the pages only where there are any."""
    tables, pages = (_mapping(study.get(key)) for key in (TABLES, PAGES))
    present = pages if any((folder / name).exists() for name in pages) else {}
    yield from ((folder / name, digest) for name, digest in {**tables, **present}.items())


def _mapping(value: object) -> dict[str, str]:
    return {str(name): str(digest) for name, digest in value.items()} if isinstance(value, dict) else {}
