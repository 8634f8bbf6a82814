#!/usr/bin/env bash
# Library: splink 5.0.0 (duckdb 2.0.1)
# Guess: An empty field counts as missing in record linkage, as None does: two empty names say nothing about a pair.
# Seen: None is neutral: the probability stays at the prior, .1. Two empty strings are an exact match, .91, as good as
#   two equal names. An empty string and a name count as different, .01.
# Why it matters: Readers of CSV that keep empty fields as empty strings (the csv module, polars, DuckDB, pandas with
#   keep_default_na=False) turn missing values into the best evidence there is, and link all rows that lack one.
# SeqTwin: not affected: blank texts match nothing and are counted.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'splink==5.0.0' 'duckdb==2.0.1' 'pandas==3.1.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import logging

import pandas as pd
import splink.comparison_library as compare
from splink import DuckDBAPI, Linker, SettingsCreator

logging.disable(logging.CRITICAL)
rows = pd.DataFrame({"unique_id": range(6), "name": ["anna", "anna", "", "", None, None], "town": "oslo"})
name = compare.ExactMatch("name").configure(m_probabilities=[0.9, 0.1], u_probabilities=[0.01, 0.99])
settings = SettingsCreator(
    link_type="dedupe_only",
    comparisons=[name],
    blocking_rules_to_generate_predictions=["l.town = r.town"],
    probability_two_random_records_match=0.1,
)
database = DuckDBAPI()
pairs = Linker(database.register(rows), settings).inference.predict().as_pandas_dataframe()
found = {(a, b): round(p, 2) for a, b, p in pairs[["unique_id_l", "unique_id_r", "match_probability"]].values.tolist()}
print("equal:", found[0, 1], "both empty:", found[2, 3], "both None:", found[4, 5], "one empty:", found[0, 2])
assert found[2, 3] == found[0, 1] == 0.91 and found[4, 5] == 0.1 and found[0, 2] == 0.01
PY
