"""What the options of training are worth: each against the same config without it, on the same seeds.

Only train and dev are used: the best epoch is chosen on dev, and so is what is printed, for both sides of a comparison
alike. Intervals have two levels: seeds and clusters of dev pairs are resampled together. What is missing in
experiments/training_options/results.json is measured, and experiments/training_options/README.md is written from it:

    python benchmarks/training_options.py [NAME ...]
"""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import measure_missing

from seqtwin.config import RunConfig, parse_run
from seqtwin.metrics import primary_metric
from seqtwin.reporting.statistics import cluster_draws, metric_replicates, seed_means
from seqtwin.run.begin import recipe_of
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.pairs import PAIRS
from seqtwin.run.prepared_data import Prepared
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import fit

HOME = Path(__file__).parent.parent / "experiments" / "training_options"
SEEDS, REPLICATES = 3, 2000

Changes = Mapping[str, Any]
MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
IN_BATCH = {"name": "in_batch", "positive_from": 0.8}
FOR_SCORES: Mapping[str, Changes] = {
    "mse + 0.1 x in_batch": {"loss": {"sum": ["mse", IN_BATCH], "weights": [1, 0.1]}},
    "average: ema": {"fit": {"average": "ema"}},
    "average: mean": {"fit": {"average": "mean"}},
    "rates: embedding 0.3": {"fit": {"rates": {"embedding": 0.3}}},
}
BALANCED: Mapping[str, Changes] = {"balance: 0.5": {"fit": {"balance": 0.5}}}
BOTH: Mapping[str, Changes] = {
    "contrastive + 0.1 x in_batch": {"loss": {"sum": [MARGIN, "in_batch"], "weights": [1, 0.1]}}
}


def all_rows(table: pd.DataFrame) -> pd.DataFrame:
    """The whole table."""
    return table


def some_rows(table: pd.DataFrame, count: int = 2000) -> pd.DataFrame:
    """So many rows, always the same."""
    return table.sample(count, random_state=0)


def few_same(table: pd.DataFrame) -> pd.DataFrame:
    """All different pairs, and so many same ones that they are 2 %, always the same."""
    same = table["label"] == 1
    return table[~same | table.index.isin(table[same].sample(round(int((~same).sum()) / 49), random_state=0).index)]


@dataclass(frozen=True)
class Case:
    """A data set, the rows of its train file that are used, and the options that are measured on it."""

    folder: str
    options: Mapping[str, Changes]
    target: Changes = field(default_factory=lambda: {"label": "label"})
    loss: Any = field(default_factory=lambda: MARGIN)
    rows: Callable[[pd.DataFrame], pd.DataFrame] = all_rows


CASES: Mapping[str, Case] = {
    "sick": Case("sick", FOR_SCORES, {"score": "score", "scale": [1, 5]}, "mse"),
    "stsb, 2,000 pairs": Case("stsb", FOR_SCORES, {"score": "score", "scale": [0, 5]}, "mse", rows=some_rows),
    "amazon_google, 10 % same": Case("amazon_google", BALANCED),
    "amazon_google, 2 % same": Case("amazon_google", BALANCED, rows=few_same),
    "qqp, 2,000 pairs": Case("qqp", BOTH, rows=some_rows),
    "qqp, 5,000 pairs": Case("qqp", BOTH, rows=partial(some_rows, count=5000)),
}
HEAD = """# What the options of training are worth

Written by `python benchmarks/training_options.py` from [results.json](results.json). Bidirectional LSTM on words,
embedding and hidden 64, `max_output`, cosine, 8 epochs at lr .003; mse for graded pairs, contrastive (cosine, margin
.5) for labels. Spearman for graded pairs and ROC-AUC for labels **on dev, where the best epoch was chosen, too**; test
is not used. Where the name has a number of pairs, only these are trained on. Means over three seeds. The gain compares
each option with the same config without it, seed by seed and pair by pair, with a 95 % interval over seeds and dev
pairs. No setting of an option was searched.

| data | option | without | with | gain |
| --- | --- | --- | --- | --- |
"""


def config_of(case: Case, train: Path, changes: Changes, seed: int) -> RunConfig:
    """One training on the rows of the file `train`."""
    dev = os.path.join(os.environ["SEQTWIN_DATA"], case.folder, "dev.csv")
    # a run needs a test file, which is not used here
    files = {"train": str(train), "dev": dev, "test": dev}
    fit_section = {"epochs": 8, "lr": 0.003, "patience": None, "seed": seed, "threads": 1, "device": "cpu"}
    raw = {
        "data": {**files, "left": "left", "right": "right", **case.target},
        "tokens": {"unit": "word"},
        "encoder": {"embedding": 64, "hidden": 64},
        "loss": changes.get("loss", case.loss),
        "fit": {**fit_section, **changes.get("fit", {})},
    }
    return parse_run(raw)


def scores_of(config: RunConfig, prepared: Prepared) -> np.ndarray:
    """The scores of the dev pairs after one training."""
    PAIRS.check_targets(config, prepared)
    model, loss = PAIRS.trainee(fresh_model(config, prepared), prepared, config)
    fit(model, loss, prepared.stores["train"], recipe_of(config), PAIRS.measure(prepared))
    return predict(model, prepared.stores["dev"])


def measure(case: Case) -> dict[str, Any]:
    """The mean without options, and with each option the mean and its gain with an interval."""
    with tempfile.TemporaryDirectory() as folder:
        train = Path(folder) / "train.csv"
        case.rows(pd.read_csv(Path(os.environ["SEQTWIN_DATA"]) / case.folder / "train.csv")).to_csv(train, index=False)
        prepared = PAIRS.prepare(config_of(case, train, {}, 0))
        variants: Mapping[str, Changes] = {"": {}, **case.options}
        scores = {
            name: np.stack([scores_of(config_of(case, train, changes, seed), prepared) for seed in range(SEEDS)])
            for name, changes in variants.items()
        }
    return compare(scores, prepared)


def compare(scores: Mapping[str, np.ndarray], prepared: Prepared) -> dict[str, Any]:
    """The figures of a case from the scores [seeds pairs] of each variant, of which "" is without options."""
    target, clusters = prepared.stores["dev"].target, prepared.clusters["dev"]
    metric, rng = primary_metric(target), np.random.default_rng(0)
    draws = cluster_draws(int(clusters.max()) + 1, REPLICATES, rng)
    seeds, observed = cluster_draws(SEEDS, REPLICATES, rng), np.ones((1, draws.shape[1]), dtype=draws.dtype)
    mean = {
        name: float(metric_replicates(metric, own, target, clusters, observed)[:, 0].mean())
        for name, own in scores.items()
    }
    drawn = {
        name: seed_means(metric_replicates(metric, own, target, clusters, draws), seeds) for name, own in scores.items()
    }
    gains = {}
    for name in scores:
        if name:
            low, high = np.percentile(drawn[name] - drawn[""], [2.5, 97.5])
            gain = {"gain": mean[name] - mean[""], "low": float(low), "high": float(high)}
            gains[name] = {key: round(value, 4) for key, value in {"mean": mean[name], **gain}.items()}
    return {"metric": metric, "pairs": len(target), "mean": round(mean[""], 4), "options": gains}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    rows = [
        f"| {name} ({own['pairs']:,} dev pairs) | {option} | {own['mean']:.3f} | {one['mean']:.3f} | "
        f"{one['gain']:+.3f} ({one['low']:+.3f} to {one['high']:+.3f}) |"
        for name in CASES
        if name in results
        for own in [results[name]]
        for option, one in own["options"].items()
    ]
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, CASES, lambda name: measure(CASES[name]), page)


if __name__ == "__main__":
    main()
