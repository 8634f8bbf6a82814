"""The files of an index: immutable folders `gen-000001`, and CURRENT, the name and hash of the newest one.

A writer publishes a whole new generation and then CURRENT. A reader opens one generation and keeps it, whatever is
published later. The last two generations are kept, for readers that are just opening one.
"""

import hashlib
import io
import os
import re
import shlex
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tokenize import TokenError

import numpy as np

from seqtwin import files
from seqtwin.errors import ConfigError, DamagedError, InUseError
from seqtwin.index.corpus import Items
from seqtwin.paths import INDEX_CARD, is_encoder

CURRENT, FACTS, VECTORS, ITEMS, STRUCTURE = INDEX_CARD, "index.json", "vectors.npy", "items.jsonl", "structure.faiss"
FORMAT = 1
KEPT, TRIES = 2, 5
REMEDY = "build the index again"
_NAME = re.compile(r"gen-(\d{6})")
_POINTER = re.compile(r"(gen-\d{6}) ([0-9a-f]{64})\n?")
_OURS = re.compile(r"\.lock|holder\.json|gen-\d{6}|\.gen-\d{6}\.build-.*|\.(CURRENT|holder\.json)\..*")
_BLOCK = 65_536


@dataclass(frozen=True)
class Generation:
    """One generation: name, facts, vectors (memory-mapped), items, and the bytes of its search structure."""

    name: str
    facts: dict[str, object]
    vectors: np.ndarray
    items: Items
    structure: bytes


def is_index(folder: Path) -> bool:
    """Whether a folder contains an index."""
    return (folder / CURRENT).exists()


def open_current(folder: Path) -> Generation:
    """The current generation of an index, its files verified.

    Raises: ConfigError if there is no index; DamagedError; InUseError.
    """
    for _ in range(TRIES):
        pointer = _pointer(folder)
        try:
            return _open(folder, *pointer)
        except DamagedError:
            if _pointer(folder) == pointer:
                raise
    cause = "the index is changing faster than it can be read"
    raise InUseError("INDEX_IN_USE", cause, place=str(folder), remedy="try again")


def publish(folder: Path, contents: Mapping[str, bytes], *, after: str | None) -> str:
    """Publish a new current generation and return its name. `contents`: the bytes of its files by name.

    `after`: the generation it was made from; None for the first of an index.

    Raises: ConfigError if the folder contains something else; InUseError if another process is writing there, or has
    published since.
    """
    if after is None:
        _refuse_taken(folder)
    with files.driver_lock(folder, what="index"):
        if after is None:
            _refuse_taken(folder)
        elif _pointer(folder)[0] != after:
            cause = f"changed by another process since {after} was read"
            remedy = "load the index again, then repeat the change"
            raise InUseError("INDEX_IN_USE", cause, place=str(folder), remedy=remedy)
        name = f"gen-{1 + max([0, *_numbers(folder)]):06d}"
        with files.publish_folder(folder / name) as building:
            building.manifest["index"] = FORMAT
            for file, data in contents.items():
                files.write_bytes(building.folder / file, data)
        digest = files.sha256(folder / name / files.MANIFEST)
        files.publish_text(folder / CURRENT, f"{name} {digest}\n")
        _remove_old(folder)
    return name


def npy_bytes(vectors: np.ndarray) -> bytes:
    """Vectors as the bytes of a .npy file of float32."""
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(vectors, dtype="<f4"), allow_pickle=False)
    return buffer.getvalue()


def map_vectors(path: Path) -> np.ndarray:
    """The vectors in a .npy file, memory-mapped: Float[n, dim]. The header is first checked against the file size.

    Raises: DamagedError.
    """
    try:
        with path.open("rb") as file:
            if np.lib.format.read_magic(file) != (1, 0):
                raise ValueError("expected format 1.0")
            shape, columns_first, dtype = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
            size = os.fstat(file.fileno()).st_size
    except (OSError, ValueError, TypeError, SyntaxError, RecursionError, TokenError) as error:
        raise _damaged(path, f"not a file of vectors: {error}") from error
    if dtype != np.dtype("<f4") or columns_first or len(shape) != 2 or min(shape) < 1:
        raise _damaged(path, f"expected float32 [n, dim], got {dtype} {shape}")
    if start + 4 * shape[0] * shape[1] != size:
        raise _damaged(path, f"expected {shape[0]} x {shape[1]} numbers as in the header, got {size} bytes")
    return np.memmap(path, dtype="<f4", mode="r", offset=start, shape=shape)


def _refuse_taken(folder: Path) -> None:
    if folder.is_file() or is_index(folder):
        files.refuse_existing(folder)
    if folder.is_dir() and not all(_OURS.fullmatch(inner.name) for inner in folder.iterdir()):
        files.refuse_existing(folder)


def _pointer(folder: Path) -> tuple[str, str]:
    path = folder / CURRENT
    if not path.exists():
        what = "this is an encoder, not an index" if is_encoder(folder) else f"no index here (no {CURRENT})"
        encoder = shlex.quote(str(folder)) if is_encoder(folder) else "ENCODER"
        remedy = f"build one: seqtwin index {encoder} CORPUS -o DIR"
        raise ConfigError("NO_INDEX", what, place=str(folder), remedy=remedy)
    try:
        pointer = _POINTER.fullmatch(path.read_text(encoding="ascii"))
    except (OSError, ValueError) as error:
        raise _damaged(path, f"cannot be read: {error}") from error
    if not pointer:
        raise _damaged(path, "expected the name of a generation and its hash")
    return pointer[1], pointer[2]


def _open(folder: Path, name: str, digest: str) -> Generation:
    place = folder / name
    manifest = place / files.MANIFEST
    if not manifest.is_file() or files.sha256(manifest) != digest:
        raise _damaged(manifest, f"missing, or its hash is not the one in {CURRENT}")
    facts = _verified_facts(place)
    vectors = map_vectors(place / VECTORS)
    items = Items.from_bytes((place / ITEMS).read_bytes())
    structure = _structure(place)
    if len(items) != len(vectors):
        raise _damaged(place, f"{len(vectors)} vectors, but {len(items)} items")
    for start in range(0, len(vectors), _BLOCK):
        if not np.isfinite(vectors[start : start + _BLOCK]).all():
            raise _damaged(place / VECTORS, "expected finite numbers, got NaN or infinity")
    return Generation(name, facts, vectors, items, structure)


def _structure(place: Path) -> bytes:
    """The bytes of the search structure, empty without one. It is these bytes whose hash is compared."""
    path = place / STRUCTURE
    data = path.read_bytes() if path.exists() else b""
    expected = files.read_manifest(place)["files"].get(STRUCTURE, {}).get("sha256")
    if path.exists() and hashlib.sha256(data).hexdigest() != expected:
        raise _damaged(path, "missing, or changed since it was published")
    return data


def _verified_facts(place: Path) -> dict[str, object]:
    try:
        manifest = files.verify(place)
        listed = set(manifest["files"])
    except DamagedError as error:
        raise DamagedError("INDEX_DAMAGED", error.cause, place=error.place, remedy=REMEDY) from error
    except (KeyError, TypeError, AttributeError, OSError) as error:
        raise _damaged(place / files.MANIFEST, "not a manifest") from error
    present = {p.name for p in place.iterdir()} - {files.MANIFEST}
    odd = (present ^ listed) | ({FACTS, VECTORS, ITEMS} - listed)
    if odd or any(p.is_symlink() for p in place.iterdir()):
        raise _damaged(place, f"missing, or not in the manifest: {', '.join(sorted(odd)) or 'a link'}")
    facts = files.read_json(place / FACTS)
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise _damaged(place / FACTS, f"expected format {FORMAT}")
    return facts


def _damaged(path: Path, cause: str) -> DamagedError:
    return DamagedError("INDEX_DAMAGED", cause, place=str(path), remedy=REMEDY)


def _numbers(folder: Path) -> list[int]:
    names = (_NAME.fullmatch(inner.name) for inner in folder.iterdir())
    return sorted(int(name[1]) for name in names if name)


def _remove_old(folder: Path) -> None:
    for number in _numbers(folder)[:-KEPT]:
        shutil.rmtree(folder / f"gen-{number:06d}", ignore_errors=True)
