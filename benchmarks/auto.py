"""`train --auto` and the starter config on every data set, next to the best free baseline.

    python benchmarks/auto.py [NAME ...]

Each data set gets the config that `seqtwin init` writes. It is trained with three seeds, and so is the encoder that
`--auto` chooses on dev within a few minutes. Test is scored once per training. What is missing in
experiments/auto/results.json is measured, and experiments/auto/README.md is written from it.
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from measured_page import mean_and_range, measure_missing, short

import seqtwin
from seqtwin.api import config_for_data
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.data.inspect_file import inspect_data
from seqtwin.metrics import metric_name
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import measured_baselines
from seqtwin.study.race import Race, Result, result_line, run_race

ROOT = Path(__file__).parent.parent
HOME = ROOT / "experiments" / "auto"
SEEDS, MINUTES = 3, 4
PAIRS, CLASSES, TAGS = "pairs", "classify", "label_steps"
SETS = {
    "amazon_google": ("amazon_google", PAIRS),
    "mrpc": ("mrpc", PAIRS),
    "qqp": ("qqp", PAIRS),
    "sick": ("sick", PAIRS),
    "stsb": ("stsb", PAIRS),
    "toponyms": ("toponyms", PAIRS),
    "trec, pairs": ("trec", PAIRS),
    "japanese_vowels, pairs": ("japanese_vowels", PAIRS),
    "trec, classes": ("trec", CLASSES),
    "japanese_vowels, classes": ("japanese_vowels", CLASSES),
    "ud_ewt": ("ud_ewt", TAGS),
}
NEVER_WORSE = -0.005
NEAR = 0.01


def starter(name: str, folder: Path) -> RunConfig:
    """The config that `seqtwin init` writes for a data set, on one thread."""
    data, objective = SETS[name]
    found = inspect_data(Path(os.environ["SEQTWIN_DATA"]) / data)
    config = parse_run(config_for_data(found, folder / "run.yaml", objective)[0])
    return vary(config, {"fit.threads": 1})


def measure(name: str) -> dict[str, Any]:
    """The race, the scores of its winner and of the starter config, and the best free baseline."""
    with tempfile.TemporaryDirectory() as folder:
        config, data = starter(name, Path(folder)), DataSets()
        prepared = data.prepare(config)
        best = measured_baselines(config, prepared).best
        start = time.monotonic()
        race = run_race(config, data, minutes=MINUTES, on_result=lambda result: print(result_line(result), flush=True))
        minutes = round((time.monotonic() - start) / 60, 1)
        won = race.config_of_winner(config)
        scores = {"starter": trained(config, prepared.primary, Path(folder) / "starter")}
        scores["auto"] = scores["starter"]
        if won.model_dump() != config.model_dump():
            scores["auto"] = trained(won, prepared.primary, Path(folder) / "auto")
    found = {"metric": prepared.primary, "minutes": minutes, "race": race_rows(race), "scores": scores}
    if best is not None:
        found["free"] = {"name": best.name, "title": best.title, "dev": round(best.dev, 4), "test": round(best.test, 4)}
    return found | {"winner": race.winner.entrant.name, "left": [entrant.name for entrant in race.left]}


def race_rows(race: Race) -> list[dict[str, Any]]:
    """The results of a race, best first."""
    return [race_row(result) for result in race.ranked]


def race_row(result: Result) -> dict[str, Any]:
    """One result of a race."""
    dev = None if result.dev is None else round(result.dev, 4)
    return {"entrant": result.entrant.name, "state": result.state, "dev": dev, "epochs": result.epochs}


def trained(config: RunConfig, metric: str, folder: Path) -> dict[str, list[float]]:
    """The metric on dev and on test, by seed."""
    dev, test = [], []
    for seed in range(SEEDS):
        own = vary(config, {"fit.seed": seed})
        run = seqtwin.train(own.model_dump(exclude_unset=True), folder / str(seed), baselines=False)
        dev.append(round(run.scores["dev"][metric], 4))
        test.append(round(run.scores["test"][metric], 4))
    return {"dev": dev, "test": test}


HEAD = f"""# `--auto` and the starter config

Written by `python benchmarks/auto.py` from [results.json](results.json). *starter*: the config that `seqtwin init`
writes. *auto*: the encoder that `seqtwin train --auto` chooses on dev within {MINUTES:g} minutes on one core, among
those of [docs/starter.md](../../docs/starter.md). Both are trained again with {SEEDS} seeds, and figures are of the
test split: the mean (lowest to highest). The free baseline is the best on dev of those that `train` prints.
*not trained*: encoders that the time was too short for. When *japanese_vowels, pairs* was measured, its starter config
had 7 epochs; it now has 13. The other starter configs are as they were.

| data | metric | free baseline | starter | auto | auto − baseline | chosen | minutes | not trained |
| --- | --- | --- | --- | --- | ---: | --- | ---: | ---: |
"""


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    own = [name for name in SETS if name in results]
    return HEAD + "".join(_row(name, results[name]) for name in own) + "\n" + _summary(results)


def _row(name: str, found: Mapping[str, Any]) -> str:
    free = f"{short(found['free']['test'])} ({found['free']['title']})" if "free" in found else ""
    scores = [mean_and_range(found["scores"][key]["test"]) for key in ("starter", "auto")]
    gain = f"{_gain(found):+.3f}" if "free" in found else ""
    spent = [f"{found['minutes']:.1f}", str(len(found["left"]))]
    cells = [name, metric_name(found["metric"]), free, *scores, gain, found["winner"], *spent]
    return f"| {' | '.join(cells)} |\n"


def _mean(values: list[float]) -> float:
    return float(np.mean(values))


def _gain(found: Mapping[str, Any]) -> float:
    """How far `--auto` is above the best free baseline on test."""
    return _mean(found["scores"]["auto"]["test"]) - float(found["free"]["test"])


def _behind(found: Mapping[str, Any]) -> float:
    """How far the starter config is below the encoder of `--auto` on dev."""
    return _mean(found["scores"]["auto"]["dev"]) - _mean(found["scores"]["starter"]["dev"])


def _summary(results: Mapping[str, Any]) -> str:
    """How many data sets hold what was asked."""
    pairs = [results[name] for name, (_, objective) in SETS.items() if objective == PAIRS and name in results]
    gains = [_gain(found) for found in pairs if "free" in found]
    every = [results[name] for name in SETS if name in results]
    near = [_behind(found) <= NEAR for found in every]
    return (
        f"Of {len(gains)} pair sets, `--auto` is not below the best free baseline by more than {-NEVER_WORSE:g} on "
        f"{sum(gain >= NEVER_WORSE for gain in gains)}, and above it on {sum(gain > 0 for gain in gains)}. The starter "
        f"config is within {NEAR:g} of the encoder of `--auto` on dev on {sum(near)} of {len(near)} data sets.\n"
    )


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, SETS, measure, page)


if __name__ == "__main__":
    main()
