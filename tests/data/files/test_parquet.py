"""Parquet files in batches: all rows, in memory that does not grow with the file."""

from pathlib import Path

import numpy as np

from optional import library
from seqtwin.data.files.parquet import open_parquet, read_batches


def test_memory_of_a_reader_does_not_grow_with_the_file(tmp_path: Path) -> None:
    arrow, parquet = library("pyarrow"), library("pyarrow.parquet")
    numbers = np.random.default_rng(0).integers(0, 2**62, 400_000)
    parquet.write_table(arrow.table({"n": numbers}), tmp_path / "a.parquet", row_group_size=10_000)
    before, most, found = arrow.total_allocated_bytes(), 0, []
    with open_parquet(tmp_path / "a.parquet") as content:
        for batch in read_batches(content, 4_000):
            most = max(most, arrow.total_allocated_bytes() - before)
            found += batch.column(0).to_pylist()
    assert found == numbers.tolist()
    assert most < (tmp_path / "a.parquet").stat().st_size / 4
