#!/usr/bin/env bash
# Library: faiss-cpu 1.15.1; hnswlib 0.8.0 for comparison
# Guess: A graph search for k neighbours considers k candidates or more, whatever efSearch is. An
#   index of 500 vectors can then always return 50.
# Seen: With efSearch = 1 faiss returns about 35 and puts -1 in the other places. hnswlib with ef = 1 gives all
#   50.
# Why it matters: Row -1 is a valid index in Python: names[-1] is the last name. Recall falls without an
#   error.
# SeqTwin: handles it: a search is never narrower than the number of candidates wanted, and a query for which
#   the graph still returns fewer is searched exactly.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'faiss-cpu==1.15.1' 'hnswlib==0.8.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import faiss
import hnswlib
import numpy as np

vectors = np.random.default_rng(0).normal(size=(500, 16)).astype(np.float32)
faiss.omp_set_num_threads(1)
graph = faiss.IndexHNSWFlat(16, 16)
graph.add(vectors)
other = hnswlib.Index(space="l2", dim=16)
other.init_index(max_elements=500, M=16, random_seed=1)
other.add_items(vectors, num_threads=1)
found = {}
for breadth in (1, 50):
    graph.hnsw.efSearch = breadth
    other.set_ef(breadth)
    found[breadth] = (graph.search(vectors[:20], 50)[1] >= 0).sum(axis=1).mean()
    print(f"breadth {breadth}: faiss names {found[breadth]:.1f} of 50, hnswlib {other.knn_query(vectors[:20], k=50)[0].shape[1]}")
    assert other.knn_query(vectors[:20], k=50)[0].shape == (20, 50)
assert found[1] < 40 and found[50] == 50
PY
