#!/usr/bin/env bash
# Library: recordlinkage 0.16
# Guess: In deduplication a pair has no direction: the known match (a, b) is found again, whichever row comes
#   first.
# Seen: The index writes pairs as (later row, earlier row). Known matches written the other way are never
#   found: precision and recall are 0, without a warning.
# Why it matters: Hand-labelled pairs usually name the earlier row first. The evaluation then calls a perfect
#   matcher useless.
# SeqTwin: not affected: decided pairs are read in either order.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'recordlinkage==0.16' 'pandas==2.3.3'
"$tmp/venv/bin/python" - <<'PY'
import pandas as pd
import recordlinkage as rl

names = pd.DataFrame({"name": ["anna", "bob", "anna"]}, index=["a", "b", "c"])
indexer = rl.Index()
indexer.block("name")
found = indexer.index(names)
known = pd.MultiIndex.from_tuples([("a", "c")])
turned = pd.MultiIndex.from_tuples([("c", "a")])
print("found:", list(found), "known:", list(known))
print("precision", rl.precision(known, found), "recall", rl.recall(known, found), "| turned:", rl.precision(turned, found))
assert list(found) == [("c", "a")]
assert rl.precision(known, found) == rl.recall(known, found) == 0 and rl.precision(turned, found) == 1
PY
