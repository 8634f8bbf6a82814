#!/usr/bin/env bash
# Library: torch 2.13.0 (CPU)
# Guess: torch.stack(a) + torch.stack(b) and the stack of all a + b train the same: after clipping to norm 1, the
#   gradient has norm 1.
# Seen: The gradients of a and b are the same memory in the first form. clip_grad_norm_ scales each in place, so both
#   are scaled twice: a gradient of norm 12 is left with .08 and not 1. No error, no warning.
# Why it matters: The two biases of an LSTM are added. Several LSTMs whose weights are stacked train with other steps
#   than each alone as soon as a gradient is clipped; without clipping all agree, so a test of gradients sees nothing.
# SeqTwin: not affected: biases are summed before they are stacked, which a test of trainings with clipping holds.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from torch import nn


def clip(summed_first):
    a, b = ([nn.Parameter(torch.ones(3)) for _ in range(2)] for _ in range(2))
    rows = torch.stack([x + y for x, y in zip(a, b)]) if summed_first else torch.stack(a) + torch.stack(b)
    (rows * torch.tensor([[3.0], [4.0]])).sum().backward()
    before = float(nn.utils.clip_grad_norm_([*a, *b], 1.0))
    after = float(torch.cat([p.grad for p in (*a, *b)]).norm())
    print(f"summed {'first' if summed_first else 'last'}: norm {before:.2f} before, {after:.2f} after clipping to 1")
    return a[0].grad.data_ptr() == b[0].grad.data_ptr(), before, after


shared, before, after = clip(summed_first=False)
assert shared and abs(after - 1 / before) < 1e-4
shared, before, after = clip(summed_first=True)
assert not shared and abs(after - 1) < 1e-4
PY
