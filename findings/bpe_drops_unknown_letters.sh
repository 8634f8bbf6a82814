#!/usr/bin/env bash
# Library: tokenizers 0.23.3
# Guess: A byte-pair tokenizer without an unknown token raises an error at a letter it has never seen, as
#   WordLevel does.
# Seen: The letter is left out, without a warning. Jürgen and Jrgen get the same ids.
# Why it matters: Names that differ in a rare letter become equal, with a similarity of exactly 1.
# SeqTwin: not affected: its bpe starts from all 256 bytes, so no letter is unknown.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'tokenizers==0.23.3'
"$tmp/venv/bin/python" - <<'PY'
from tokenizers import Tokenizer, models, trainers

pairs = Tokenizer(models.BPE())
pairs.train_from_iterator(["Jrgen", "Jrg"], trainers.BpeTrainer(show_progress=False))
found = [pairs.encode(name).ids for name in ("Jürgen", "Jrgen")]
print("byte pairs:", found)
assert found[0] == found[1]
words = Tokenizer(models.WordLevel({"Jrgen": 0}))
try:
    words.encode("Jürgen")
except Exception as error:
    print("words:", error)
else:
    raise SystemExit("WordLevel takes an unknown word now")
PY
