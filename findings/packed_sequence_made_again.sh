#!/usr/bin/env bash
# Library: torch 2.13.0
# Guess: PackedSequence(data, batch_sizes) with new data and the old batch sizes represents the same texts. It
#   is the usual way to embed packed tokens.
# Seen: The order of the texts is kept in two further fields. Without them the states come back sorted by
#   length: text 0 gets the vector of the longest text. No shape differs, and no error is raised.
#   packed._replace(data=...) keeps the order.
# Why it matters: Vectors belong to other texts. Training runs all the same, and only its scores are poor.
# SeqTwin: not affected: it builds no PackedSequence by hand, and every report prints how far a vector in a
#   batch is from that of the text alone.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

torch.manual_seed(0)
lstm = torch.nn.LSTM(3, 4, batch_first=True)
texts, lengths = torch.randn(3, 5, 3), torch.tensor([2, 5, 3])
alone = torch.cat([lstm(texts[i : i + 1, : lengths[i]])[1][0][0] for i in range(3)])
packed = pack_padded_sequence(texts, lengths, batch_first=True, enforce_sorted=False)
again = lstm(PackedSequence(packed.data, packed.batch_sizes))[1][0][0]
kept = lstm(packed._replace(data=packed.data))[1][0][0]
row = (again[0] - alone).abs().sum(1).argmin().item()
print(f"made again: row 0 is the state of text {row}; with _replace the rows fit: {torch.allclose(kept, alone, atol=1e-6)}")
assert row == 1 and torch.allclose(again, alone[[1, 2, 0]], atol=1e-6)
assert torch.allclose(kept, alone, atol=1e-6)
PY
