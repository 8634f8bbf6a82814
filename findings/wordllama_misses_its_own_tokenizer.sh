#!/usr/bin/env bash
# Library: wordllama 0.4.0.post1
# Guess: The package contains its table and its tokenizer, so load() works offline.
# Seen: It finds the table but not the tokenizer. It looks in the folder `tokenizer` of the package; the file
#   is in `tokenizers`. With downloads disabled it raises FileNotFoundError, otherwise it asks a hub.
# Why it matters: The same file is downloaded again, and an offline installation does not work.
# SeqTwin: handles it: encoder.vectors reads both files from the folder of the package, or from its wheel.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'wordllama==0.4.0.post1'
HOME="$tmp" "$tmp/venv/bin/python" - <<'PY'
from pathlib import Path

import wordllama
from wordllama import WordLlama

package = Path(wordllama.__file__).parent
shipped = [path.relative_to(package).as_posix() for path in package.rglob("*tokenizer_config.json")]
print("in the package:", shipped)
assert shipped == ["tokenizers/l2_supercat_tokenizer_config.json"]
try:
    WordLlama.load(disable_download=True)
except FileNotFoundError as error:
    print("load:", error)
else:
    raise SystemExit("load finds its tokenizer now")
PY
