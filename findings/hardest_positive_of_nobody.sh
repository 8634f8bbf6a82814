#!/usr/bin/env bash
# Library: sentence-transformers 6.2.0, torch 2.13.0
# Guess: A batch in which no label occurs twice has no triplet, so a triplet loss is 0 and trains nothing.
# Seen: BatchAllTripletLoss and BatchSemiHardTripletLoss do that. BatchHardTripletLoss takes 0 for the distance to a
#   positive that is not there: its loss is 3.3 with a gradient that pushes all rows apart. With a single label in
#   the batch it is the other way round: BatchSemiHardTripletLoss has a loss of 7.1 and a gradient, the others none.
# Why it matters: With many classes and random batches most rows have no partner. The loss falls, as in a real
#   training, while nothing is learned about which texts belong together.
# SeqTwin: not affected: a row without a positive or a negative adds nothing, and such batches are counted.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'sentence-transformers==6.2.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" -W ignore - <<'PY'
import warnings

import torch

warnings.simplefilter("ignore")
from sentence_transformers import losses


class Given(torch.nn.Module):
    def forward(self, features):
        return {"sentence_embedding": features["vectors"]}


def trained(name, labels):
    torch.manual_seed(0)
    vectors = torch.randn(4, 3, requires_grad=True)
    loss = getattr(losses, name)(Given())([{"vectors": vectors}], torch.tensor(labels))
    if loss.requires_grad:
        loss.backward()
    return round(loss.item(), 2), vectors.grad is not None and bool(vectors.grad.abs().sum() > 1e-4)


names = ["BatchAllTripletLoss", "BatchSemiHardTripletLoss", "BatchHardTripletLoss"]
alone, one_class = ({name: trained(name, labels) for name in names} for labels in ([0, 1, 2, 3], [0, 0, 0, 0]))
print("loss, gradient: no label twice", alone, "one label", one_class)
assert alone["BatchAllTripletLoss"] == alone["BatchSemiHardTripletLoss"] == (0, False)
assert alone["BatchHardTripletLoss"][0] > 1 and alone["BatchHardTripletLoss"][1]
assert [one_class[name][1] for name in names] == [False, True, False] and one_class[names[1]][0] > 1
PY
