#!/usr/bin/env bash
# Library: textdistance 4.6.3
# Guess: A normalized similarity is between 0 and 1, and the same words in another order score 1, because
#   Monge-Elkan takes the best partner of each word.
# Seen: On words (qval=None) john against john smith has a normalized similarity of 2 and a distance of -2.
#   With Jaro-Winkler inside, john smith against smith john scores .5: the sum is divided by the number of
#   words twice.
# Why it matters: A threshold such as .9 accepts a part of a name and rejects the same name with its words
#   swapped.
# SeqTwin: not affected: it has no Monge-Elkan, and each of its similarities declares its range.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'textdistance==4.6.3'
"$tmp/venv/bin/python" - <<'PY'
import textdistance

words = textdistance.MongeElkan(qval=None)
part = words.normalized_similarity("john", "john smith"), words.distance("john", "john smith")
same = words.normalized_similarity("john smith", "john smith")
winkler = textdistance.MongeElkan(algorithm=textdistance.jaro_winkler, qval=None)
swapped = winkler("john smith", "smith john")
print("john / john smith: normalized similarity, distance =", part)
print("john smith / john smith:", same)
print("john smith / smith john, Jaro-Winkler inside:", swapped)
assert part == (2.0, -2.0) and same == 1.0 and swapped == 0.5
PY
