#!/usr/bin/env bash
# Library: dask 2026.8.0 with torch 2.13.0 (CPU)
# Guess: dask.base.tokenize names data by their content, so equal torch tensors have equal tokens, as NumPy arrays do.
# Seen: Only the same tensor has the same token. A clone has another one, and so has an equal tensor.
# Why it matters: Tokens decide what is sent or computed again. Weights or batches that are scattered or given to a
#   delayed function a second time are new data each time, and no cached result is ever found.
# SeqTwin: not affected: tasks are named by their study cell, and data by their own fingerprint.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6' 'dask==2026.8.0'
"$tmp/venv/bin/python" - <<'PY'
import torch
from dask.base import tokenize

first, second = torch.arange(6.0), torch.arange(6.0)
same = tokenize(first) == tokenize(first)
equal, clone = tokenize(first) == tokenize(second), tokenize(first) == tokenize(first.clone())
arrays = tokenize(first.numpy()) == tokenize(second.numpy())
print(f"tokens are equal: same tensor {same}, equal tensor {equal}, its clone {clone}, as NumPy arrays {arrays}")
assert (same, equal, clone, arrays) == (True, False, False, True)
PY
