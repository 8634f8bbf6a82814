#!/usr/bin/env bash
# Library: pytorch-metric-learning 2.9.0, torch 2.13.0
# Guess: DotProductSimilarity computes dot products, CosineSimilarity cosines.
# Seen: DotProductSimilarity scales its vectors to length 1 first, unless normalize_embeddings=False is given.
#   (3, 4) with itself is 1, not 25, and both classes give the same matrix.
# Why it matters: A model is trained for cosines and searched by dot products. The ranking then depends on
#   lengths that the loss ignored.
# SeqTwin: handles it: a loss of this library is shown with every setting it was built with,
#   normalize_embeddings included.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'pytorch-metric-learning==2.9.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from pytorch_metric_learning.distances import CosineSimilarity, DotProductSimilarity

vectors = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
default, cosine = DotProductSimilarity()(vectors), CosineSimilarity()(vectors)
dot = DotProductSimilarity(normalize_embeddings=False)(vectors)
print("default", default.tolist(), "| cosine", cosine.tolist(), "| normalize_embeddings=False", dot.tolist())
assert torch.equal(default, cosine) and abs(default[0, 0] - 1) < 1e-6 and dot[0, 0] == 25
PY
