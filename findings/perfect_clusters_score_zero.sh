#!/usr/bin/env bash
# Library: scikit-learn 1.9.1
# Guess: Equal partitions have the score 1 by every index of agreement.
# Seen: If all clusters are single rows, fowlkes_mallows_score of two equal partitions is 0; ARI, AMI and V are 1. The
#   index counts pairs inside clusters, and there are none.
# Why it matters: A list without duplicates is the usual case in a check of deduplication, and a tool that leaves it
#   alone is right. Its score is then the same as that of a tool that merges everything.
# SeqTwin: not affected: with no same pair, and none called so, its F1 is undefined with the reason, not 0.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'scikit-learn==1.9.1' 'numpy==2.4.6' 'scipy==1.17.1'
"$tmp/venv/bin/python" - <<'PY'
from sklearn import metrics

names = ["fowlkes_mallows_score", "adjusted_rand_score", "adjusted_mutual_info_score", "v_measure_score"]
found = {}
for way, rows in {"left alone": [4, 5, 6, 7], "merged": [0, 0, 0, 0]}.items():
    found[way] = {name: float(getattr(metrics, name)([0, 1, 2, 3], rows)) for name in names}
print("truth: no duplicates;", found)
assert found["left alone"].pop("fowlkes_mallows_score") == found["merged"]["fowlkes_mallows_score"] == 0
assert set(found["left alone"].values()) == {1.0}
PY
