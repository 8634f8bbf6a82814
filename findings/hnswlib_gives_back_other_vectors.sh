#!/usr/bin/env bash
# Library: hnswlib 0.8.0; faiss-cpu 1.15.1 for comparison
# Guess: get_items gives back the vectors that were added. Vector stores are read that way when a better
#   distance is computed afterwards.
# Seen: With space='cosine' the index keeps unit vectors only, so (3, 4) comes back as (.6, .8). Lengths are
#   lost. faiss gives back what was added.
# Why it matters: Scores computed again by inner product from stored vectors are wrong by the lost lengths,
#   without an error.
# SeqTwin: not affected: an index keeps the encoder's own vectors beside the graph and scores candidates with
#   those.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'hnswlib==0.8.0' 'faiss-cpu==1.15.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import faiss
import hnswlib
import numpy as np

vector = np.array([[3, 4]], dtype=np.float32)
back = {}
for space in ("cosine", "ip"):
    index = hnswlib.Index(space=space, dim=2)
    index.init_index(max_elements=2, random_seed=1)
    index.add_items(vector)
    back[space] = np.asarray(index.get_items([0]))[0]
flat = faiss.IndexFlatIP(2)
flat.add(vector)
back["faiss"] = flat.reconstruct(0)
print("added", vector[0], "came back", back)
assert np.allclose(back["cosine"], [0.6, 0.8])
assert np.array_equal(back["ip"], vector[0]) and np.array_equal(back["faiss"], vector[0])
PY
