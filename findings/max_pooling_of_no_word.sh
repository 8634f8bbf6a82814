#!/usr/bin/env bash
# Library: sentence-transformers 6.2.0 (WordEmbeddings, LSTM, Pooling), torch 2.13.0
# Guess: A text without a known word has the zero vector, whatever the pooling.
# Seen: With mean pooling it has. With max pooling each coordinate is -inf: all steps are masked, and nothing
#   is left to take the largest of. A cosine with it is NaN.
# Why it matters: One empty or unknown name turns every mean and ranking it takes part in to NaN.
# SeqTwin: handles it: an exported folder has a module of its own. A text without a token is an error there, or has
#   the vector of one unknown token, as in SeqTwin itself.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'sentence-transformers==6.2.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import warnings

import numpy as np
from sentence_transformers import SentenceTransformer, util

warnings.simplefilter("ignore")
from sentence_transformers.models import LSTM, Pooling, WordEmbeddings
from sentence_transformers.models.tokenizer import WhitespaceTokenizer

words = WordEmbeddings(WhitespaceTokenizer(["amber", "lamp"]), np.eye(2, 4, dtype=np.float32))
lstm = LSTM(4, 3)
found = {}
for mode in ("mean", "max"):
    model = SentenceTransformer(modules=[words, lstm, Pooling(6, mode)], device="cpu")
    found[mode] = model.encode(["amber lamp", "birch"], show_progress_bar=False)
    print(mode, found[mode][1], "cosine", util.cos_sim(found[mode][0], found[mode][1]).item())
assert not found["mean"][1].any()
assert np.isneginf(found["max"][1]).all() and np.isfinite(found["max"][0]).all()
PY
