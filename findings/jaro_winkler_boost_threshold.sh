#!/usr/bin/env bash
# Library: py_stringmatching 0.4.7; rapidfuzz 3.14.6 and jellyfish 1.3.0 for comparison
# Guess: Jaro-Winkler is one standard formula, so three libraries give one number.
# Seen: py_stringmatching adds the bonus for a common beginning to every pair. The other two add it only where
#   the Jaro score is above .7, as Winkler proposed. Pairs that are alike agree; unlike pairs with the same
#   beginning differ, here by .12.
# Why it matters: A threshold copied from one library lets other pairs through in the next one, and those are
#   the unlike pairs.
# SeqTwin: not affected: its Jaro-Winkler floor uses rapidfuzz alone. Compare a published floor only with
#   numbers of the same library.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'py-stringmatching==0.4.7' 'rapidfuzz==3.14.6' 'jellyfish==1.3.0'
"$tmp/venv/bin/python" - <<'PY'
import jellyfish
from py_stringmatching import JaroWinkler
from rapidfuzz.distance import JaroWinkler as Rapid

always = JaroWinkler()
for a, b, differ in [("martha", "marhta", False), ("dixon", "dicksonx", False), ("abcd", "abxyzwvu", True), ("abcdefgh", "abcxyzwv", True)]:
    one, two, three = always.get_raw_score(a, b), Rapid.similarity(a, b), jellyfish.jaro_winkler_similarity(a, b)
    print(f"{a:9} {b:9} py_stringmatching {one:.3f}  rapidfuzz {two:.3f}  jellyfish {three:.3f}")
    assert abs(two - three) < 1e-9
    assert (one - two > 0.05) is differ and (differ or abs(one - two) < 1e-6)
PY
