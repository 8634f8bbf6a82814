#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0, torch 2.13.0
# Guess: A batch without two rows of one class has a loss of 0, as for other losses of the library.
# Seen: NCALoss gives NaN, NTXentLoss and TripletMarginLoss give 0. With one positive pair in the batch all
#   three are finite.
# Why it matters: With many classes and small batches such a batch comes sooner or later. A mean over the
#   epoch is NaN from then on, and so is the choice of the best epoch.
# SeqTwin: handles it: a batch for which the library gives NaN is counted, warned of once and trains nothing.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'pytorch-metric-learning==2.9.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import math

import torch
from pytorch_metric_learning.losses import NCALoss, NTXentLoss, TripletMarginLoss

torch.manual_seed(0)
vectors = torch.randn(4, 3)
found = {}
for loss in (NCALoss(), NTXentLoss(), TripletMarginLoss()):
    found[type(loss).__name__] = [loss(vectors, torch.tensor(labels)).item() for labels in ([0, 1, 2, 3], [0, 0, 1, 2])]
print("without a positive, with one:", found)
assert math.isnan(found["NCALoss"][0]) and found["NTXentLoss"][0] == found["TripletMarginLoss"][0] == 0
assert all(math.isfinite(with_one) for _, with_one in found.values())
PY
