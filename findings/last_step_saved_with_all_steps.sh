#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: Saving output[:, -1] stores one vector per text.
# Seen: A slice is a view, and torch.save stores the data behind it: every step of every text. The file
#   of vectors is then as large as the file of all outputs, here about 200 times larger than needed. h_n,
#   or clone() before saving, is small.
# Why it matters: A cache of vectors fills the disk, and reading it back takes the memory of all outputs.
# SeqTwin: not affected: vectors are written as NumPy arrays of their own, weights as safetensors.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import io

import torch

def size(tensor):
    file = io.BytesIO()
    torch.save(tensor.detach(), file)
    return len(file.getvalue())

output, (hidden, _) = torch.nn.LSTM(4, 32, batch_first=True)(torch.randn(8, 500, 4))
last = output[:, -1]
sizes = {"output": size(output), "output[:, -1]": size(last), "clone": size(last.clone()), "h_n[-1]": size(hidden[-1])}
print(sizes)
assert sizes["output[:, -1]"] == sizes["output"] > 50 * sizes["clone"] and sizes["h_n[-1]"] < 2 * sizes["clone"]
PY
