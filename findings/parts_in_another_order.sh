#!/usr/bin/env bash
# Library: dask 2026.8.0; pandas 3.1.1, pyarrow 26.0.1, polars 2.1.0, duckdb 2.0.1 as readers
# Guess: A folder that Dask wrote as Parquet is read by everybody in the order in which its rows were written.
# Seen: Dask names its files part.0.parquet to part.11.parquet and reads them by number. pandas, pyarrow, polars and
#   duckdb read them by name: the rows of part.10 and part.11 come third. Up to ten parts all agree.
# Why it matters: Vectors computed from one reader and ids taken from another do not belong together from the eleventh
#   part on. No row is missing, so no count notices it.
# SeqTwin: not affected: the columns of the input travel with the vectors.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'dask[dataframe]==2026.8.0' 'pandas==3.1.1' 'pyarrow==26.0.1' 'polars==2.1.0' 'duckdb==2.0.1'
"$tmp/venv/bin/python" - "$tmp/parts" <<'PY'
import sys

import dask.dataframe as dd
import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds

folder = sys.argv[1]
written = list(range(24))
dd.from_pandas(pd.DataFrame({"id": written}), npartitions=12).to_parquet(folder)
read = {
    "dask": dd.read_parquet(folder).compute()["id"].tolist(),
    "pandas": pd.read_parquet(folder)["id"].tolist(),
    "pyarrow": ds.dataset(folder).to_table()["id"].to_pylist(),
    "polars": pl.read_parquet(f"{folder}/*.parquet")["id"].to_list(),
    "duckdb": [row[0] for row in duckdb.sql(f"select id from read_parquet('{folder}/*.parquet')").fetchall()],
}
for name, ids in read.items():
    print(name, ids[:10], "...")
assert read["dask"] == written
by_name = [0, 1, 2, 3, 20, 21, 22, 23, 4, 5]
assert all(ids[:10] == by_name and sorted(ids) == written for name, ids in read.items() if name != "dask")
PY
