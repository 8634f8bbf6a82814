"""Parquet files of any size, in batches of rows.

Without these settings, pyarrow keeps all that it has read of a file until the file is closed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow import RecordBatch
    from pyarrow.parquet import ParquetFile

BUFFER = 2**20  # bytes read at once


def open_parquet(path: Path) -> "ParquetFile":
    """An open file, for `read_batches`. Raises: the errors of pyarrow; OSError."""
    from pyarrow import parquet

    return parquet.ParquetFile(path, pre_buffer=False, buffer_size=BUFFER)


def read_batches(content: "ParquetFile", rows: int, columns: Sequence[str] | None = None) -> "Iterator[RecordBatch]":
    """The rows of a file in batches of at most `rows`. Memory grows with a batch, not with the file."""
    # each thread would keep memory of its own
    yield from content.iter_batches(batch_size=rows, columns=columns, use_threads=False)
