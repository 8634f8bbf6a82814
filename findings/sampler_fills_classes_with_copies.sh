#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0, torch 2.13.0
# Guess: MPerClassSampler(m=4) puts four different rows of a class in a batch, and leaves out classes that have fewer.
# Seen: A class with one row is that row four times. A batch of three classes with 100, 1 and 2 rows has four, one and
#   two different rows of them. Each class has the same share of a batch, so the single row is drawn about a hundred
#   times as often as a row of the large class.
# Why it matters: The positives of such a row are the row itself, at distance 0. They train nothing, and the row is a
#   negative of all others in nearly every batch.
# SeqTwin: not affected: its batches consist of the pairs of the data.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'pytorch-metric-learning==2.9.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
from collections import Counter

import numpy as np
from pytorch_metric_learning.samplers import MPerClassSampler

np.random.seed(0)
labels = np.array([0] * 100 + [1] + [2] * 2)
drawn = np.array(list(MPerClassSampler(labels, m=4, batch_size=12, length_before_new_iter=12_000)))
first = {label: drawn[:12][labels[drawn[:12]] == label].tolist() for label in (0, 1, 2)}
times = Counter(drawn.tolist())
print("first batch by class:", first, "row 100 drawn", times[100], "times, row 0", times[0], "times")
assert [len(set(rows)) for rows in first.values()] == [4, 1, 2] and all(len(rows) == 4 for rows in first.values())
assert times[100] > 20 * times[0]
PY
