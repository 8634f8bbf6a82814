#!/usr/bin/env bash
# Library: torch 2.13.0 (CPU)
# Guess: An elementwise function gives a number the same result wherever it stands in a tensor.
# Seen: The sigmoid of some float32 numbers differs in the last bit when they are among the last of a tensor, which
#   are computed one by one and not in vectors. tanh and exp give the same bits everywhere.
# Why it matters: The last bit is harmless in float32. A recurrent net that rounds its state to bfloat16 at every
#   step can turn it into a difference of 0.4 %, so a vector depends on the size of its batch.
# SeqTwin: affected, fixed: an encoder uses bfloat16 only for hidden widths that are a multiple of 32.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch

torch.set_num_threads(1)
numbers = torch.randn(4096, generator=torch.Generator().manual_seed(0))
moved = {}
for function in (torch.sigmoid, torch.tanh, torch.exp):
    alone = torch.cat([function(number) for number in numbers.split(1)])
    gap = (alone - function(numbers)).abs()
    moved[function.__name__] = int((gap > 0).sum())
    print(f"{function.__name__}: {moved[function.__name__]} of 4096 numbers differ alone, at most by {gap.max():.1e}")
assert moved["sigmoid"] > 0 and moved["tanh"] == 0 == moved["exp"]
PY
