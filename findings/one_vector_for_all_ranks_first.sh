#!/usr/bin/env bash
# Library: sentence-transformers 6.2.0 (RerankingEvaluator, InformationRetrievalEvaluator)
# Guess: An encoder that gives every text the same vector scores as badly as a random order.
# Seen: RerankingEvaluator gives it an MRR of 1: candidates are listed with the positives first, and equal scores keep
#   that order. MAP over the same lists is .1. InformationRetrievalEvaluator orders equal scores by their place in the
#   corpus: its MRR is .29 with the answers first, and 0 with the answers last.
# Why it matters: An encoder whose training collapsed wins by MRR. So do int8 and binary vectors, which have many
#   equal scores.
# SeqTwin: not affected: equal scores are ordered by item number, candidates are in the order of the corpus, and
#   complete collapse is reported.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'torch==2.13.0' 'sentence-transformers==6.2.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" -W ignore - <<'PY'
import warnings

import numpy as np

warnings.simplefilter("ignore")
from sentence_transformers import SentenceTransformer
from sentence_transformers.evaluation import InformationRetrievalEvaluator, RerankingEvaluator
from sentence_transformers.models import Pooling, WordEmbeddings
from sentence_transformers.models.tokenizer import WhitespaceTokenizer

words = [f"word{number}" for number in range(60)]
table = WordEmbeddings(WhitespaceTokenizer(words), np.ones((60, 4), dtype=np.float32))
collapsed = SentenceTransformer(modules=[table, Pooling(4, "mean")], device="cpu")
queries, corpus = words[:10], words[20:]
samples = [{"query": q, "positive": [corpus[i]], "negative": corpus[10:19]} for i, q in enumerate(queries)]
reranked = RerankingEvaluator(samples)(collapsed)


def found(first):
    answers = {q: {corpus[i if first else 39 - i]} for i, q in enumerate(queries)}
    evaluator = InformationRetrievalEvaluator({q: q for q in queries}, {text: text for text in corpus}, answers)
    return evaluator(collapsed)["cosine_mrr@10"]


print("reranking:", reranked, "retrieval, MRR with the answers first, last:", found(True), found(False))
assert reranked["mrr@10"] == 1 and reranked["map"] < 0.11
assert found(True) > 0.2 and found(False) == 0
PY
