#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: F.normalize leaves a zero vector at zero, and its cosine is 0, in every number format: eps is there for that.
# Seen: In float32 and bfloat16 it does. In float16 both are NaN: eps (1e-12, and 1e-8) is below the smallest
#   float16 and rounds to 0, so 0 is divided by 0. Under autocast with float16 it is the same.
# Why it matters: One row of zeros, as a ReLU or a text without known words makes them, turns the loss into NaN,
#   and only on the machine that trains in float16.
# SeqTwin: not affected: it trains in float32 or bfloat16, and never in float16.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
import torch.nn.functional as F

found = {}
for kind in (torch.float32, torch.bfloat16, torch.float16):
    zero = torch.zeros(1, 3, dtype=kind, requires_grad=True)
    unit, cosine = F.normalize(zero), F.cosine_similarity(zero, torch.ones(1, 3, dtype=kind))
    found[kind] = (bool(unit.isnan().any()), bool(cosine.isnan().any()))
print("NaN in normalize, in cosine_similarity:", found)
with torch.autocast("cpu", torch.float16):
    vectors = torch.nn.Linear(2, 2, bias=False)(torch.zeros(1, 2))
    unit = F.normalize(vectors)
print("under autocast:", unit.tolist(), unit.dtype)
assert found[torch.float32] == found[torch.bfloat16] == (False, False)
assert found[torch.float16] == (True, True) and unit.isnan().all()
PY
