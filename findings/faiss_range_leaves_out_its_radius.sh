#!/usr/bin/env bash
# Library: faiss-cpu 1.15.1
# Guess: A range search gives all vectors at a distance of at most the radius, so radius 0 finds exact
#   duplicates and a cosine of 1 finds equal directions.
# Seen: The bound is strict. Radius 0 with L2 finds nothing, and radius 1 with inner products of unit vectors
#   finds nothing. The k-nearest search puts both copies first, at exactly that distance.
# Why it matters: A range search at the strictest threshold looks like the natural way to list exact
#   duplicates. It reports that there are none.
# SeqTwin: not affected: it takes the k nearest, scores them again and applies its threshold itself, with the
#   bound included.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'faiss-cpu==1.15.1' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import faiss
import numpy as np

vectors = np.array([[1, 0], [1, 0], [0, 1]], dtype=np.float32)
for name, index, radius in [("L2", faiss.IndexFlatL2(2), 0.0), ("inner product", faiss.IndexFlatIP(2), 1.0)]:
    index.add(vectors)
    _, nearest_distances, _ = index.range_search(vectors[:1], radius)
    distances, rows = index.search(vectors[:1], 2)
    print(f"{name}: range search with radius {radius:g} finds {len(nearest_distances)}; nearest {rows[0]} at {distances[0]}")
    assert len(nearest_distances) == 0
    assert sorted(rows[0]) == [0, 1] and (distances[0] == radius).all()
PY
