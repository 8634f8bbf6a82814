#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0, torch 2.13.0
# Guess: ContrastiveLoss(distance=CosineSimilarity()) picks margins for a similarity, or refuses the ones it
#   has.
# Seen: It keeps pos_margin=0 and neg_margin=1, which are meant for distances. A same pair has no loss above 0,
#   and a different pair none below 1: unrelated vectors have a loss of exactly 0 and no gradient. The right
#   margins are pos_margin=1 and neg_margin=0.
# Why it matters: Training starts at a perfect loss and learns nothing, or next to nothing.
# SeqTwin: handles it: a loss is tried on a few pairs before training, and one without a gradient is refused
#   with a hint about margins.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'pytorch-metric-learning==2.9.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from pytorch_metric_learning.distances import CosineSimilarity
from pytorch_metric_learning.losses import ContrastiveLoss

vectors = torch.tensor([[1.0, 0.1], [0.3, 1.0], [0.2, 1.0], [1.0, 0.2]], requires_grad=True)
labels = torch.tensor([0, 0, 1, 1])
loss = ContrastiveLoss(distance=CosineSimilarity())(vectors, labels)
loss.backward()
meant = ContrastiveLoss(pos_margin=1, neg_margin=0, distance=CosineSimilarity())(vectors, labels)
print(f"default margins: loss {loss.item()}, gradient {vectors.grad.abs().max().item()}; margins 1 and 0: loss {meant.item():.3f}")
assert loss.item() == 0 and not vectors.grad.any() and meant.item() > 0.5
PY
