#!/usr/bin/env bash
# Library: seqeval 1.2.2
# Guess: Tags without a prefix (PER, ORG) are an error, or one entity for each run of a tag.
# Seen: The first letter is taken for the prefix. PER has the type ER, NOUN the type OUN, and ORG begins with O: it is
#   outside. A prediction that misses every ORG has an F1 of 1. A warning says that these seem to be no tags of
#   entities, and not what becomes of them.
# Why it matters: Many label files have bare classes, one per token. All classes that begin with O vanish from the
#   score, and classes that differ in the first letter alone (LOC, DOC) are one.
# SeqTwin: not affected: spans are scored only if each tag is O or has a mark and a type.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'seqeval==1.2.2' 'numpy==2.4.6' 'setuptools==80.9.0'
"$tmp/venv/bin/python" -W ignore - <<'PY'
from seqeval.metrics import f1_score
from seqeval.metrics.sequence_labeling import get_entities

found = get_entities(["ORG", "PER", "NOUN", "LOC", "DOC"])
missed = float(f1_score([["ORG", "PER"]], [["O", "PER"]]))
print("entities:", found, "F1 without ORG:", missed)
assert found == [("ER", 1, 1), ("OUN", 2, 2), ("OC", 3, 4)] and missed == 1
PY
