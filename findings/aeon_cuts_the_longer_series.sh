#!/usr/bin/env bash
# Library: aeon 1.6.0
# Guess: The Euclidean distance of two series of different length raises an error.
# Seen: The longer one is cut to the length of the shorter. A series and its first two values have the
#   distance 0.
# Why it matters: A prefix counts as a duplicate of everything that begins with it.
# SeqTwin: not affected: it compares vectors of one width, and its DTW floor compares whole series.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'aeon==1.6.0'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
from aeon.distances import dtw_distance, euclidean_distance

whole = np.array([1.0, 2, 50, -50])
euclidean, dtw = euclidean_distance(whole, whole[:2]), dtw_distance(whole, whole[:2])
print(f"a series and its first half: euclidean {euclidean}, dtw {dtw}")
assert euclidean == 0 and dtw > 0
PY
