"""Nearest-neighbour accuracy in the learned space of series: Japanese Vowels, five seeds, compared with time warping.

The interval has two levels: seeds and test series are resampled together.
"""

import os
import sys
import tempfile
from pathlib import Path

import numpy as np
from figures import show, show_plain

from seqtwin import load, read_run, train
from seqtwin.baselines.pairs import nearest_by_dtw
from seqtwin.config import RunConfig, vary
from seqtwin.reporting.statistics import cluster_draws, metric_replicates, seed_means
from seqtwin.run.prepare import prepare_pairs

CONFIG = Path(__file__).parent.parent / "configs" / "japanese_vowels.yaml"
SEEDS, REPLICATES, REQUIRED = 5, 2000, 0.97


def nearest(config: RunConfig, seed: int, folder: Path) -> tuple[np.ndarray, np.ndarray]:
    """The class of each test series, and the class of the training series nearest to it, for one seed."""
    data = prepare_pairs(config).data
    assert data.labelled is not None
    assert data.series is not None
    encoder = load(train(vary(config, {"fit.seed": seed}), folder / str(seed)).path)
    (train_items, known), (test_items, wanted) = (data.labelled.part(split) for split in ("train", "test"))
    gallery, queries = (encoder.encode([data.series[i] for i in items]) for items in (train_items, test_items))
    return wanted, known[encoder.similarity(queries, gallery).argmax(axis=1)]


def main() -> None:
    """Print the figures."""
    if not (Path(os.environ.get("SEQTWIN_DATA", "")) / "japanese_vowels").is_dir():
        print("japanese_vowels: not measured, because $SEQTWIN_DATA/japanese_vowels does not exist", file=sys.stderr)
        return
    config, rng = read_run(CONFIG), np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        runs = [nearest(config, seed, Path(folder)) for seed in range(SEEDS)]
    target, answers = runs[0][0].astype(float), np.stack([answer for _, answer in runs]).astype(float)
    items = np.arange(len(target))
    each = metric_replicates("accuracy", answers, target, items, cluster_draws(len(items), REPLICATES, rng))
    low, high = np.percentile(seed_means(each, cluster_draws(SEEDS, REPLICATES, rng)), [2.5, 97.5])
    seeds = (answers == target).mean(axis=1)
    print(f"Japanese Vowels, {len(target)} test series, {CONFIG.name}, seeds {np.round(seeds, 3).tolist()}")
    words = f"nearest neighbour, mean of {SEEDS} seeds ({low:.3f} to {high:.3f})"
    show(words, float(seeds.mean()), f">= {REQUIRED}", bool(seeds.mean() >= REQUIRED))
    for name, value in nearest_by_dtw(prepare_pairs(config).data).items():
        show_plain(f"time warping, {name}", value)


if __name__ == "__main__":
    main()
