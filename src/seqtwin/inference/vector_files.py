"""File formats: columns of texts to read, and vectors or scores to write."""

import io
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from types import ModuleType

import numpy as np

from seqtwin.data.files.formats import ENDINGS, LINES, described, format_of, refuse_foreign
from seqtwin.data.files.read_text import read_text
from seqtwin.data.files.rows import Quoting
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.data.reading.choose_columns import choose_sides
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.reading.pair_tables import read_columns
from seqtwin.errors import ConfigError, DataError, missing_extra
from seqtwin.guards.spreadsheets import csv_text

SHOWN_COLUMNS = 12


def read_texts(path: Path, column: str | None, *, blank: bool = False) -> list[str]:
    """The lines of a text file, the sentences of a .conllu file, or a column of a table.

    `blank`: whether blank texts are allowed.

    Raises: DataError for a file that cannot be read or is empty, a blank text, or a missing column; ConfigError if a
    table comes without the name of a column, or a text file with one.
    """
    name = text_column(path, column)
    if format_of(path) is not None:
        return read_columns(path, [name], empty="unk" if blank else "error")[0]
    text = read_text(path)
    if not text:
        raise DataError("DATA_NO_ROWS", "the file is empty", place=str(path), remedy="expected one text per line")
    lines = text.removesuffix("\n").split("\n")
    empty = [n for n, line in enumerate(lines, 1) if not line.strip()]
    if empty and not blank:
        remedy = "remove the blank lines"
        raise DataError("DATA_EMPTY_TEXT", f"line {empty[0]}: empty text", place=str(path), remedy=remedy)
    return lines


def text_column(path: Path, column: str | None) -> str:
    """The name of the column of texts: fixed for a text file or a file of sentences, given by the user for a table with
    several columns.

    Raises: ConfigError for such a table without a name, or a text file with one; DataError for a file without texts.
    """
    form = format_of(path)
    if form is None:
        refuse_foreign(path)
    if form is not None and form.texts is None and column is None:
        return _only_column(path)
    if form is None and column is not None:
        cause = f"'{path.suffix}' is read as one text per line and has no columns; tables: {', '.join(ENDINGS)}"
        raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="leave --column out")
    return column or LINES


def _only_column(path: Path) -> str:
    """The column of a table that has one. Raises: ConfigError that lists the columns of another."""
    table = next(read_blocks(path), None)
    columns = [] if table is None else list(table.columns)
    if len(columns) == 1:
        return columns[0]
    listed = f", one of: {', '.join(repr(name) for name in columns[:SHOWN_COLUMNS])}" if columns else ""
    more = f" and {len(columns) - SHOWN_COLUMNS} more" if len(columns) > SHOWN_COLUMNS else ""
    cause = f"this is a {described(path)}: expected the name of the column of texts{listed}{more}"
    raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="add --column NAME")


def choose_file_sides(
    path: Path, left: str | None, right: str | None, quoting: Quoting | None = None
) -> tuple[str, str]:
    """The columns of both sides: those given, or else chosen from the first rows of the file.

    Raises: DataError if they cannot be determined.
    """
    if left is not None and right is not None:
        if left == right:
            cause = f"both sides are the same column: {left}"
            raise DataError("DATA_SIDES", cause, place=str(path), remedy="name two different columns")
        return left, right
    table = next(read_blocks(path, quoting=quoting), None)
    if table is None:
        return left or "left", right or "right"  # reading reports that the file is empty
    options = ColumnOptions(None if left is None else (left,), None if right is None else (right,))
    sides = choose_sides(table, options, None)
    if sides is None:
        cause = f"cannot determine the two columns to compare among: {', '.join(table.columns)}"
        raise DataError("DATA_SIDES", cause, place=str(path), remedy="name them: --left NAME --right NAME")
    return ",".join(sides[0]), ",".join(sides[1])


def npy_head(rows: int, dim: int) -> bytes:
    """The bytes of a .npy file before its vectors. They are as long for any number of rows."""
    buffer = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, dim)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


def npy_rows(vectors: np.ndarray) -> bytes:
    """The bytes of vectors in a .npy file."""
    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def parquet_library() -> ModuleType:
    """The library pyarrow with its module parquet. Raises: MissingExtraError."""
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    library: ModuleType = pyarrow
    return library


def score_columns(names: Sequence[str], threshold: float | None) -> list[str]:
    """The columns of a scored table: its own, then the score, then the decision if there is a threshold.

    A new column whose name is taken is called `encoder_...`.

    >>> score_columns(["left", "right", "score"], 0.5)
    ['left', 'right', 'score', 'encoder_score', 'same']
    """
    added = ["score", *(["same"] if threshold is not None else [])]
    return [*names, *(free_name(name, names, "encoder_") for name in added)]


def free_name(name: str, taken: Collection[str], prefix: str) -> str:
    """The name, prefixed as often as needed until it is not taken.

    >>> free_name("score", ["score", "encoder_score"], "encoder_")
    'encoder_encoder_score'
    """
    while name in taken:
        name = f"{prefix}{name}"
    return name


def scored_head(names: Sequence[str]) -> bytes:
    """The header of a scored table."""
    return _lines([list(names)])


def scored_rows(columns: Sequence[Sequence[object]], scores: np.ndarray, threshold: float | None) -> bytes:
    """The rows of a scored table: its own columns, the score, and 1 or 0 if there is a threshold.

    In a row without a score (NaN) both are empty.
    """
    digits = ["" if np.isnan(score) else f"{score:.9g}" for score in scores.tolist()]
    decisions = [] if threshold is None else [_decisions(scores, threshold)]
    return _lines(list(row) for row in zip(*columns, digits, *decisions, strict=True))


def _decisions(scores: np.ndarray, threshold: float) -> list[str]:
    return ["" if np.isnan(score) else str(int(score >= threshold)) for score in scores.tolist()]


def _lines(rows: Iterable[Sequence[object]]) -> bytes:
    return csv_text(rows).encode("utf-8", "replace")
