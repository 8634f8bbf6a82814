#!/usr/bin/env bash
# Library: affinegap 1.12, the string distance of dedupe 3.0
# Guess: The distance between equal strings is 0, and two empty strings are equal.
# Seen: Equal strings have the normalized distance .5, of whatever length. Two empty strings raise
#   ZeroDivisionError.
# Why it matters: A rule such as distance == 0 finds no duplicate at all, and .5 must not be read as half
#   alike.
# SeqTwin: not affected: equal texts have equal vectors, whose cosine is 1 and whose distance is 0 up to
#   rounding.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'affinegap==1.12'
"$tmp/venv/bin/python" - <<'PY'
from affinegap import normalizedAffineGapDistance as distance

for name in ("a", "smith", "johann sebastian bach"):
    print(f"{name!r} and itself:", distance(name, name))
    assert distance(name, name) == 0.5
print("smith and smyth:", distance("smith", "smyth"))
try:
    distance("", "")
except ZeroDivisionError as error:
    print("two empty strings:", error)
else:
    raise SystemExit("two empty strings have a distance now")
PY
