#!/usr/bin/env bash
# Library: sqlite-vec 0.1.9, through apsw 3.54.1.0
# Guess: A condition in WHERE narrows the rows, and the k nearest of those are found: SQL has no other order.
# Seen: It depends on how the condition is spelled. rowid IN (3, 4) is applied before the search and gives two
#   rows. rowid > 2, which means the same here, is applied to the two nearest of all rows and gives none.
# Why it matters: Looking for the nearest among new rows, or within a country, silently gives few rows or
#   none.
# SeqTwin: not affected: it has no filters in a search; link and search are given the rows to look among.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'sqlite-vec==0.1.9' 'apsw==3.54.1.0'
"$tmp/venv/bin/python" - <<'PY'
import apsw
import sqlite_vec

base = apsw.Connection(":memory:")
base.enable_load_extension(True)
base.load_extension(sqlite_vec.loadable_path())
base.execute("CREATE VIRTUAL TABLE names USING vec0(vector FLOAT[2])")
for row, vector in enumerate([(1, 0), (1, 0), (0.6, 0.8), (0, 1)], start=1):
    base.execute("INSERT INTO names(rowid, vector) VALUES (?, ?)", (row, sqlite_vec.serialize_float32(vector)))

def nearest(condition):
    query = f"SELECT rowid FROM names WHERE vector MATCH '[1, 0]' AND k = 2 AND {condition}"
    return sorted(row for row, in base.execute(query))

listed, compared = nearest("rowid IN (3, 4)"), nearest("rowid > 2")
print("rowid IN (3, 4):", listed, "  rowid > 2:", compared)
assert listed == [3, 4] and compared == []
PY
