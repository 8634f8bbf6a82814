#!/usr/bin/env bash
# Library: tokenizers 0.23.3
# Guess: vocab_size is the most entries a trained vocabulary can have.
# Seen: Each letter of the texts and each special token is kept first, beyond vocab_size. 300 different
#   letters with vocab_size=100 give 301 entries. limit_alphabet limits them.
# Why it matters: An embedding table of vocab_size rows is too small for Chinese or mixed-script names: ids
#   run past its end.
# SeqTwin: not affected: it starts from bytes, refuses a smaller size than those need, and takes the table's
#   size from the tokenizer.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'tokenizers==0.23.3'
"$tmp/venv/bin/python" - <<'PY'
from tokenizers import Tokenizer, models, trainers

letters = [chr(0x4E00 + i) for i in range(300)]
sizes = {}
for name, settings in {"vocab_size": {}, "and limit_alphabet": {"limit_alphabet": 99}}.items():
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    trainer = trainers.BpeTrainer(vocab_size=100, special_tokens=["[UNK]"], show_progress=False, **settings)
    tokenizer.train_from_iterator(letters, trainer)
    sizes[name] = tokenizer.get_vocab_size()
print(sizes)
assert sizes == {"vocab_size": 301, "and limit_alphabet": 100}
PY
