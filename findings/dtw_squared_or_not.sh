#!/usr/bin/env bash
# Library: aeon 1.6.0; dtaidistance 2.5.1 for comparison
# Guess: Dynamic time warping is one number, whichever library computes it.
# Seen: aeon gives the sum of squared steps (5), dtaidistance its square root (2.236). The nearest neighbour
#   is the same, but averages, thresholds and kernels are not.
# Why it matters: A threshold or a bandwidth from one paper's library is off by a square in the next.
# SeqTwin: not affected: its DTW floor takes the nearest neighbour only, which a root does not change.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'aeon==1.6.0' 'dtaidistance==2.5.1'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
from aeon.distances import dtw_distance
from dtaidistance import dtw

a, b = np.array([0.0, 1, 2, 3]), np.array([0.0, 2, 2, 5])
found = dtw_distance(a, b), dtw.distance(a, b)
print("aeon, dtaidistance:", found)
assert found[0] == 5 and np.isclose(found[1], 5**0.5)
PY
