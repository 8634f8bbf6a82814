#!/usr/bin/env bash
# Library: aeon 1.6.0
# Guess: Class labels of a .ts file are read as they are written.
# Seen: They are converted to lower case. Walk becomes walk, and the two classes aa and Aa become one.
#   There is no message.
# Why it matters: Predictions no longer match the labels of the file, and symbols such as mg and Mg become one
#   class.
# SeqTwin: not affected: its reader keeps labels as written and refuses one that @classLabel does not list.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'aeon==1.6.0'
"$tmp/venv/bin/python" - <<'PY'
import tempfile
from pathlib import Path

from aeon.datasets import load_from_ts_file

text = """@problemName elements
@timeStamps false
@missing false
@univariate true
@equalLength true
@seriesLength 3
@classLabel true Mg mg
@data
1,2,4:Mg
3,4,5:mg
"""
with tempfile.TemporaryDirectory() as folder:
    file = Path(folder) / "elements.ts"
    file.write_text(text)
    series, classes = load_from_ts_file(str(file))
print("written: Mg, mg; read:", classes.tolist())
assert classes.tolist() == ["mg", "mg"] and series.shape == (2, 1, 3)
PY
