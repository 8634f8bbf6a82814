"""Known words beyond train: Spearman correlation on the dev pairs of SICK and STS-B with GloVe vectors, three seeds."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from figures import show, show_plain

from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.run.begin import recipe_of
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.prepare import prepare
from seqtwin.run.prepared_data import Ready
from seqtwin.training.fit import fit

SEEDS = 3
LARGEST_LOSS = 0.01  # what known words beyond train may cost: the spread of the seeds
SCALES = {"sick": (1, 5), "stsb": (0, 5)}
CASES: Mapping[str, Mapping[str, object]] = {
    "random vectors": {"vectors": None},
    "tuned, train words only": {"known_words": 0},
    "tuned, all words known": {},
    "frozen, train words only": {"known_words": 0, "vectors_frozen": True},
    "frozen, all words known": {"vectors_frozen": True},
}


def config_of(data: Path, name: str, case: Mapping[str, object]) -> RunConfig:
    """A small encoder for a data set. `case`: the settings of its word vectors."""
    low, high = SCALES[name]
    splits = {split: str(data / name / f"{split}.csv") for split in ("train", "dev", "test")}
    raw = {
        "data": {**splits, "left": "left", "right": "right", "score": "score", "scale": [low, high]},
        "tokens": {"unit": "word"},
        "encoder": {
            "embedding": 25,
            "hidden": 64,
            "vectors": str(data / "glove_twitter_25d" / "vectors.txt"),
            **case,
        },
        "fit": {"epochs": 6, "lr": 0.003},
    }
    return parse_run(raw)


def best_on_dev(config: RunConfig, prepared: Ready) -> float:
    """The metric on dev of the best epoch. The test pairs are not used."""
    objective, model = objective_of(config), fresh_model(config, prepared)
    learner, loss = objective.trainee(model, prepared, config)
    return fit(learner, loss, prepared.stores["train"], recipe_of(config), objective.measure(prepared)).best


def measure(data: Path, name: str, case: Mapping[str, object]) -> np.ndarray:
    """The metric on dev of each seed."""
    config = config_of(data, name, case)
    prepared = prepare(config)
    return np.array([best_on_dev(vary(config, {"fit.seed": seed}), prepared) for seed in range(SEEDS)])


def main() -> None:
    """Print the figures."""
    data = Path(os.environ.get("SEQTWIN_DATA", ""))
    if not (data / "stsb").is_dir():
        print("known words: not measured, because $SEQTWIN_DATA/stsb does not exist")
        return
    print(f"LSTM 64, max_output with mse, word vectors of width 25, Spearman on dev, mean of {SEEDS} seeds")
    for name in SCALES:
        found: dict[str, np.ndarray] = {}
        for label, case in CASES.items():
            found[label] = scores = measure(data, name, case)
            show_plain(f"{name}: {label} (seeds {scores.min():.3f} to {scores.max():.3f})", float(scores.mean()))
        gain = float((found["tuned, all words known"] - found["tuned, train words only"]).mean())
        show(f"{name}: gain of known words, tuned", gain, f">= -{LARGEST_LOSS}", gain >= -LARGEST_LOSS)


if __name__ == "__main__":
    main()
