#!/usr/bin/env bash
# Library: textdistance 4.6.3; jellyfish 1.3.0 and rapidfuzz 3.14.6 for comparison
# Guess: A class called DamerauLevenshtein computes the Damerau-Levenshtein distance.
# Seen: By default it computes the restricted distance (optimal string alignment): a swapped pair may not be
#   edited again. CA to ABC costs 3 there and 2 in the other libraries. restricted=False gives 2. The
#   restricted one breaks the triangle inequality, too.
# Why it matters: Nearest-neighbour trees and blocking rules rely on the triangle inequality. Numbers from two
#   libraries are not comparable.
# SeqTwin: not affected: it uses no edit distance; its floors are Jaro-Winkler, TF-IDF and overlap.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'textdistance==4.6.3' 'jellyfish==1.3.0' 'rapidfuzz==3.14.6'
"$tmp/venv/bin/python" - <<'PY'
import jellyfish
import textdistance
from rapidfuzz.distance import DamerauLevenshtein

default = textdistance.DamerauLevenshtein(external=False)
full = textdistance.DamerauLevenshtein(external=False, restricted=False)
print("CA -> ABC: textdistance", default("CA", "ABC"), "restricted=False", full("CA", "ABC"))
print("           jellyfish", jellyfish.damerau_levenshtein_distance("CA", "ABC"), "rapidfuzz", DamerauLevenshtein.distance("CA", "ABC"))
print("by way of AC:", default("CA", "AC"), "+", default("AC", "ABC"))
assert default("CA", "ABC") == 3 and full("CA", "ABC") == 2
assert jellyfish.damerau_levenshtein_distance("CA", "ABC") == DamerauLevenshtein.distance("CA", "ABC") == 2
assert default("CA", "AC") + default("AC", "ABC") < default("CA", "ABC")
PY
