#!/usr/bin/env bash
# Library: optuna 5.0.0
# Guess: enqueue_trial with a value outside the range, or with a name that is never suggested, raises an error.
# Seen: A float outside its range is used, with a warning, and can be the best trial. A name that is never suggested (a
#   typo) is dropped without one, and a random value runs in its place.
# Why it matters: The first trial is often the config known to be good. With a typo a random one runs instead, and the
#   tuned value is compared with a baseline that never ran.
# SeqTwin: not affected: it enqueues nothing. Its trial 0, the config as written, is run by itself and added.
set -euo pipefail
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/venv"
"$tmp/venv/bin/pip" install -q 'optuna==5.0.0' 'numpy==2.4.6'
"$tmp/venv/bin/python" -W ignore - <<'PY'
import optuna

optuna.logging.set_verbosity(optuna.logging.ERROR)


def run(enqueued):
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(enqueued)
    study.optimize(lambda trial: -trial.suggest_float("rate", 0, 1), n_trials=3)
    return study.trials[0].params, study.best_params


outside, misspelt = run({"rate": 5.0}), run({"ratte": 0.25})
print("5.0:", outside, "ratte:", misspelt)
assert outside == ({"rate": 5.0}, {"rate": 5.0})
assert list(misspelt[0]) == ["rate"] and misspelt[0]["rate"] != 0.25
PY
