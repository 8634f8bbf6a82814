"""The record of a teacher: where it is, what it consists of, and how its vectors are computed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.files import sha256
from seqtwin.json_values import hash_of

Encode = Callable[[Sequence[str]], np.ndarray]  # texts to Float[texts width]


@dataclass(frozen=True)
class TeacherSource:
    """The place of a teacher. `path`: a folder or a file; `texts`: for a file of vectors, the list of their texts.

    `device`: where a model runs, as PyTorch names it.
    """

    path: Path
    texts: Path | None = None
    device: str = "cpu"


@dataclass(frozen=True)
class Teacher:
    """A teacher that is not loaded yet.

    `fingerprint`: the sha256 of its files. `load()`: the function from texts to vectors, loaded once. `computed`:
    whether vectors are computed by a model, which takes time, and not read from a file.
    """

    path: Path
    fingerprint: str
    load: Callable[[], Encode]
    computed: bool


def fingerprint_of(paths: Sequence[Path]) -> str:
    """The sha256 of some files, or of all files of a folder, with their names. Hidden files do not count."""
    return hash_of({name: sha256(file) for path in paths for name, file in _files_of(path)})


def _files_of(path: Path) -> list[tuple[str, Path]]:
    if path.is_file():
        return [(path.name, path)]
    files = {file.relative_to(path).as_posix(): file for file in path.rglob("*") if file.is_file()}
    return [(name, files[name]) for name in sorted(files) if not any(part[0] == "." for part in name.split("/"))]
