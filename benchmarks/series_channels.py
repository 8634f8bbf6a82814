"""The recurrent network, convolution kernels, and both, on few series: the classes of test, series by series.

    SEQTWIN_ARCHIVE=FOLDER python benchmarks/series_channels.py DATA ...

The config is that of small_series.py. Intervals have two levels: seeds and test series are resampled together. What is
missing in experiments/small_series/channels.json is measured. The page is written by small_series.py.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from measured_page import summarize
from series_choices import VARIANTS as CHOICES
from small_series import CHANNELS, SEEDS, starter

import seqtwin
from seqtwin.config import RunConfig, vary
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.published import PREDICTIONS
from seqtwin.reporting.statistics import cluster_draws, seed_means

REPLICATES = 2000
COMPARED = ("recurrent", "kernels and recurrent", "kernels")


def is_right(config: RunConfig, folder: Path) -> np.ndarray:
    """Whether the class of each test series is right after one training: Float[series]."""
    run = seqtwin.train(config.model_dump(exclude_unset=True), folder, baselines=False)
    table = pd.read_csv(run.path / PREDICTIONS)
    test = table[table["split"] == "test"]
    return (test["score"] == test["target"]).to_numpy(np.float64)


def measure(name: str) -> dict[str, Any]:
    """The mean accuracy of each variant, and how much each gains over the recurrent network, with intervals."""
    right, minutes = {}, {}
    with tempfile.TemporaryDirectory() as folder:
        config = starter(name, Path(folder))
        for variant in COMPARED:
            start = time.process_time()
            right[variant] = np.stack(
                [
                    is_right(vary(config, {**CHOICES[variant], "fit.seed": seed}), Path(folder) / f"{variant}-{seed}")
                    for seed in range(SEEDS)
                ]
            )
            minutes[variant] = round((time.process_time() - start) / 60 / SEEDS, 2)
            print(name, variant, right[variant].mean(1).round(3), flush=True)
    return summaries(right) | {"minutes": minutes}


def summaries(right: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """Mean and interval of each variant and of its gain, from whether each class is right: Float[seeds series]."""
    rng = np.random.default_rng(0)
    series = cluster_draws(right["recurrent"].shape[1], REPLICATES, rng)
    seeds = cluster_draws(SEEDS, REPLICATES, rng)
    drawn = {name: seed_means(own @ series.T / own.shape[1], seeds) for name, own in right.items()}
    found: dict[str, Any] = {"accuracy": {}, "gain": {}}
    for name, own in right.items():
        found["accuracy"][name] = summarize(float(own.mean()), drawn[name])
        if name != "recurrent":
            gain = float(own.mean() - right["recurrent"].mean())
            found["gain"][name] = summarize(gain, drawn[name] - drawn["recurrent"])
    return found


def main() -> None:
    """Measure what is missing."""
    if "SEQTWIN_ARCHIVE" not in os.environ or len(sys.argv) < 2:
        sys.exit(f"series_channels: set SEQTWIN_ARCHIVE to the folder of the archive, and name data sets\n{__doc__}")
    for name in sys.argv[1:]:
        known = read_json(CHANNELS) if CHANNELS.exists() else {}
        if name not in known:
            known[name] = measure(name)
            publish_text(CHANNELS, dump_json(known))


if __name__ == "__main__":
    main()
