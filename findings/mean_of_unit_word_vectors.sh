#!/usr/bin/env bash
# Library: gensim 4.4.0
# Guess: get_mean_vector and n_similarity use one mean of the word vectors, the plain one.
# Seen: get_mean_vector scales each word vector to length 1 first (pre_normalize is True). n_similarity, in the same
#   class, takes the plain mean. For vectors of length 3 and 1 the cosine of the first word and the mean of both is
#   .71 by one method and .95 by the other.
# Why it matters: Word vectors differ in length by how often the word was seen. The plain mean weighs by it, the other
#   one does not, and code that uses both mixes two rankings.
# SeqTwin: not affected: it takes single word vectors from such files, and learns how to pool them.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'gensim==4.4.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import numpy as np
from gensim.models import KeyedVectors

words = KeyedVectors(2)
words.add_vectors(["amber", "lamp"], [[3, 0], [0, 1]])
mean = words.get_mean_vector(["amber", "lamp"])
plain = words.get_mean_vector(["amber", "lamp"], pre_normalize=False)
by_mean = float(words["amber"] @ mean / np.linalg.norm(words["amber"]) / np.linalg.norm(mean))
by_method = float(words.n_similarity(["amber"], ["amber", "lamp"]))
print("mean", mean, "plain", plain, "cosine", round(by_mean, 3), "n_similarity", round(by_method, 3))
assert np.allclose(mean, [0.5, 0.5]) and np.allclose(plain, [1.5, 0.5])
assert round(by_mean, 2) == 0.71 and round(by_method, 2) == 0.95
PY
