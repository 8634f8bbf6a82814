#!/usr/bin/env bash
# Library: gensim 4.4.0
# Guess: Vectors that KeyedVectors has written are read back by KeyedVectors, or reading fails.
# Seen: With a blank in a word (new york), the binary file is read without an error and is wrong: the word is
#   cut at the blank, the rest of it is read as numbers, and the next word begins with bytes of the vector.
#   The text file of the same vectors raises ValueError.
# Why it matters: Phrases and multi-word names are usual here. A search over such a file answers with
#   nonsense.
# SeqTwin: handles it: refuses such a binary file, because the word after a phrase begins with bytes of a
#   vector. In the text form words may contain blanks: the last fields of a line are the numbers.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'gensim==4.4.0'
"$tmp/venv/bin/python" - <<'PY'
import tempfile

import numpy as np
from gensim.models import KeyedVectors

words = KeyedVectors(2)
words.add_vectors(["new york", "oslo"], np.array([[1, 0], [0.5, 0.25]], dtype=np.float32))
with tempfile.TemporaryDirectory() as folder:
    words.save_word2vec_format(f"{folder}/v.bin", binary=True)
    words.save_word2vec_format(f"{folder}/v.txt")
    back = KeyedVectors.load_word2vec_format(f"{folder}/v.bin", binary=True, unicode_errors="replace")
    print("written:", words.index_to_key, "read:", back.index_to_key, back.vectors.tolist())
    assert back.index_to_key[0] == "new" and "oslo" not in back.index_to_key
    assert not np.allclose(back["new"], [1, 0])
    try:
        KeyedVectors.load_word2vec_format(f"{folder}/v.txt")
    except ValueError as error:
        print("text form:", error)
    else:
        raise SystemExit("the text form is read now")
PY
