#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: Pair losses that want the labels 1 and -1 raise an error at a label 0.
# Seen: None of the three does. cosine_embedding_loss gives 0 for such a pair, so different pairs never push
#   apart. margin_ranking_loss gives the margin, a constant. hinge_embedding_loss adds both of its branches.
#   There is no error and no warning.
# Why it matters: Nearly all pair files have the labels 0 and 1. The loss falls, all vectors move together,
#   and the reason is hard to see.
# SeqTwin: not affected: labels are read as same and different, and its losses are its own formulas.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from torch.nn import functional as F

zero = torch.zeros(1)
a = torch.tensor([[1.0, 0.0]], requires_grad=True)
same_direction = F.cosine_embedding_loss(a, torch.tensor([[2.0, 0.1]]), zero)
same_direction.backward()
ranked = [F.margin_ranking_loss(torch.tensor([x]), torch.tensor([0.9]), zero, margin=0.5).item() for x in (0.1, 5.0)]
hinge = F.hinge_embedding_loss(torch.tensor([0.25]), zero).item()
print(f"label 0: cosine embedding {same_direction.item()}, its gradient {a.grad.tolist()}; margin ranking {ranked}; hinge {hinge}")
assert same_direction.item() == 0 and not a.grad.any()
assert ranked == [0.5, 0.5] and hinge == 0.25 + (1 - 0.25)
PY
