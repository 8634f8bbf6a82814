#!/usr/bin/env bash
# Library: tokenizers 0.23.3
# Guess: Training a tokenizer twice on the same texts gives the same vocabulary: nothing in it is random.
# Seen: Byte pairs do. WordPiece does not: twenty trainings in one process give many vocabularies, other entries and
#   not only other ids, and "walnut" is cut at different places. There is no seed, and one thread
#   (TOKENIZERS_PARALLELISM=false) does not help.
# Why it matters: Seeds are set, the data is the same, and the scores still differ. Weights that were trained with
#   one vocabulary do not fit the next one.
# SeqTwin: not affected: it trains words, characters and byte pairs, and keeps the tokenizer with the weights.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'tokenizers==0.23.3'
"$tmp/venv/bin/python" - <<'PY'
import os

os.environ["TOKENIZERS_PARALLELISM"] = "false"
from tokenizers import Tokenizer, models, pre_tokenizers, trainers

words = "amber lamp cedar table oak chair birch desk walnut shelf maple stool large old new red blue".split()
texts = [f"{left} {right}" for left in words for right in words if left != right]


def trained(model, trainer):
    tokenizer = Tokenizer(model(unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.train_from_iterator(texts, trainer(vocab_size=100, special_tokens=["[UNK]"], show_progress=False))
    return frozenset(tokenizer.get_vocab()), tuple(tokenizer.encode("walnut stool").tokens)


pairs = [trained(models.BPE, trainers.BpeTrainer) for _ in range(20)]
pieces = [trained(models.WordPiece, trainers.WordPieceTrainer) for _ in range(20)]
print("vocabularies of 20 trainings:", len(set(pairs)), "by byte pairs,", len(set(pieces)), "by word pieces")
print("walnut stool:", sorted({tokens for _, tokens in pieces}))
assert len(set(pairs)) == 1 and len({vocabulary for vocabulary, _ in pieces}) > 1
PY
