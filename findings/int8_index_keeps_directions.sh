#!/usr/bin/env bash
# Library: usearch 2.26.6
# Guess: dtype="i8" stores the coordinates in 8 bits: a little less exact, and nearly the same neighbours.
# Seen: Vectors of floats are scaled to length 127 first, each by itself, for every metric. (.1, 0) and (.9, 0) become
#   (127, 0) and (126, 0). With the inner product the nearest to (.9, 0) is then (.1, 0), which float32 ranks last.
#   With l2sq the two are neighbours.
# Why it matters: An index for inner products or distances becomes one for cosines, which is the right one only for
#   vectors of length 1. Recall drops and nothing says why.
# SeqTwin: not affected: its indexes are exact or faiss, and keep float32.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'usearch==2.26.6' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
from usearch.index import Index

vectors, query = np.array([[0.1, 0], [0.9, 0], [0.5, 0.5]], np.float32), np.array([0.9, 0], np.float32)
order, stored = {}, {}
for metric in ("ip", "l2sq"):
    for kind in ("f32", "i8"):
        index = Index(ndim=2, metric=metric, dtype=kind)
        index.add(np.arange(3), vectors)
        order[metric, kind] = index.search(query, 3, exact=True).keys.tolist()
        stored[metric, kind] = [index.get(key).tolist() for key in range(3)]
print("order:", order, "stored as int8:", stored["ip", "i8"])
assert order["ip", "f32"] == order["l2sq", "f32"] == [1, 2, 0]
assert order["ip", "i8"][2] == order["l2sq", "i8"][2] == 2
assert all(abs(np.linalg.norm(vector) - 127) < 2 for vector in stored["l2sq", "i8"])
PY
