#!/usr/bin/env bash
# Library: model2vec 0.10.0
# Guess: A tokenizer with an unknown token has a row for it in the table, and unknown words get that row's
#   vector.
# Seen: Unknown tokens are removed before the mean is taken. The row is never read. Texts of unknown words
#   alone get the zero vector, even with normalize=True.
# Why it matters: All names without a known token have the same vector, and its cosine with
#   anything is 0 or NaN.
# SeqTwin: not affected: an unknown token is a step of its own with its own vector, and reports print the
#   share of unknown tokens. Initial word vectors from model2vec leave unknown pieces out, as it does.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'model2vec==0.10.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer, models, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"[PAD]": 0, "[UNK]": 1, "amber": 2}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
model = StaticModel(np.array([[0, 0], [0, 5], [1, 0]], dtype=np.float32), tokenizer, normalize=True)
found = dict(zip(["amber", "amber zzz", "zzz"], model.encode(["amber", "amber zzz", "zzz"]).tolist()))
print(tokenizer.encode("amber zzz").tokens, found)
assert found == {"amber": [1.0, 0.0], "amber zzz": [1.0, 0.0], "zzz": [0.0, 0.0]}
PY
