#!/usr/bin/env bash
# Library: sentence-transformers 6.2.0 (mine_hard_negatives)
# Guess: A text is never its own hard negative: it is nearer to itself than any other text.
# Seen: Only the positives of a row are left out. If a text is an anchor in one row and a positive in another
#   (pairs in both directions, or chains a-b, b-c), it is in the corpus, and its hardest negative is itself.
# Why it matters: Matched names and paraphrases are symmetric, so both orders are often in the data. Such a triplet
#   asks for a distance between a text and itself: the loss is never below its margin.
# SeqTwin: not affected: texts joined by positive pairs, directly or through others, and equal texts are left out.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'sentence-transformers==6.2.0' 'datasets==5.2.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" -W ignore - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from datasets import Dataset
from sentence_transformers import SentenceTransformer
from sentence_transformers.models import Pooling, WordEmbeddings
from sentence_transformers.models.tokenizer import WhitespaceTokenizer
from sentence_transformers.util import mine_hard_negatives

words = ["amber", "lamp", "birch", "chair", "cedar", "table"]
vectors = np.random.default_rng(0).normal(size=(6, 8)).astype(np.float32)
table = WordEmbeddings(WhitespaceTokenizer(words), vectors)
model = SentenceTransformer(modules=[table, Pooling(8, "mean")], device="cpu")


def mined(pairs):
    left, right = zip(*pairs, strict=True)
    rows = Dataset.from_dict({"anchor": list(left), "positive": list(right)})
    found = mine_hard_negatives(rows, model, num_negatives=1, range_max=3, verbose=False)
    return [(row["anchor"], row["negative"]) for row in found]


one_way = mined([("amber", "lamp"), ("birch", "chair"), ("cedar", "table")])
both_ways = mined([("amber", "lamp"), ("lamp", "amber"), ("birch", "chair"), ("cedar", "table")])
print("one way:", one_way, "both ways:", both_ways)
assert all(anchor != negative for anchor, negative in one_way)
assert both_ways[:2] == [("amber", "amber"), ("lamp", "lamp")]
PY
