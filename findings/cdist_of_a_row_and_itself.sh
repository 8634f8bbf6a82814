#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: The distance of a vector and itself is 0, and the distance of two vectors does not depend on how many
#   others are compared.
# Seen: From 26 rows on torch.cdist computes |a|^2 + |b|^2 - 2ab. Rows with large common parts then have a
#   distance of about .1 to themselves, and with 25 rows it is 0. compute_mode='donot_use_mm_for_euclid_dist'
#   is exact.
# Why it matters: Exact duplicates are missed at a small threshold, but only in lists that are long enough. A
#   test on a few rows passes.
# SeqTwin: not affected: its distances are sums of squared differences.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch

rows = 100 + torch.arange(30)[:, None] * 1e-3 * torch.ones(30, 8)
few = torch.cdist(rows[:25], rows[:25]).diagonal().max().item()
many = torch.cdist(rows, rows).diagonal().max().item()
exact = torch.cdist(rows, rows, compute_mode="donot_use_mm_for_euclid_dist").diagonal().max().item()
print(f"largest distance of a row to itself: 25 rows {few}, 30 rows {many}, 30 rows without the product {exact}")
assert few == exact == 0 and many > 0.01
PY
