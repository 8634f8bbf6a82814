#!/usr/bin/env bash
# Library: duckdb 2.0.1
# Guess: The cosine with a zero vector is 0, or NULL, and ends up last in ORDER BY similarity DESC.
# Seen: It is NaN, and DuckDB sorts NaN above every number. The empty vector is the best match of every query.
# Why it matters: Encoders give zero vectors for empty or unknown texts. One such row takes the first place of
#   each search.
# SeqTwin: not affected: its cosine with a zero vector is 0. Rows that were encoded by SeqTwin are never NaN.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'duckdb==2.0.1'
"$tmp/venv/bin/python" - <<'PY'
import duckdb

rows = duckdb.sql("""
    SELECT name, array_cosine_similarity(vector, [1, 0]::FLOAT[2]) AS similarity
    FROM (VALUES ('same', [1, 0]::FLOAT[2]), ('near', [4, 3]::FLOAT[2]), ('empty', [0, 0]::FLOAT[2])) names(name, vector)
    ORDER BY similarity DESC
""").fetchall()
print(rows)
assert [name for name, _ in rows] == ["empty", "same", "near"]
assert rows[0][1] != rows[0][1]
PY
