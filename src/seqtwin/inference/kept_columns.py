"""Tables of vectors: every column of the encoded table, and the vector of each row next to them.

Of a Parquet file the columns keep their types. Of other files a column of integers, numbers or truth values gets
that type if the file has such values (.jsonl, .json); the values of .csv and .tsv stay text, as `00123` is not 123.
Series have one row each, with their id and class.
A Parquet file records in its footer which encoder and which file its vectors come from.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeAlias

import numpy as np

from seqtwin.data.files.parquet import open_parquet, read_batches
from seqtwin.data.files.read_text import ending_of
from seqtwin.data.files.tables import Table
from seqtwin.data.reading.blocks import Scanned, Source, check_unchanged, read_blocks
from seqtwin.data.reading.series_values import SeriesFile
from seqtwin.errors import DamagedError
from seqtwin.files import writing
from seqtwin.guards.spreadsheets import csv_text
from seqtwin.inference.vector_files import free_name, npy_head, npy_rows, parquet_library
from seqtwin.lookup import member

Finish: TypeAlias = Callable[[Path, Path], None]
VECTOR = "vector"
GROUP = 16_384  # rows per row group of a Parquet file
INPUTS = b"seqtwin"  # the name of the record in a footer
LARGEST_WHOLE = 2**63


class VectorTable(Protocol):
    """How the rows of a file are written with their vectors, block by block."""

    def head(self, scanned: Scanned) -> bytes:
        """The bytes before the first row."""

    def see(self, block: Table) -> None:
        """Every block is shown first, also one that an interrupted run has written."""

    def sign(self, key: Mapping[str, object]) -> None:
        """The inputs of the vectors, before the first block: encoder, file, columns."""

    def rows(self, block: Table, vectors: np.ndarray) -> bytes:
        """The bytes of a block. A vector of NaN is a missing one."""

    @property
    def finish(self) -> Finish | None:
        """Converts the bytes of all rows, in a file, to the final file; None if they are the final file."""


class _Direct:
    """A table whose bytes are the final file."""

    @property
    def finish(self) -> None:
        return None

    def see(self, block: Table) -> None:
        pass

    def sign(self, key: Mapping[str, object]) -> None:
        pass


class NpyTable(_Direct):
    """The vectors alone, as an array of NumPy. A missing vector is NaN."""

    def __init__(self, _source: Source, dim: int) -> None:
        self.dim = dim

    def head(self, scanned: Scanned) -> bytes:
        return npy_head(scanned.rows, self.dim)

    def rows(self, block: Table, vectors: np.ndarray) -> bytes:
        return npy_rows(vectors)


class CsvTable(_Direct):
    """Columns as text, then d0, d1, ... (with a prefix if the table has such names). A missing vector is empty."""

    def __init__(self, _source: Source, dim: int) -> None:
        self.dim = dim
        self.names: tuple[str, ...] = ()

    def head(self, scanned: Scanned) -> bytes:
        self.names = scanned.names
        numbers = [f"d{place}" for place in range(self.dim)]
        while set(numbers) & set(self.names):
            numbers = [f"encoder_{name}" for name in numbers]
        return csv_text([[*self.names, *numbers]]).encode("utf-8", "replace")

    def rows(self, block: Table, vectors: np.ndarray) -> bytes:
        columns = [block.columns.get(name, [None] * len(block)) for name in self.names]
        cells = zip(*columns, strict=True) if columns else ([] for _ in range(len(block)))
        lines = ([*row, *_digits(vector)] for row, vector in zip(cells, vectors.tolist(), strict=True))
        return csv_text(lines).encode("utf-8", "replace")


def _digits(vector: Sequence[float]) -> list[str]:
    return ["" if number != number else f"{number:.9g}" for number in vector]  # noqa: PLR0124 - NaN


class ParquetTable:
    """Columns with their types, then `vector`, a list of fixed width. A missing vector is null."""

    def __init__(self, source: Source, dim: int) -> None:
        self.library = parquet_library()
        self.source, self.dim = source, dim
        self.kinds: dict[str, set[type]] = {}
        self.stamp: tuple[int, int] = (0, 0)
        self.inputs: dict[str, object] = {}

    def head(self, scanned: Scanned) -> bytes:
        self.kinds = {name: set(scanned.kinds.get(name, ())) for name in scanned.names}
        self.stamp = scanned.stamp
        return npy_head(scanned.rows, self.dim)

    def see(self, block: Table) -> None:
        for name, kinds in kinds_of(block).items():
            self.kinds[name] |= kinds

    def sign(self, key: Mapping[str, object]) -> None:
        self.inputs = dict(key)

    def rows(self, block: Table, vectors: np.ndarray) -> bytes:
        return npy_rows(vectors)

    @property
    def finish(self) -> Finish:
        return self._write

    def _write(self, data: Path, built: Path) -> None:
        arrow = self.library
        with data.open("rb") as file, writing(built) as to:
            np.lib.format.read_magic(file)
            np.lib.format.read_array_header_1_0(file)
            writer = None
            for columns in self._columns():
                rows = len(next(iter(columns.values())))
                vectors = np.frombuffer(file.read(4 * self.dim * rows), dtype="<f4").reshape(rows, self.dim)
                name = free_name(VECTOR, columns, "encoder_")
                table = arrow.table({**columns, name: self._lists(vectors)}, metadata={INPUTS: json.dumps(self.inputs)})
                # a dictionary of numbers that hardly repeat takes several times their memory, and saves nothing
                writer = writer or arrow.parquet.ParquetWriter(to, table.schema, use_dictionary=[*columns])
                writer.write_table(table)
            if writer is not None:
                writer.close()
        check_unchanged(self.source.path, self.stamp)

    def _columns(self) -> Iterator[dict[str, Sequence[object]]]:
        """The columns of the source in groups of rows, as arrays of arrow."""
        if ending_of(self.source.path) == ".parquet":
            with open_parquet(self.source.path) as content:
                for batch in read_batches(content, GROUP):
                    yield dict(zip(batch.schema.names, batch.columns, strict=True))
            return
        for block in read_blocks(self.source.path, quoting=self.source.quoting):
            columns = {name: block.columns.get(name, [None] * len(block)) for name in self.kinds}
            yield {name: self._array(name, values) for name, values in columns.items()}

    def _array(self, name: str, values: Sequence[object]) -> Sequence[object]:
        arrow, kinds = self.library, self.kinds[name]
        if kinds == {bool}:
            made = arrow.array(values, type=arrow.bool_())
        elif kinds and kinds <= {int, float}:
            made = arrow.array(values, type=arrow.int64() if kinds == {int} else arrow.float64())
        else:
            made = arrow.array([None if value is None else _text(value) for value in values], type=arrow.string())
        column: Sequence[object] = made
        return column

    def _lists(self, vectors: np.ndarray) -> object:
        arrow = self.library
        missing = np.isnan(vectors).any(axis=1)
        return arrow.FixedSizeListArray.from_arrays(
            arrow.array(vectors.ravel()), self.dim, mask=arrow.array(missing) if missing.any() else None
        )


def kinds_of(block: Table) -> dict[str, set[type]]:
    """The kinds of the values of each column, as far as they decide on its type in a Parquet file."""
    return {name: {_kind(value) for value in values if value is not None} for name, values in block.columns.items()}


def read_inputs(path: Path) -> dict[str, object] | None:
    """The inputs of the vectors in a Parquet file that `encode` wrote; None for any other file.

    Raises: MissingExtraError; DamagedError for a file that is not whole.
    """
    arrow = parquet_library()
    try:
        with arrow.parquet.ParquetFile(path) as content:
            record = (content.schema_arrow.metadata or {}).get(INPUTS)
        inputs = None if record is None else json.loads(record)
    except (arrow.ArrowException, OSError, ValueError) as error:
        remedy = "move it away and run the command again"
        raise DamagedError(
            "FILE_DAMAGED", f"not a whole parquet file: {error}", place=str(path), remedy=remedy
        ) from error
    return inputs if isinstance(inputs, dict) else None


def _kind(value: object) -> type:
    kind = type(value)
    if kind is int and not -LARGEST_WHOLE <= int(str(value)) < LARGEST_WHOLE:
        return str
    return kind if kind in (bool, int, float) else str


def _text(value: object) -> str:
    """A value as text; one that is no text as JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text.encode("utf-8", "replace").decode()


class SeriesParquetTable(ParquetTable):
    """The columns of series, which are in memory, then `vector`."""

    def __init__(self, source: Source, dim: int, columns: Mapping[str, Sequence[object]]) -> None:
        super().__init__(source, dim)
        self.columns = columns

    def _columns(self) -> Iterator[dict[str, Sequence[object]]]:
        for start in range(0, len(next(iter(self.columns.values()))), GROUP):
            yield {name: self._array(name, values[start : start + GROUP]) for name, values in self.columns.items()}


TABLES: dict[str, Callable[[Source, int], VectorTable]] = {
    ".npy": NpyTable,
    ".csv": CsvTable,
    ".parquet": ParquetTable,
}


def check_vector_format(out: Path) -> Callable[[Source, int], VectorTable]:
    """The format that `out` ends in. Raises: ConfigError for another ending; MissingExtraError."""
    chosen = member(TABLES, out.suffix.lower(), "vector format")
    if chosen is ParquetTable:
        parquet_library()
    return chosen


def vector_table(source: Source, out: Path, dim: int) -> VectorTable:
    """How the rows of a file of texts are written to `out`. Raises: as `check_vector_format`."""
    return check_vector_format(out)(source, dim)


def series_block(path: Path, file: SeriesFile) -> Table:
    """One row per series: `series_id` and, if the file has classes, `label`."""
    columns: dict[str, list[object]] = {"series_id": [*file.ids]}
    if file.labels is not None:
        columns["label"] = [*file.labels]
    return Table(path, columns, [int(rows[0]) for rows in file.rows])


def series_vector_table(block: Table, out: Path, dim: int) -> VectorTable:
    """How the rows of `series_block` are written to `out`. Raises: as `check_vector_format`."""
    source = Source(block.path, ())
    if out.suffix.lower() == ".parquet":
        return SeriesParquetTable(source, dim, block.columns)
    return vector_table(source, out, dim)
