#!/usr/bin/env bash
# Library: recordlinkage 0.16
# Guess: The sorted-neighbourhood method slides a window of w rows over the sorted list, so n rows give at
#   most n (w - 1) pairs.
# Seen: The window slides over distinct values. All rows that share a value are paired with each other and
#   with all rows of the neighbouring values: 300 rows with three names and a window of 3 give 34,850 pairs,
#   not 600.
# Why it matters: The method is chosen to bound the work. One frequent name makes the work quadratic again.
# SeqTwin: not affected: it takes a fixed number of nearest neighbours of each text, and equal texts are
#   handled once.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'recordlinkage==0.16' 'pandas==2.3.3'
"$tmp/venv/bin/python" - <<'PY'
import pandas as pd
import recordlinkage as rl

names = pd.DataFrame({"name": ["adams"] * 100 + ["baker"] * 100 + ["clark"] * 100})
indexer = rl.Index()
indexer.sortedneighbourhood("name", window=3)
pairs = len(indexer.index(names))
print(f"{len(names)} rows, window 3: at most {2 * len(names)} pairs expected, {pairs} found")
same, neighbours = 3 * 100 * 99 // 2, 2 * 100 * 100
assert pairs == same + neighbours
PY
