"""What the lexical channel is worth: the recurrent network alone, n-grams alone, and both.

Every choice (epoch, threshold) is made on dev; test is scored once per training. Intervals have two levels: seeds and
clusters of test pairs are resampled together. What is missing in experiments/lexical/results.json is measured, and
experiments/lexical/README.md is written from it:

    python benchmarks/lexical.py [NAME ...]
"""

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import measure_missing, short, summarize

from seqtwin.config import RunConfig, parse_run
from seqtwin.metrics import primary_metric
from seqtwin.published import PREDICTIONS
from seqtwin.reporting.statistics import cluster_draws, metric_replicates, seed_means
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.train import train

HOME = Path(__file__).parent.parent / "experiments" / "lexical"
SEEDS, REPLICATES = 3, 2000
GRADED: Mapping[str, Mapping[str, Any]] = {"sick": {"scale": [1, 5]}, "stsb": {"scale": [0, 5]}}
SETS = {"stsb": "word", "mrpc": "word", "sick": "word", "toponyms": "char", "amazon_google": "char", "qqp": "word"}
VARIANTS: Mapping[str, Mapping[str, Any]] = {
    "recurrent": {},
    "n-grams, not trained": {"lexical": {"share": 1.0, "mapped": False, "trained": False}},
    "n-grams": {"lexical": {"share": 1.0}},
    "both": {"lexical": {}},
}
MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
HEAD = """# What the lexical channel is worth

Written by `python benchmarks/lexical.py` from [results.json](results.json). Bidirectional LSTM, embedding and hidden
64, `max_output`, cosine, at most 8 epochs at lr .003; mse for graded pairs, contrastive (cosine, margin .5) for labels.
The mean over three seeds on the test split, with a 95 % interval over seeds and test pairs; Spearman for graded pairs,
ROC-AUC for labels. *n-grams* is `encoder.lexical.share: 1`. In the last column both is compared with the recurrent
network alone, seed by seed and pair by pair.

| data | recurrent | n-grams, not trained | n-grams | both | gain of both |
| --- | --- | --- | --- | --- | --- |
"""


def config_of(name: str, variant: str, seed: int) -> RunConfig:
    """One training of one variant on one data set."""
    files = {
        split: os.path.join(os.environ["SEQTWIN_DATA"], name, f"{split}.csv") for split in ("train", "dev", "test")
    }
    target = {"score": "score", **GRADED[name]} if name in GRADED else {"label": "label"}
    raw = {
        "data": {**files, "left": "left", "right": "right", **target},
        "tokens": {"unit": SETS[name]},
        "encoder": {"embedding": 64, "hidden": 64, **VARIANTS[variant]},
        "loss": "mse" if name in GRADED else MARGIN,
        "fit": {"epochs": 8, "lr": 0.003, "patience": 2, "seed": seed, "threads": 1},
    }
    return parse_run(raw)


def scores_of(config: RunConfig) -> tuple[np.ndarray, float]:
    """The scores of the test pairs after one training, and its CPU seconds."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        run = train(config, Path(folder) / "run")
        table = pd.read_csv(run.path / PREDICTIONS)
    return table[table["split"] == "test"]["score"].to_numpy(), time.process_time() - start


def measure(name: str) -> dict[str, Any]:
    """Means and intervals of every variant on one data set, and those of the gain of both."""
    prepared = prepare_pairs(config_of(name, "recurrent", 0))
    target, clusters = prepared.stores["test"].target, prepared.clusters["test"]
    metric, rng = primary_metric(target), np.random.default_rng(0)
    draws = cluster_draws(int(clusters.max()) + 1, REPLICATES, rng)
    seeds = cluster_draws(SEEDS, REPLICATES, rng)
    results: dict[str, Any] = {"metric": metric, "pairs": len(target)}
    replicates: dict[str, np.ndarray] = {}
    observed = np.ones((1, draws.shape[1]), dtype=draws.dtype)
    for variant in VARIANTS:
        runs = [scores_of(config_of(name, variant, seed)) for seed in range(SEEDS)]
        scores = np.stack([own for own, _ in runs])
        replicates[variant] = seed_means(metric_replicates(metric, scores, target, clusters, draws), seeds)
        values = metric_replicates(metric, scores, target, clusters, observed)[:, 0]
        results[variant] = summarize(float(values.mean()), replicates[variant])
        results[variant]["cpu_seconds"] = round(float(np.mean([cost for _, cost in runs])), 1)
    gain = results["both"]["mean"] - results["recurrent"]["mean"]
    results["gain"] = summarize(gain, replicates["both"] - replicates["recurrent"])
    return results


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    return HEAD + "".join(_row(name, results[name]) for name in SETS if name in results)


def _row(name: str, own: Mapping[str, Any]) -> str:
    cells = [f"{short(own[v]['mean'])} ({short(own[v]['low'])} to {short(own[v]['high'])})" for v in VARIANTS]
    gain = f"{own['gain']['mean']:+.3f} ({own['gain']['low']:+.3f} to {own['gain']['high']:+.3f})"
    return f"| {name}, {own['pairs']:,} pairs | {' | '.join(cells)} | {gain} |\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, SETS, measure, page)


if __name__ == "__main__":
    main()
