#!/usr/bin/env bash
# Library: recordlinkage 0.16
# Guess: clean() tidies a name: lower case, no brackets, no punctuation. Letters stay.
# Seen: Every character outside a-z, 0-9, blank, hyphen and underscore goes, letters with accents included.
#   Müller becomes mller, and names in Greek or Cyrillic all become the empty string. strip_accents=None is
#   the default; strip_accents='unicode' fixes only the first kind.
# Why it matters: Different names become equal. Blocking on the cleaned column then puts all names of a script
#   into one block.
# SeqTwin: not affected: its default normalization (NFC) deletes nothing.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'recordlinkage==0.16' 'pandas==2.3.3'
"$tmp/venv/bin/python" - <<'PY'
import pandas as pd
from recordlinkage.preprocessing import clean

names = pd.Series(["Müller", "Αθήνα", "Москва"])
plain = clean(names).tolist()
folded = clean(names, strip_accents="unicode").tolist()
print(names.tolist(), "->", plain, "| strip_accents='unicode':", folded)
assert plain == ["mller", "", ""] and folded == ["muller", "", ""]
PY
