#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: nn.init.orthogonal_(lstm.weight_hh_l0) makes the recurrent matrix of each gate orthogonal, which is
#   why it is recommended.
# Seen: The four gates are stacked in one tall matrix, and only the columns of the whole are orthonormal. A
#   gate's own matrix has singular values between nearly 0 and .9. Applied to each chunk, all of them are 1.
# Why it matters: The start that should keep signals over many steps shrinks them. Comparisons of
#   initialisations compare something else.
# SeqTwin: not affected: it keeps PyTorch's own start. To change it, initialise each gate separately.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch

torch.manual_seed(0)
weight = torch.nn.LSTM(8, 64).weight_hh_l0
torch.nn.init.orthogonal_(weight)
ranges = {}
for name, gate in zip(["input", "forget", "cell", "output"], weight.detach().chunk(4)):
    values = torch.linalg.svdvals(gate)
    ranges[name] = (round(values.min().item(), 3), round(values.max().item(), 3))
print("singular values of each gate:", ranges)
assert all(low < 0.1 and high < 0.95 for low, high in ranges.values())
with torch.no_grad():
    for gate in weight.chunk(4):
        torch.nn.init.orthogonal_(gate)
        assert torch.allclose(torch.linalg.svdvals(gate), torch.ones(64), atol=1e-5)
PY
