"""Texts in and vectors or scores out, in the formats users have."""

import csv
import io
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from seqtwin.data.files.decode import read_text
from seqtwin.data.files.formats import ENDINGS, LINES, described, format_of, refuse_foreign
from seqtwin.data.files.rows import Quoting
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.data.reading.choose_columns import choose_sides
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.data.reading.pair_tables import read_columns
from seqtwin.errors import ConfigError, DataError, missing_extra
from seqtwin.files import writing

GROUP = 16_384  # rows of a parquet row group


def read_texts(path: Path, column: str | None, *, blank: bool = False) -> list[str]:
    """The lines of a text file, the sentences of a .conllu file, or a column of a table; blank ones
    where they are allowed.

    Raises: DataError for a file that cannot be read or is empty, a blank line, or a missing column; ConfigError for a
    table without a column, or a text file with one.
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
        raise DataError("DATA_EMPTY_TEXT", f"line {empty[0]}: an empty text", place=str(path), remedy=remedy)
    return lines


def text_column(path: Path, column: str | None) -> str:
    """The column of texts: a table's is named by the user, a text file and sentences have but one.

    Raises: ConfigError where it must be named, or cannot be; DataError for a file that contains no texts.
    """
    form = format_of(path)
    if form is None:
        refuse_foreign(path)
    if form is not None and form.texts is None and column is None:
        cause = f"a table needs the name of its column of texts; this is a {described(path)}"
        raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="--column NAME")
    if form is None and column is not None:
        cause = f"'{path.suffix}' is read as one text per line and has no columns; tables: {', '.join(ENDINGS)}"
        raise ConfigError("ENCODE_COLUMN", cause, place=str(path), remedy="leave --column out")
    return column or LINES


def sides_of_file(path: Path, left: str | None, right: str | None, quoting: Quoting | None = None) -> tuple[str, str]:
    """The columns of both sides as options name them; what is not named is chosen by a first look at the file.

    Raises: DataError where it cannot be told.
    """
    if left is not None and right is not None:
        if left == right:
            cause = f"the same column on both sides: {left}"
            raise DataError("DATA_SIDES", cause, place=str(path), remedy="name two different columns")
        return left, right
    table = next(read_blocks(path, quoting=quoting), None)
    if table is None:
        return left or "left", right or "right"  # an empty file is named as such when it is read
    asked = ColumnOptions(None if left is None else (left,), None if right is None else (right,))
    sides = choose_sides(table, asked, None)
    if sides is None:
        cause = f"which two columns are compared? found: {', '.join(table.columns)}"
        raise DataError("DATA_SIDES", cause, place=str(path), remedy="name them: --left NAME --right NAME")
    return ",".join(sides[0]), ",".join(sides[1])


@dataclass(frozen=True)
class VectorFormat:
    """How vectors become bytes: what stands in front (for so many rows of this width), and each block of rows.

    `require` raises where a library is missing; `finish(data, built)` makes the file of the bytes where these are not
    it already.
    """

    head: Callable[[int, int], bytes]
    block: Callable[[np.ndarray], bytes]
    require: Callable[[], object] = lambda: None
    finish: Callable[[Path, Path], None] | None = None


def _npy_head(rows: int, dim: int) -> bytes:
    buffer = io.BytesIO()
    header = {"descr": "<f4", "fortran_order": False, "shape": (rows, dim)}
    np.lib.format.write_array_header_1_0(buffer, header)
    return buffer.getvalue()


def _npy_block(vectors: np.ndarray) -> bytes:
    return np.ascontiguousarray(vectors, dtype="<f4").tobytes()


def _csv_head(_rows: int, dim: int) -> bytes:
    return (",".join(f"d{i}" for i in range(dim)) + "\n").encode()


def _csv_block(vectors: np.ndarray) -> bytes:
    line = ",".join(["%.9g"] * vectors.shape[1])
    return "".join(line % tuple(row) + "\n" for row in vectors.tolist()).encode()


def _parquet_library() -> Any:
    try:
        import pyarrow.parquet
    except ImportError as error:
        raise missing_extra("pyarrow", "parquet") from error
    return pyarrow


def _parquet_of(data: Path, built: Path) -> None:
    """One column `vector`, a list of fixed width, made from the bytes of a .npy group by group."""
    arrow = _parquet_library()
    with data.open("rb") as file:
        np.lib.format.read_magic(file)
        (rows, dim), _, _ = np.lib.format.read_array_header_1_0(file)
        schema = arrow.schema([("vector", arrow.list_(arrow.float32(), dim))])
        with writing(built) as to, arrow.parquet.ParquetWriter(to, schema) as writer:
            for start in range(0, rows, GROUP):
                group = np.frombuffer(file.read(4 * dim * min(GROUP, rows - start)), dtype="<f4")
                column = arrow.FixedSizeListArray.from_arrays(arrow.array(group), dim)
                writer.write_table(arrow.table([column], schema=schema))


FORMATS: dict[str, VectorFormat] = {
    ".npy": VectorFormat(_npy_head, _npy_block),
    ".csv": VectorFormat(_csv_head, _csv_block),
    ".parquet": VectorFormat(_npy_head, _npy_block, _parquet_library, _parquet_of),
}


def score_columns(names: Sequence[str], threshold: float | None) -> list[str]:
    """The columns of a scored table: those there are, then the score, then the decision where there is a threshold.

    Both are called `encoder_...` where a column has that name already.

    >>> score_columns(["left", "right", "score"], 0.5)
    ['left', 'right', 'score', 'encoder_score', 'same']
    """
    added = ["score", *(["same"] if threshold is not None else [])]
    return [*names, *(free_name(name, names, "encoder_") for name in added)]


def free_name(name: str, taken: Collection[str], prefix: str) -> str:
    """The name, with the prefix before it as often as it takes to be free.

    >>> free_name("score", ["score", "encoder_score"], "encoder_")
    'encoder_encoder_score'
    """
    while name in taken:
        name = f"{prefix}{name}"
    return name


def scored_head(names: Sequence[str]) -> bytes:
    """The header of a scored table."""
    return _lines([list(names)])


def scored_rows(columns: Sequence[Sequence[Any]], scores: np.ndarray, threshold: float | None) -> bytes:
    """The rows of a scored table: what the file has, the score, and 1 or 0 where there is a threshold.

    A row without a score (NaN) has two empty fields.
    """
    shown = ["" if np.isnan(score) else f"{score:.9g}" for score in scores.tolist()]
    decided = [] if threshold is None else [_decisions(scores, threshold)]
    return _lines(list(row) for row in zip(*columns, shown, *decided, strict=True))


def _decisions(scores: np.ndarray, threshold: float) -> list[str]:
    return ["" if np.isnan(score) else str(int(score >= threshold)) for score in scores.tolist()]


def _lines(rows: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
