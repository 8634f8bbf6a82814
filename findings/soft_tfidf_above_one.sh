#!/usr/bin/env bash
# Library: py_stringmatching 0.4.7
# Guess: Soft TF-IDF is a cosine with fuzzy words, so it is symmetric and never above 1.
# Seen: Two spellings of one word on the left both match the one word on the right and are both counted: the
#   score is 1.36. With the sides swapped it is .71.
# Why it matters: A score above 1 sorts a pair before exact duplicates. A list linked against itself gets two
#   scores for a pair.
# SeqTwin: not affected: its TF-IDF floors are plain cosines, the same both ways.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'py-stringmatching==0.4.7'
"$tmp/venv/bin/python" - <<'PY'
from py_stringmatching import SoftTfIdf

measure = SoftTfIdf([["john", "smith"], ["jon", "smyth"]])
same = measure.get_raw_score(["john"], ["john"])
one_way = measure.get_raw_score(["john", "jon"], ["john"])
other_way = measure.get_raw_score(["john"], ["john", "jon"])
print(f"john / john {same:.3f}, john jon / john {one_way:.3f}, john / john jon {other_way:.3f}")
assert same == 1.0 and one_way > 1.3 and other_way < 0.75
PY
