#!/usr/bin/env bash
# Library: textdistance 4.6.3; py_stringmatching 0.4.7 for comparison
# Guess: The Jaccard similarity compares sets, so a repeated word changes nothing.
# Seen: textdistance counts repeats (a bag), unless as_set=True is given. py_stringmatching builds sets first.
#   New York New York against New York is .5 in one and 1 in the other.
# Why it matters: Typed lists repeat words. Duplicates that one library finds at a threshold of .8 are lost
#   with the other.
# SeqTwin: not affected: it computes overlap itself, over sets of words and of character 3-grams.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'textdistance==4.6.3' 'py-stringmatching==0.4.7'
"$tmp/venv/bin/python" - <<'PY'
import textdistance
from py_stringmatching import Jaccard

left, right = "new york new york", "new york"
bag = textdistance.Jaccard(qval=None)(left, right)
as_set = textdistance.Jaccard(qval=None, as_set=True)(left, right)
other = Jaccard().get_raw_score(left.split(), right.split())
print(f"textdistance {bag}, with as_set=True {as_set}, py_stringmatching {other}")
assert (bag, as_set, other) == (0.5, 1.0, 1.0)
PY
