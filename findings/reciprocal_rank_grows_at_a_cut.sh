#!/usr/bin/env bash
# Library: ir_measures 0.4.3 (with pytrec_eval-terrier 0.5.11)
# Guess: RR@10 is at most RR: the cut can only lose answers.
# Seen: For three documents with equal scores RR is .33 and RR@10 is 1. The two are computed by two programs: RR by
#   trec_eval, which orders equal scores by the name of the document, the last one first, and RR@10 by a port of the
#   MS MARCO script, which keeps the order of the run.
# Why it matters: Scores rounded for a file, int8 vectors and exact duplicates often give equal scores. Then the two
#   columns of one table are about two different rankings.
# SeqTwin: not affected: all its ranking metrics are computed from one order, equal scores by item number.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'ir_measures==0.4.3' 'pytrec_eval-terrier==0.5.11' 'numpy==2.4.6'
"$tmp/venv/bin/python" - <<'PY'
import ir_measures
from ir_measures import RR

relevant = {"query": {"doc1": 1}}
for run in ({"doc1": 1.0, "doc2": 1.0, "doc3": 1.0}, {"doc1": 3.0, "doc2": 2.0, "doc3": 1.0}):
    found = ir_measures.calc_aggregate([RR, RR @ 10], relevant, {"query": run})
    print(run, {str(measure): round(value, 3) for measure, value in found.items()})
    equal = len(set(run.values())) == 1
    assert found[RR @ 10] == 1 and round(found[RR], 3) == (0.333 if equal else 1)
PY
