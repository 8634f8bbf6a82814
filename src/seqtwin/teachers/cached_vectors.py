"""Vectors of many texts by a teacher: computed once, batch by batch, and kept in a folder for the next run."""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np

from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.files import publish_file, writing
from seqtwin.inference.vector_files import npy_head, npy_rows
from seqtwin.json_values import hash_of
from seqtwin.teachers.teacher import Encode, Teacher

AT_ONCE = 1024  # texts that are encoded together; their vectors are then on disk


def vectors_by(teacher: Teacher, texts: Sequence[str], cache: Path) -> np.ndarray:
    """The vector of each text by a teacher: Float[texts width], on disk where a model computes them.

    They are kept in `cache` as a .npy file whose name is the hash of the texts and of the files of the teacher. If it
    exists, the teacher is not loaded.

    Raises: ConfigError, DataError for a teacher that cannot be loaded, does not know a text, or whose vectors are not
    finite; DamagedError for a file of `cache` that does not fit.
    """
    if not teacher.computed:
        return _checked(teacher.load()(texts), len(texts), teacher)
    path = cache / f"{hash_of([teacher.fingerprint, list(texts)])[:32]}.npy"
    if not path.exists():
        _compute(teacher, texts, path)
    return _read(path, len(texts))


def _compute(teacher: Teacher, texts: Sequence[str], path: Path) -> None:
    """Write the vectors of the texts, each batch as soon as it is computed."""
    encode = teacher.load()
    built = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with writing(built) as file:
            for start in _with_bar(range(0, len(texts), AT_ONCE)):
                vectors = _encoded(encode, texts[start : start + AT_ONCE], teacher)
                if start == 0:
                    file.write(npy_head(len(texts), vectors.shape[1]))
                file.write(npy_rows(vectors))
        _publish(built, path)
    finally:
        built.unlink(missing_ok=True)


def _encoded(encode: Encode, texts: Sequence[str], teacher: Teacher) -> np.ndarray:
    return _checked(encode(texts), len(texts), teacher)


def _checked(vectors: np.ndarray, count: int, teacher: Teacher) -> np.ndarray:
    shaped = vectors.ndim == 2 and len(vectors) == count
    if not shaped or not np.isfinite(vectors).all():
        found = "numbers that are not finite" if shaped else f"an array of shape {vectors.shape}"
        cause = f"expected {count} vectors of finite numbers, found {found}"
        raise DataError("TEACHER_VECTORS", cause, place=str(teacher.path), remedy="choose another teacher")
    return np.asarray(vectors, dtype=np.float32)


def _publish(built: Path, path: Path) -> None:
    # two processes can compute the same vectors: the first one publishes them
    with suppress(ConfigError):
        publish_file(built, path)


def _read(path: Path, count: int) -> np.ndarray:
    try:
        vectors: np.ndarray = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise _damaged(path, str(error).splitlines()[0]) from error
    if vectors.ndim != 2 or len(vectors) != count:
        raise _damaged(path, f"expected {count} vectors, found an array of shape {vectors.shape}")
    return vectors


def _damaged(path: Path, cause: str) -> DamagedError:
    remedy = "delete this file; the next run computes the vectors again"
    return DamagedError("TEACHER_CACHE", cause, place=str(path), remedy=remedy)


def _with_bar(starts: range) -> Iterable[int]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    quiet = len(starts) == 1 or not console.is_terminal
    return track(starts, "vectors of the teacher", console=console, disable=quiet)
