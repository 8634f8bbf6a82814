"""Texts in and vectors or scores out, in the formats users have."""

import csv
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from seqtwin.data.readers import read_columns
from seqtwin.errors import ConfigError, DataError
from seqtwin.lookup import member


def read_texts(path: Path, column: str | None) -> list[str]:
    """The lines of a text file, or a column of a table.

    Raises: DataError for a file that cannot be read, a blank line, or a missing column.
    """
    if column is not None:
        return read_columns(path, [column])[0]
    if path.suffix.lower() in {".csv", ".tsv", ".jsonl", ".parquet"}:
        raise ConfigError(
            "ENCODE_COLUMN", "a table needs the name of its column of texts", place=str(path), remedy="--column NAME"
        )
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError("DATA_UNREADABLE", f"cannot be read as UTF-8 text: {error}", place=str(path)) from error
    blank = [n for n, line in enumerate(lines, 1) if not line.strip()]
    if blank:
        remedy = "remove the blank lines"
        raise DataError("DATA_EMPTY_TEXT", f"line {blank[0]}: an empty text", place=str(path), remedy=remedy)
    return lines


def _npy(vectors: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, vectors, allow_pickle=False)
    return buffer.getvalue()


def _csv(vectors: np.ndarray) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([f"d{i}" for i in range(vectors.shape[1])])
    writer.writerows([f"{value:.9g}" for value in row] for row in vectors)
    return text.getvalue().encode()


FORMATS: dict[str, Callable[[np.ndarray], bytes]] = {".npy": _npy, ".csv": _csv}


def vectors_as(ending: str, vectors: np.ndarray) -> bytes:
    """The vectors in the format of a file ending.

    Raises: ConfigError for an unknown one.
    """
    write: Callable[[np.ndarray], bytes] = member(FORMATS, ending.lower(), "vector format")
    return write(vectors)


def scores_csv(left: Sequence[str], right: Sequence[str], scores: np.ndarray, threshold: float | None) -> str:
    """A table of pairs with their scores, and whether each reaches the threshold where there is one."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["left", "right", "score", *(["same"] if threshold is not None else [])])
    for a, b, value in zip(left, right, scores, strict=True):
        verdict = [] if threshold is None else [int(value >= threshold)]
        writer.writerow([a, b, f"{value:.9g}", *verdict])
    return text.getvalue()
