"""Effect of the options that add to the training pairs: changed texts, hard negatives, copies, further files.

Each variant is compared with the training without it, seed by seed and pair by pair, on dev; test is not used.
Intervals have two levels: seeds and clusters of dev pairs are resampled together. Data sets that are missing in
experiments/augmentation/results.json are measured, and experiments/augmentation/README.md is written from it:

    python benchmarks/augmentation.py [NAME ...]
"""

import os
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import measure_missing, summarize

from seqtwin.config import RunConfig, parse_run
from seqtwin.files import write_text
from seqtwin.reporting.statistics import cluster_draws, metric_replicates, seed_means
from seqtwin.run.begin import recipe_of
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.pairs import PAIRS
from seqtwin.run.objectives.training_rows import training_rows
from seqtwin.run.prepare import prepare_pairs
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import fit

HOME = Path(__file__).parent.parent / "experiments" / "augmentation"
SEEDS, REPLICATES, PLAIN = 3, 2000, "plain"
PAIRS_KEPT = 1500  # training pairs, the same random ones in every training: the options are for small data
SCALES = {"sick": [1, 5], "stsb": [0, 5]}
TYPOS = {"fit": {"augment": {"typos": 0.1}}}
ALL = {"fit": {"augment": {"typos": 0.05, "abbreviations": 0.05, "initials": 0.05, "swaps": 0.05, "drops": 0.05}}}
COPIES = {"fit": {"augment": {"typos": 0.1, "drops": 0.1, "copies": 0.5, "labelled": False}}}
LONGER = {"fit": {"epochs": 15}}
HARD = {"fit": {"hard_negatives": {}}}
SETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "toponyms": {PLAIN: {}, "typos": TYPOS, "all changes": ALL, "hard negatives": HARD, "15 epochs": LONGER},
    "amazon_google": {PLAIN: {}, "hard negatives": HARD, "copies": COPIES, "15 epochs": LONGER},
    "sick": {PLAIN: {}, "half from stsb": {"mix": "stsb"}},
    "stsb": {PLAIN: {}, "half from sick": {"mix": "sick"}},
}
HEAD = """# Changed texts, hard negatives and further files

Written by `python benchmarks/augmentation.py` from [results.json](results.json). Bidirectional LSTM with n-grams beside
it (`encoder.lexical`), embedding and hidden 32, `max_output`, cosine, 1,500 random training pairs, at most ten epochs
at lr .003; mse for graded pairs, contrastive (cosine, margin .5) for labels. The mean over three seeds on the dev
split, with a 95 % interval of the gain over seeds and dev pairs; Spearman for graded pairs, ROC-AUC for labels. Test is
not used.

*typos*: .1 per word. *all changes*: each kind with .05. *copies*: one per two texts, with typos and dropped words (.1);
the labelled pairs are not changed. *hard negatives*: the defaults. *15 epochs*: no option, but at least as many steps
as with hard negatives, which lengthen an epoch. *half from*: all training pairs of the other set, with a share of .5.

| data | training | mean on dev | gain |
| --- | --- | --- | --- |
"""


def config_of(name: str, variant: str, seed: int, train: Path) -> RunConfig:
    """One training of one variant on one data set. `train`: the file of its training pairs."""
    changes, scale = SETS[name][variant], SCALES.get(name)
    data: dict[str, Any] = {"train": str(train), "dev": _file(name, "dev"), "test": _file(name, "test")}
    data |= {"label": "label"} if scale is None else {"score": "score", "scale": scale}
    if other := changes.get("mix"):
        data["mix"] = [{"train": _file(other, "train"), "score": "score", "scale": SCALES[other], "share": 0.5}]
    raw = {
        "data": {**data, "left": "left", "right": "right"},
        "tokens": {"unit": "char" if scale is None else "word"},
        "encoder": {"embedding": 32, "hidden": 32, "lexical": {}},
        "loss": {"name": "contrastive", "distance": "cosine", "margin": 0.5} if scale is None else "mse",
        "fit": {"epochs": 10, "lr": 0.003, "seed": seed, "threads": 1, "device": "cpu", **changes.get("fit", {})},
    }
    return parse_run(raw)


def _file(name: str, split: str) -> str:
    return os.path.join(os.environ["SEQTWIN_DATA"], name, f"{split}.csv")


def some_pairs(name: str, folder: Path) -> Path:
    """A file with some of the training pairs of a data set."""
    rows = pd.read_csv(_file(name, "train"), keep_default_na=False, dtype=str)
    kept = np.sort(np.random.default_rng(0).permutation(len(rows))[:PAIRS_KEPT])
    write_text(folder / "train.csv", rows.iloc[kept].to_csv(index=False))
    return folder / "train.csv"


def dev_scores(config: RunConfig) -> np.ndarray:
    """The scores of the dev pairs by the best epoch of one training."""
    prepared = prepare_pairs(config)
    model, loss = PAIRS.trainee(fresh_model(config, prepared), prepared, config)
    fit(model, loss, training_rows(config, prepared), recipe_of(config), PAIRS.measure(prepared))
    return predict(model, prepared.stores["dev"])


def measure(name: str, train: Path) -> dict[str, Any]:
    """The mean of every variant on one data set, and the gain of each with its interval."""
    prepared = prepare_pairs(config_of(name, PLAIN, 0, train))
    target, clusters = prepared.stores["dev"].target, prepared.clusters["dev"]
    rng = np.random.default_rng(0)
    draws = cluster_draws(int(clusters.max()) + 1, REPLICATES, rng)
    seeds = cluster_draws(SEEDS, REPLICATES, rng)
    once = np.ones((1, draws.shape[1]), dtype=draws.dtype)
    means, replicates = {}, {}
    for variant in SETS[name]:
        scores = np.stack([dev_scores(config_of(name, variant, seed, train)) for seed in range(SEEDS)])
        values = metric_replicates(prepared.primary, scores, target, clusters, once)[:, 0]
        means[variant] = float(values.mean())
        replicates[variant] = seed_means(metric_replicates(prepared.primary, scores, target, clusters, draws), seeds)
        print(f"{name}, {variant}: {means[variant]:.4f}", file=sys.stderr)
    gains = {
        variant: summarize(means[variant] - means[PLAIN], replicates[variant] - replicates[PLAIN])
        for variant in SETS[name]
        if variant != PLAIN
    }
    return {"metric": prepared.primary, "pairs": len(target), "means": _rounded(means), "gains": gains}


def _rounded(values: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 4) for name, value in values.items()}


def page(results: Mapping[str, Any]) -> str:
    """The page as Markdown."""
    return HEAD + "".join(_row(n, v, results[n]) for n in SETS if n in results for v in results[n]["means"])


def _row(name: str, variant: str, own: Mapping[str, Any]) -> str:
    mean, gain = f"{own['means'][variant]:.3f}".removeprefix("0"), own["gains"].get(variant)
    shown = f"{gain['mean']:+.3f} ({gain['low']:+.3f} to {gain['high']:+.3f})" if gain else ""
    data = f"{name}, {own['pairs']:,} pairs" if variant == PLAIN else ""
    return f"| {data} | {variant} | {mean} | {shown} |\n"


def measure_some(name: str) -> dict[str, Any]:
    """The figures of one data set with some of its training pairs."""
    with tempfile.TemporaryDirectory() as folder:
        return measure(name, some_pairs(name, Path(folder)))


def main() -> None:
    """Measure what is missing, and write the page."""
    measure_missing(HOME, SETS, measure_some, page)


if __name__ == "__main__":
    main()
