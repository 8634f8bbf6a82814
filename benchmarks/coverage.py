"""The coverage of 95 % intervals: how often two-level intervals (seeds and pairs) and seed-only ones contain the truth.

Truth .75 (Pearson), SD between seeds .01, 1,379 pairs, four fifths of the residual shared by all seeds; 1,000
repetitions, 1,000 replicates each. The Monte-Carlo error of a coverage of 95 % is .7 percentage points.

Two more figures have no requirement, with 300 repetitions each. Seeds that vary five times as much: five of them are
then too few. Skewed replicates (ROC-AUC .98 of 200 pairs, skewness about -.6): the percentile interval misses on one
side, which is why BCa is used for them.
"""

import numpy as np
from figures import show_plain
from scipy.stats import norm
from scipy.stats import t as student
from simulated import SEED_SD, TRUTH, first_seeds, judged, truths
from validated import Validation

from seqtwin.reporting.analysis import Judged, replicate
from seqtwin.reporting.statistics import bca_interval, percentile_interval

REPETITIONS, REPLICATES, FEWER = 1000, 1000, 300
SEEDS = (5, 10, 20)
ONE = [{"representation": "mean_output", "loss": "mse"}]


def seed_only(values: np.ndarray) -> tuple[float, float]:
    """The t interval of the mean over seeds, for fixed pairs."""
    reach = student.isf(0.025, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return values.mean() - reach, values.mean() + reach


def one_repetition(rng: np.random.Generator, seed_sd: float = SEED_SD) -> list[bool]:
    """Whether each interval contains the truth: two-level, then seed-only, for 5, 10 and 20 seeds."""
    whole = judged(truths(1, max(SEEDS), rng, seed_sd), rng, pairings=ONE)
    held = []
    for seeds in SEEDS:
        drawn = replicate(first_seeds(whole, seeds), REPLICATES, rng)
        found = drawn.contrast({0: 1.0}).interval
        low, high = seed_only(drawn.observed[0])
        held += [found.low <= TRUTH <= found.high, low <= TRUTH <= high]
    return held


def skewed_repetition(rng: np.random.Generator, *, area: float = 0.98, pairs: int = 200, seeds: int = 5) -> list[bool]:
    """Whether the truth is below or above the percentile interval, then the BCa interval, of a ROC-AUC near 1."""
    same = np.arange(pairs) % 2.0
    noise = np.sqrt(0.8) * rng.normal(size=pairs) + np.sqrt(0.2) * rng.normal(size=(1, seeds, pairs))
    scores, statuses = same * norm.ppf(area) * np.sqrt(2) + noise, [["finished"] * seeds]
    whole = Judged(
        "simulated", "roc_auc", ONE, range(seeds), scores, same, np.arange(pairs), statuses, np.ones((1, seeds))
    )
    mean = replicate(whole, REPLICATES, rng).contrast({0: 1.0})
    plain = percentile_interval(mean.replicates)
    moved = bca_interval(mean.replicates, mean.observed, (mean.left_pairs, mean.left_seeds))
    return [area < plain.low, area > plain.high, area < moved.low, area > moved.high]


def show_the_rest(rng: np.random.Generator) -> None:
    """The figures without a requirement."""
    wild = np.mean([one_repetition(rng, 5 * SEED_SD) for _ in range(FEWER)], axis=0)
    for seeds, both in zip(SEEDS, wild[::2], strict=True):
        show_plain(f"two-level, SD between seeds {5 * SEED_SD:.2f}, {seeds} seeds", both)
    missed = np.mean([skewed_repetition(rng) for _ in range(FEWER)], axis=0)
    sides = [
        f"skewed: truth {side} the {kind} interval" for kind in ("percentile", "BCa") for side in ("below", "above")
    ]
    for name, share in zip(sides, missed, strict=True):
        show_plain(name, share)


def main() -> None:
    """Print and write the figures."""
    rng = np.random.default_rng(20240)
    found = Validation("coverage")
    shares = np.mean([one_repetition(rng) for _ in range(REPETITIONS)], axis=0)
    for seeds, (both, only) in zip(SEEDS, shares.reshape(-1, 2), strict=True):
        found.add(f"two-level interval holds the truth, {seeds} seeds", both, ".93 to .97", 0.93 <= both <= 0.97)
        found.add(f"seed-only t interval holds the truth, {seeds} seeds", only, "< .93: fails", only < 0.93)
    show_the_rest(rng)
    found.close()


if __name__ == "__main__":
    main()
