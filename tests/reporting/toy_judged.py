"""A small Judged with a known order of its pairings, for the tests of the analysis."""

import numpy as np

from seqtwin.reporting.analysis import Judged, analyse

REPRESENTATIONS, LOSSES = ("final_hidden", "mean_output", "max_output"), ("mse", "contrastive")
GRID = [{"representation": r, "loss": name} for r in REPRESENTATIONS for name in LOSSES]
BY_LOSS = {"name": "losses", "letter": "e", "left": {"loss": "mse"}, "right": {"loss": "contrastive"}}
B_LETTER = {
    "name": "b", "letter": "b", "left": {"representation": "final_hidden"}, "right": {"representation": "mean_output"}
}  # fmt: skip


def make_judged(quality, *, seeds=6, pairs=80, pairings=GRID, dataset="toy", rng=None, **changes):
    """Scores = quality x target + noise, most of it shared; Spearman unless changed."""
    rng = rng or np.random.default_rng(0)
    quality = np.broadcast_to(np.asarray(quality, dtype=float)[:, None], (len(pairings), seeds))
    targets, shared = rng.random(pairs), rng.normal(size=pairs)
    noise = 0.8 * shared + 0.3 * rng.normal(size=(len(pairings), seeds, pairs))
    fields = {
        "dataset": dataset, "metric": "spearman", "pairings": pairings, "seeds": range(seeds),
        "scores": quality[..., None] * targets + noise, "targets": targets, "cluster_of": np.arange(pairs) // 2,
        "statuses": [["finished"] * seeds] * len(pairings), "dev": quality + 0.01 * rng.normal(size=quality.shape),
        "retrieval": {},
    }  # fmt: skip
    return Judged(**fields | changes)


def run(*judged, plan=None, trials=None, replicates=120, seed=1):
    return analyse(judged, plan or {}, trials or {}, replicates=replicates, rng=np.random.default_rng(seed))
