#!/usr/bin/env bash
# Library: rapidfuzz 3.14.6, jellyfish 1.3.0, textdistance 4.6.3
# Guess: Two empty strings are equal, so every similarity is 1. If libraries differ, each agrees at least
#   with itself.
# Seen: Jaro-Winkler of two empty strings is 1 in rapidfuzz and textdistance, and 0 in jellyfish. Inside
#   rapidfuzz, ratio is 100, while token_set_ratio and WRatio are 0.
# Why it matters: Blank cells are common in lists of names. One library joins all blank rows into one cluster,
#   another keeps them apart.
# SeqTwin: not affected: a row without a text keeps its place and matches nothing. In training it is refused
#   with its line, or read as one unknown token if the config says so.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'rapidfuzz==3.14.6' 'jellyfish==1.3.0' 'textdistance==4.6.3'
"$tmp/venv/bin/python" - <<'PY'
import jellyfish
import textdistance
from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

found = {
    "rapidfuzz": JaroWinkler.similarity("", ""),
    "textdistance": textdistance.jaro_winkler("", ""),
    "jellyfish": jellyfish.jaro_winkler_similarity("", ""),
}
inside = {f.__name__: f("", "") for f in (fuzz.ratio, fuzz.token_sort_ratio, fuzz.token_set_ratio, fuzz.WRatio)}
print("Jaro-Winkler of two empty strings:", found)
print("inside rapidfuzz.fuzz:", inside)
assert found == {"rapidfuzz": 1.0, "textdistance": 1, "jellyfish": 0.0}
assert list(inside.values()) == [100.0, 100.0, 0.0, 0.0]
PY
