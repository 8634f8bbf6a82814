#!/usr/bin/env bash
# Library: faiss-cpu 1.15.1, hnswlib 0.8.0, usearch 2.26.6
# Guess: Adding a vector under an id that exists replaces the old one, as in any key-value store.
# Seen: Three libraries, three answers. hnswlib replaces it. faiss (IndexIDMap) keeps both, and the id appears
#   twice in one result. usearch raises an error.
# Why it matters: A changed name is added again under its id. With faiss the old spelling is still found,
#   and k = 10 gives fewer than ten things.
# SeqTwin: not affected: an index is extended by new rows under new numbers, and an id that exists is refused.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'faiss-cpu==1.15.1' 'hnswlib==0.8.0' 'usearch==2.26.6' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import faiss
import hnswlib
import numpy as np
from usearch.index import Index

old, new = np.eye(2, dtype=np.float32)
ids = np.array([7])

kept = faiss.IndexIDMap(faiss.IndexFlatL2(2))
replaced = hnswlib.Index(space="l2", dim=2)
replaced.init_index(max_elements=4, random_seed=1)
refused = Index(ndim=2, metric="l2sq", dtype="f32")
for vector in (old, new):
    kept.add_with_ids(vector[None], ids)
    replaced.add_items(vector[None], ids)
print("faiss:", kept.search(old[None], 2)[1][0], "hnswlib: items", replaced.get_current_count(), "vector", replaced.get_items([7])[0])
assert kept.search(old[None], 2)[1][0].tolist() == [7, 7]
assert replaced.get_current_count() == 1 and list(replaced.get_items([7])[0]) == [0, 1]
refused.add(7, old)
try:
    refused.add(7, new)
except RuntimeError as error:
    print("usearch:", error)
else:
    raise SystemExit("usearch takes an id twice now")
PY
