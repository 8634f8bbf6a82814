"""The learning rate of each data set, from its pilot: the highest mean dev score over losses and representations.

python benchmarks/answer_pilot.py    reads runs/answer/pilot, writes experiments/answer/pilot.json
"""

import json
from collections import defaultdict
from typing import Any

import numpy as np
from answer import HOME, RUNS, SETS
from answer_table import METRICS, kind_of

from seqtwin.files import dump_json, publish_text


def dev_scores(name: str) -> dict[str, dict[str, float]]:
    """Dev scores by learning rate, then by representation and loss; a training without a score counts as 0."""
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for folder in sorted((RUNS / "pilot" / name / "cells").glob("[!.]*")):
        factors = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["factors"]
        path = folder / "scores.json"
        scores = json.loads(path.read_text(encoding="utf-8"))["dev"] if path.exists() else {}
        loss = factors["loss"].partition("-")[0]
        found[factors["fit.lr"]][f"{factors['representation']} {loss}"] = scores.get(METRICS[kind_of(name)]) or 0.0
    return dict(found)


def choose(name: str) -> dict[str, Any]:
    """The chosen rate, the mean dev score of each rate, and what each loss would gain from a rate of its own."""
    found = dev_scores(name)
    means = {rate: round(float(np.mean(list(own.values()))), 4) for rate, own in found.items()}
    best = max(means, key=lambda rate: means[rate])
    gains = {}
    for loss in sorted({key.split()[1] for key in found[best]}):
        of_loss = {
            rate: np.mean([v for key, v in own.items() if key.split()[1] == loss]) for rate, own in found.items()
        }
        gains[loss] = round(float(max(of_loss.values()) - of_loss[best]), 4)
    return {"rate": float(best), "means": means, "gains": gains}


def main() -> None:
    """Write the rates of all data sets whose pilot is complete, and print them."""
    known = [name for name in SETS if len(list((RUNS / "pilot" / name / "cells").glob("[!.]*"))) == 24]
    chosen = {name: choose(name) for name in known}
    publish_text(HOME / "pilot.json", dump_json(chosen))
    for name, own in chosen.items():
        print(name, own)


if __name__ == "__main__":
    main()
