#!/usr/bin/env bash
# Library: tokenizers 0.23.3
# Guess: StripAccents removes accents: é becomes e. Scripts without accents stay as they are.
# Seen: It removes every combining mark, and in Hindi, Tamil and Thai those are vowels. Hindi ki, ka and ku
#   all become k. A composed é, on the other hand, stays unless NFD or NFKD comes first.
# Why it matters: Different names become one. Folding helps for European names and harms others.
# SeqTwin: handles it: tokens.normalize: fold removes a fixed list of accents and keeps the marks of
#   other scripts. The default, nfc, keeps every mark.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'tokenizers==0.23.3'
"$tmp/venv/bin/python" - <<'PY'
from tokenizers import normalizers

alone = normalizers.StripAccents()
folded = normalizers.Sequence([normalizers.NFKD(), normalizers.StripAccents()])
syllables = ["\u0915\u093f", "\u0915\u093e", "\u0915\u0941"]  # ki, ka, ku
left = {folded.normalize_str(one) for one in syllables}
print("é alone:", alone.normalize_str("\u00e9"), " after NFKD:", folded.normalize_str("\u00e9"))
print(syllables, "->", left)
assert alone.normalize_str("\u00e9") == "\u00e9" and folded.normalize_str("\u00e9") == "e"
assert left == {"\u0915"}
PY
