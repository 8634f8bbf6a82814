#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0, torch 2.13.0
# Guess: precision_at_1 is the share of all queries whose nearest neighbour is right. A query without a
#   partner cannot be right.
# Seen: Queries whose class has no other member are left out of the mean, without a message. Here two of six
#   rows have a partner and both are right: the score is 1.
# Why it matters: Most names in a list are singletons. The score is over the few that are not, and two data
#   sets with equal scores may differ widely.
# SeqTwin: handles it: such queries are left out, too, but they are counted.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'pytorch-metric-learning==2.9.0' 'numpy==2.4.6' 'faiss-cpu==1.15.1'
"$tmp/venv/bin/python" - <<'PY'
import torch
from pytorch_metric_learning.utils.accuracy_calculator import AccuracyCalculator

vectors = torch.nn.functional.normalize(torch.tensor([[1, 0.0], [1, 0.1], [0, 1], [0.1, 1], [-1, 0], [-1, 0.1]]), dim=1)
calculator = AccuracyCalculator(include=("precision_at_1",))
some = calculator.get_accuracy(vectors, torch.tensor([0, 0, 1, 2, 3, 4]))["precision_at_1"]
wrong = calculator.get_accuracy(vectors, torch.tensor([0, 0, 1, 2, 1, 2]))["precision_at_1"]
print(f"two rows with a partner, four alone: {some}; the four given far partners: {wrong:.3f}")
assert some == 1.0 and abs(wrong - 2 / 6) < 1e-6
PY
