#!/usr/bin/env bash
# Library: conllu 6.0.0; pyconll 3.3.1 for comparison
# Guess: parse() and then serialize() give the same file back: the format is plain text in ten columns.
# Seen: A value in MISC that contains a second = is cut there. Ref=page?id=7 becomes Ref=page?id when it is
#   read, and is written that way. pyconll keeps it.
# Why it matters: Treebanks keep references and glosses in MISC. A script that changes one tag in a treebank
#   loses them.
# SeqTwin: not affected: it has a reader of its own, and takes no value from MISC.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'conllu==6.0.0' 'pyconll==3.3.1'
"$tmp/venv/bin/python" - <<'PY'
import conllu
import pyconll

text = "# sent_id = s1\n1\tOslo\tOslo\tPROPN\t_\t_\t0\troot\t_\tRef=page?id=7\n\n"
sentence = conllu.parse(text)[0]
other = pyconll.load_from_string(text)[0]
print("conllu:", sentence[0]["misc"], "| pyconll:", dict(other[0].misc))
assert sentence[0]["misc"] == {"Ref": "page?id"}
assert "Ref=page?id\n" in sentence.serialize() and "Ref=page?id=7" in other.conll()
PY
