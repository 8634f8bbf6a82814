#!/usr/bin/env bash
# Library: torchmetrics 1.9.0, torch 2.13.0
# Guess: AUROC and accuracy do not depend on the size of the batches that update() gets.
# Seen: They do for cosines. A batch with one score below 0 is taken for logits, and all of it goes through a sigmoid; a
#   batch without one stays as it is. Both are then put in one list. Scores that separate the classes perfectly have
#   an AUROC of 1 in one batch and less in small ones. The accuracy at a threshold changes in the same way.
# Why it matters: The value changes with the batch size and the order of the rows, and no warning is printed. The
#   docs name the sigmoid, but not that it is decided batch by batch.
# SeqTwin: not affected: its metrics are computed once, from all scores, and never change them.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'torchmetrics==1.9.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import torch
from torchmetrics.classification import BinaryAccuracy, BinaryAUROC

torch.manual_seed(0)
labels = torch.randint(0, 2, (512,))
scores = torch.where(labels == 1, 0.2 + 0.8 * torch.rand(512), 0.4 * torch.rand(512) - 0.3)
found = {}
for size in (512, 32, 4):
    area, accuracy = BinaryAUROC(), BinaryAccuracy(threshold=0.15)
    for batch in range(0, 512, size):
        area.update(scores[batch : batch + size], labels[batch : batch + size])
        accuracy.update(scores[batch : batch + size], labels[batch : batch + size])
    found[size] = (round(area.compute().item(), 3), round(accuracy.compute().item(), 3))
print("AUROC, accuracy by batch size:", found, "accuracy by hand:", ((scores > 0.15) == labels).float().mean().item())
assert found[512][0] == 1 and found[4][0] < 0.95
assert found[512][1] != found[4][1] and ((scores > 0.15) == labels).all()
PY
