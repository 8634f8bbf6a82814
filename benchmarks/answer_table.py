"""What the trainings of experiments/answer scored, with the planned differences and their standard errors.

python benchmarks/answer_table.py    reads runs/answer, writes experiments/answer/results.json
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import yaml
from answer import DIRECTIONS, HOME, RUNS, SETS, SYNTHETIC

from seqtwin.files import dump_json, publish_text
from seqtwin.reporting.analysis import Judged, Replicates, replicate

REPLICATES = 1000
LOSSES = ("mse", "contrastive", "cosent", "in_batch")
REPRESENTATIONS = (
    "final_hidden", "all_hidden", "final_cell", "last_output", "mean_output", "max_output", "attention_output",
    "mean + max",
)  # fmt: skip
METRICS = {"graded": "spearman", "pairs": "roc_auc", "classes": "roc_auc"}
Cell = tuple[str, str, str, int]  # direction, representation, loss, seed


@dataclass(frozen=True)
class Scored:
    """One finished training: its dev metric, and its test rows with score, target and cluster."""

    dev: float
    test: pd.DataFrame


def kind_of(name: str) -> str:
    """What the labels of a data set are: graded scores, labelled pairs, or classes that pairs are made of."""
    if name == "bag" or "score:" in (HOME / "sets" / f"{name}.yaml").read_text(encoding="utf-8"):
        return "graded"
    return "classes" if name in ("trec", "digits", "japanese_vowels") else "pairs"


def unit_of(name: str) -> str:
    """What a step of a sequence is: a word, a character or part of a word, or numbers."""
    tokens = yaml.safe_load((HOME / "sets" / f"{name}.yaml").read_text(encoding="utf-8")).get("tokens")
    return "series" if tokens is None else "words" if tokens["unit"] == "word" else "characters"


def read_cells(name: str) -> dict[Cell, Scored]:
    """Every finished training of a data set."""
    found = {}
    for direction in DIRECTIONS:
        for folder in sorted((RUNS / direction / name / "cells").glob("[!.]*")):
            manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
            if manifest["status"] != "finished":
                continue
            factors = manifest["factors"]
            scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
            rows = pd.read_csv(folder / "predictions.csv")
            key = (direction, view(factors["representation"]), factors["loss"].partition("-")[0], factors["seed"])
            found[key] = Scored(scores["dev"][METRICS[kind_of(name)]], rows[rows["split"] == "test"])
    return found


def view(label: str) -> str:
    """The label of a representation as the page has it."""
    return "mean + max" if "," in label or "+" in label or label.startswith("join") else label


def complete_seeds(found: Iterable[Cell], direction: str) -> list[int]:
    """The seeds with as many finished trainings of a direction as the seed that has most.

    Pairings that fail for every seed do not count.
    """
    seeds = [cell[3] for cell in found if cell[0] == direction]
    counts = {seed: seeds.count(seed) for seed in dict.fromkeys(seeds)}
    return sorted(seed for seed, count in counts.items() if count == max(counts.values()))


def judge(name: str, found: Mapping[Cell, Scored], seeds: Mapping[str, list[int]]) -> tuple[Judged, Replicates]:
    """The pairings of these seeds on the same test rows, under the same draws; those of a direction without seeds are
    left out."""
    kept = {cell: own for cell, own in found.items() if cell[3] in seeds[cell[0]]}
    pairings = list(dict.fromkeys(cell[:3] for cell in kept))
    numbers = sorted({cell[3] for cell in kept})
    test = next(iter(kept.values())).test
    scores = np.full((len(pairings), len(numbers), len(test)), np.nan)
    dev = np.full(scores.shape[:2], np.nan)
    for cell, own in kept.items():
        if not np.array_equal(own.test["row"], test["row"]):
            raise SystemExit(f"{name}: {cell} was judged on other test rows")
        place = pairings.index(cell[:3]), numbers.index(cell[3])
        scores[place], dev[place] = own.test["score"], own.dev
    cut = yaml.safe_load((HOME / "sets" / f"{name}.yaml").read_text(encoding="utf-8"))["data"].get("cut", 0.5)
    labels = [dict(zip(("direction", "representation", "loss"), pairing, strict=True)) for pairing in pairings]
    judged = Judged(
        dataset=name, metric=METRICS[kind_of(name)], pairings=labels, seeds=numbers, scores=scores, dev=dev, cut=cut,
        targets=test["target"].to_numpy(float), statuses=[],
        cluster_of=np.unique(test["cluster"].to_numpy(), return_inverse=True)[1],
    )  # fmt: skip
    return judged, replicate(judged, REPLICATES, np.random.default_rng(0))


def differences(judged: Judged) -> dict[str, dict[int, float]]:
    """The weights of the pairings in each planned difference."""
    where = {tuple(own.values()): place for place, own in enumerate(judged.pairings)}

    def mean_of(direction: str, representation: str | None = None, loss: str | None = None) -> dict[int, float]:
        own = [
            place
            for (d, r, t), place in where.items()
            if d == direction and r == (representation or r) and t == (loss or t)
        ]
        return dict.fromkeys(own, 1 / len(own)) if own else {}

    found = {}
    for direction in DIRECTIONS:
        for representation in REPRESENTATIONS[1:]:
            name = f"{direction}: {representation} - final_hidden"
            found[name] = minus(mean_of(direction, representation), mean_of(direction, "final_hidden"))
        for loss in LOSSES[1:]:
            found[f"{direction}: {loss} - mse"] = minus(mean_of(direction, loss=loss), mean_of(direction, loss="mse"))
    for representation in REPRESENTATIONS:
        name = f"two - one: {representation}"
        found[name] = minus(mean_of("two", representation), mean_of("one", representation))
    return {name: weights for name, weights in found.items() if weights}


def minus(first: Mapping[int, float], second: Mapping[int, float]) -> dict[int, float]:
    """The weights of a difference; empty if a side has no pairing."""
    return {**first, **{place: -weight for place, weight in second.items()}} if first and second else {}


def measure(name: str) -> dict[str, Any]:
    """The figures of one data set."""
    found = read_cells(name)
    seeds = {direction: complete_seeds(found, direction) for direction in DIRECTIONS}
    judged, drawn = judge(name, found, seeds)
    shared = [seed for seed in seeds["two"] if seed in seeds["one"]]
    statistics = {}
    # differences are paired by seed: those of one direction, and between directions, have the seeds of both
    for own in ({"two": seeds["two"], "one": []}, dict.fromkeys(DIRECTIONS, shared)):
        pairings, replicates = judge(name, found, own)
        new = {key: weights for key, weights in differences(pairings).items() if key not in statistics}
        statistics |= {key: replicates.contrast(weights) for key, weights in new.items()}
    return {
        "kind": kind_of(name),
        "unit": unit_of(name),
        "synthetic": name in SYNTHETIC,
        "metric": judged.metric,
        "seeds": seeds,
        "numbers": list(judged.seeds),
        "failed": failed(name),
        "pairings": [list(own.values()) for own in judged.pairings],
        "dev": rounded(judged.dev),
        "test": rounded(drawn.observed),
        "differences": {
            key: [round(own.observed, 5), round(float(np.nanstd(own.replicates)), 5)] for key, own in statistics.items()
        },
        "cpu_seconds": cpu_seconds(name),
    }


def rounded(scores: np.ndarray) -> list[list[float | None]]:
    """The scores [pairings seeds]; None for a seed without one."""
    return [[None if np.isnan(score) else round(float(score), 5) for score in row] for row in scores]


def failed(name: str) -> list[str]:
    """The trainings without a result, with their status."""
    manifests = RUNS.glob(f"*/{name}/cells/[!.]*/manifest.json")
    found = [json.loads(path.read_text(encoding="utf-8")) for path in manifests if "pilot" not in path.parts]
    return sorted(f"{own['id']}: {own['status']}" for own in found if own["status"] != "finished")


def cpu_seconds(name: str) -> int:
    """CPU seconds of training, all trainings of a data set together."""
    paths = [path for path in RUNS.glob(f"*/{name}/cells/[!.]*/manifest.json") if "pilot" not in path.parts]
    return round(sum(json.loads(path.read_text(encoding="utf-8"))["cpu_seconds"]["train"] for path in paths))


def main() -> None:
    """Write the figures of all data sets that have any."""
    known = [name for name in SETS if (RUNS / "two" / name / "cells").exists()]
    publish_text(HOME / "results.json", dump_json({name: measure(name) for name in known}))


if __name__ == "__main__":
    main()
