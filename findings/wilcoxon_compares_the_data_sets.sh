#!/usr/bin/env bash
# Library: scikit-posthocs 0.17.1
# Guess: Post hoc tests of one library read one table in one way: a row per data set, a column per method.
# Seen: posthoc_nemenyi_friedman compares the columns. posthoc_wilcoxon, also for paired values, compares the rows. With
#   14 data sets and 4 methods the second answer is a 14 x 14 table of data sets, and no warning.
# Why it matters: Both are the usual next step after Friedman's test. A square table (as many data sets as methods) shows
#   nothing, and its p values are those of the data sets.
# SeqTwin: not affected: its tests take one paired difference each.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'scikit-posthocs==0.17.1' 'pandas==3.1.1' 'numpy==2.4.6' 'scipy==1.17.1'
"$tmp/venv/bin/python" -W ignore - <<'PY'
import numpy as np
import scikit_posthocs as sp
from scipy.stats import wilcoxon

scores = np.random.default_rng(0).normal(0.8, 0.05, (14, 4)).round(3)
nemenyi, by_wilcoxon = sp.posthoc_nemenyi_friedman(scores), sp.posthoc_wilcoxon(scores)
rows = wilcoxon(scores[0], scores[1]).pvalue
print(f"14 data sets, 4 methods: Nemenyi {nemenyi.shape}, Wilcoxon {by_wilcoxon.shape}")
print(f"first p of Wilcoxon {by_wilcoxon.iloc[0, 1]:.3f}, of the first two data sets {rows:.3f}")
assert nemenyi.shape == (4, 4) and by_wilcoxon.shape == (14, 14)
assert abs(by_wilcoxon.iloc[0, 1] - rows) < 1e-9
PY
