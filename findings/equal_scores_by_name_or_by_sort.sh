#!/usr/bin/env bash
# Library: pytrec_eval-terrier 0.5.11, ranx 0.3.21
# Guess: Both rank documents with equal scores in the order of the run, and give one number for one run.
# Seen: pytrec_eval orders them by name, the last name first, whatever the order of the run. Scores that are equal in
#   float32 are equal for it. ranx keeps the order of short lists; in a list of 39 equal scores the first
#   document comes out at place 21, since its sort is not stable.
# Why it matters: One run has a reciprocal rank of .03 or of .05, by library. Names such as doc2 and doc10, which often
#   say when a document was added, decide which one is first.
# SeqTwin: not affected: its own metrics, equal scores by item number.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'pytrec_eval-terrier==0.5.11' 'ranx==0.3.21' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import pytrec_eval
from ranx import Qrels, Run, evaluate

relevant = {"query": {"d001": 1}}


def reciprocal(run):
    by_name = pytrec_eval.RelevanceEvaluator(relevant, {"recip_rank"}).evaluate({"query": run})["query"]["recip_rank"]
    by_sort = float(evaluate(Qrels(relevant), Run({"query": run}), "mrr"))
    return round(by_name, 3), round(by_sort, 3)


short, long = ({f"d{number:03}": 1.0 for number in range(1, count + 1)} for count in (3, 39))
close = {"d001": 0.9 + 1e-10, "d002": 0.9}
found = {"3 equal": reciprocal(short), "39 equal": reciprocal(long), "1e-10 apart": reciprocal(close)}
print("pytrec_eval, ranx:", found)
assert found["3 equal"] == (0.333, 1) and found["1e-10 apart"] == (0.5, 1)
assert found["39 equal"][0] == round(1 / 39, 3) and found["39 equal"][1] < 0.1
PY
