"""Vectors of texts from a file: a .npy file with a list of texts next to it, or a .parquet file with both."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from seqtwin.data.files.formats import format_of
from seqtwin.errors import ConfigError, DataError, missing_extra
from seqtwin.inference.vector_files import read_texts
from seqtwin.teachers.teacher import Encode, TeacherSource

VECTOR, TEXT = "vector", "text"  # the columns of a .parquet file
FORM = "expected a matrix of finite numbers with one row per text"


def read_vector_table(source: TeacherSource) -> Encode:
    """A function that returns the vectors of texts that are in a file of vectors.

    The texts of a .npy file are the lines of `source.texts`, by default of the .txt file with the same name. Those of a
    .parquet file are in its column `text`, unless `source.texts` names a list; its vectors are in the column `vector`.

    Raises: ConfigError where there is no list of texts; DataError for a file that has another form, or (when the
    function is called) for texts that are not in it.
    """
    vectors, own_texts = READERS[source.path.suffix](source.path)
    texts = own_texts if source.texts is None and own_texts is not None else _listed_texts(source)
    if len(texts) != len(vectors):
        cause = f"{len(vectors):,} vectors, but {len(texts):,} texts"
        raise DataError("TEACHER_TEXTS", cause, place=str(source.path), remedy="one text per vector, in the same order")
    rows = {text: row for row, text in reversed(list(enumerate(texts)))}

    def encode(wanted: Sequence[str]) -> np.ndarray:
        _refuse_unknown(wanted, rows, source.path)
        found: np.ndarray = vectors[[rows[text] for text in wanted]]
        return found

    return encode


def list_path(source: TeacherSource) -> Path:
    """The list of the texts of a file of vectors, whether or not it exists."""
    return source.texts or source.path.with_suffix(".txt")


def _listed_texts(source: TeacherSource) -> list[str]:
    path = list_path(source)
    if format_of(path) is not None or not path.is_file():
        found = "is not a file" if not path.is_file() else "is a table"
        cause = f"expected a .txt file with the text of each vector, one per line, but {path} {found}"
        raise ConfigError("TEACHER_TEXTS", cause, place="objective.texts", remedy="name the list: objective.texts=FILE")
    return read_texts(path, None, blank=True)


def _refuse_unknown(wanted: Sequence[str], rows: dict[str, int], path: Path) -> None:
    missing = [text for text in wanted if text not in rows]
    if missing:
        cause = f"{len(missing):,} of {len(wanted):,} texts have no vector here; the first is {missing[0][:60]!r}"
        remedy = "compute the vectors of all texts of the data: those of train, dev and test"
        raise DataError("TEACHER_TEXTS", cause, place=str(path), remedy=remedy)


def _read_npy(path: Path) -> tuple[np.ndarray, None]:
    try:
        vectors = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError("TEACHER_VECTORS", f"cannot be read as a .npy file: {error}", place=str(path)) from error
    return _checked(vectors, path), None


def _read_parquet(path: Path) -> tuple[np.ndarray, list[str] | None]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    try:
        table = pyarrow.parquet.read_table(path)
        rows = table.column(VECTOR).to_numpy()
        texts = table.column(TEXT).to_pylist() if TEXT in table.column_names else None
        vectors = np.stack([np.asarray(row, dtype=np.float32) for row in rows])
    except (pyarrow.ArrowException, KeyError, OSError, ValueError, TypeError) as error:
        cause = f"expected a column `{VECTOR}` of lists of equal length: {str(error).splitlines()[0]}"
        raise DataError("TEACHER_VECTORS", cause, place=str(path)) from error
    return _checked(vectors, path), texts


def _checked(vectors: np.ndarray, path: Path) -> np.ndarray:
    """Raises: DataError for anything but a matrix of numbers. The numbers themselves are checked when they are used."""
    if vectors.ndim != 2 or not all(vectors.shape) or not np.issubdtype(vectors.dtype, np.floating):
        cause = f"{FORM}, found {vectors.dtype} of shape {vectors.shape}"
        raise DataError("TEACHER_VECTORS", cause, place=str(path), remedy="save one row of floats per text")
    return vectors


READERS: dict[str, Callable[[Path], tuple[np.ndarray, list[str] | None]]] = {
    ".npy": _read_npy,
    ".parquet": _read_parquet,
}
