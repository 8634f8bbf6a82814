#!/usr/bin/env bash
# Library: torch 2.13.0 (torch.ao.quantization)
# Guess: quantize_dynamic(lstm, {nn.LSTM}) gives a quantized LSTM.
# Seen: It replaces modules inside the one it is given, never that one. A bare LSTM comes back in float,
#   without a warning, while the same LSTM inside a Sequential is replaced.
# Why it matters: A service is assumed to run in int8, but neither its size nor its speed has changed.
# SeqTwin: not affected: it does not quantize.
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
lstm = torch.nn.LSTM(4, 8)
bare = quantize_dynamic(lstm, {torch.nn.LSTM}, dtype=torch.qint8)
inside = quantize_dynamic(torch.nn.Sequential(lstm), {torch.nn.LSTM}, dtype=torch.qint8)[0]
print("bare:", type(bare).__module__, "| inside a Sequential:", type(inside).__module__)
assert type(bare) is torch.nn.LSTM and "quantized" in type(inside).__module__
PY
