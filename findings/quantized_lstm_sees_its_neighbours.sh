#!/usr/bin/env bash
# Library: torch 2.13.0 (torch.ao.quantization)
# Guess: Dynamic quantization costs accuracy, but a row's vector does not depend on the other rows of the
#   batch.
# Seen: The scale of the activations is computed over the whole batch. One row with large values changes the
#   vectors of all others. In float they stay the same.
# Why it matters: The same name has other vectors in a search and in the index, and a score depends on
#   the other requests of the moment.
# SeqTwin: not affected: it does not quantize, and every report prints the largest deviation between a batch
#   and the text alone.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import warnings

import torch
from torch.ao.quantization import quantize_dynamic

warnings.simplefilter("ignore")
torch.manual_seed(0)
plain = torch.nn.Sequential(torch.nn.LSTM(4, 32, batch_first=True))
quantized = quantize_dynamic(plain, {torch.nn.LSTM}, dtype=torch.qint8)
row, loud = torch.randn(1, 7, 4), 20 * torch.randn(1, 7, 4)
moved = {}
for name, model in {"float32": plain, "quantized": quantized}.items():
    alone, beside = model(row)[1][0][0, 0], model(torch.cat([row, loud]))[1][0][0, 0]
    moved[name] = (alone - beside).abs().max().item()
    print(f"{name}: the vector next to a row of large values differs by {moved[name]:.1e}")
assert moved["float32"] < 1e-5 and moved["quantized"] > 1e-3
PY
