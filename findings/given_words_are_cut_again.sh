#!/usr/bin/env bash
# Library: tokenizers 0.23.3
# Guess: is_pretokenized=True means that the words are cut already, so the pre-tokenizer is skipped and each
#   word gives one token.
# Seen: It only keeps the given words separate. Each of them is still cut by the pre-tokenizer: New York
#   gives two tokens, and a list of 3 words gives 4 ids. (Lists of words also need numpy, which the package
#   does not require.)
# Why it matters: Labels no longer match their words: after New York each label belongs to the previous word.
# SeqTwin: not affected: given words are looked up one by one and are never cut.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'tokenizers==0.23.3' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
from tokenizers import Tokenizer, models, pre_tokenizers

tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0, "New York": 1, "New": 2, "York": 3, "is": 4, "big": 5}, unk_token="[UNK]"))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
words = ["New York", "is", "big"]
found = tokenizer.encode(words, is_pretokenized=True)
print(words, "->", found.tokens, "words", found.word_ids)
assert found.tokens == ["New", "York", "is", "big"] and found.word_ids == [0, 0, 1, 2]
PY
