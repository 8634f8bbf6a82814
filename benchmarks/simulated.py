"""Simulated scores of a grid: each study cell has a known correlation r with the targets.

score of pair j = r target_j + sqrt(1 - r^2) (sqrt(shared) accident_j + sqrt(1 - shared) own_j). The targets, the
accident (the same for all study cells) and the own noise are normal. The correlation in the population is exactly r.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from seqtwin.reporting.analysis import Judged

Array = NDArray[np.float64]
TRUTH, SEED_SD, PAIRS, SHARED = 0.75, 0.01, 1379, 0.8
REPRESENTATIONS = (
    "final_hidden", "mean_output", "max_output", "final_cell", "last_output", "sqrt_mean_output", "attention_output",
)  # fmt: skip
LOSSES = ("mse", "contrastive")
PAIRINGS = [{"representation": name, "loss": loss} for name in REPRESENTATIONS for loss in LOSSES]
_STANDARD = (
    ("b", "final_hidden", "mean_output"),
    ("c", "final_hidden", "max_output"),
    ("d", "final_cell", "final_hidden"),
)


def standard_plan() -> dict[str, object]:
    """The ten planned comparisons (b) to (e) of a study with these representations and losses."""
    found = [
        {"name": f"{a} vs {b}", "letter": letter, "left": {"representation": a}, "right": {"representation": b}}
        for letter, a, b in _STANDARD
    ]
    left, right = ({"loss": loss} for loss in LOSSES)
    for name in REPRESENTATIONS:
        within = {"representation": name}
        found.append({"name": f"losses with {name}", "letter": "e", "left": left, "right": right, "within": within})
    return {"comparisons": found, "alpha": 0.05, "rope": 0.01, "permutations": 9999}


def truths(pairings: int, seeds: int, rng: np.random.Generator, seed_sd: float = SEED_SD) -> Array:
    """Correlations [pairings, seeds] around .75: SD by seed `seed_sd`, half of its variance shared by all pairings."""
    both = np.sqrt(0.5) * (rng.normal(size=seeds) + rng.normal(size=(pairings, seeds)))
    return TRUTH + seed_sd * both


def judged(
    r: Array, rng: np.random.Generator, *, metric: str = "pearson", pairs: int = PAIRS,
    pairings: Sequence[dict[str, str]] = PAIRINGS,
) -> Judged:  # fmt: skip
    """Test scores of study cells whose true correlations are `r` [pairings, seeds]; dev follows the truth."""
    targets, accident = rng.normal(size=(2, pairs))
    own = rng.normal(size=(*r.shape, pairs))
    noise = np.sqrt(SHARED) * accident + np.sqrt(1.0 - SHARED) * own
    scores = r[..., None] * targets + np.sqrt(1.0 - r[..., None] ** 2) * noise
    goal = (targets > 0).astype(float) if metric == "roc_auc" else targets
    statuses = [["finished"] * r.shape[1]] * r.shape[0]
    dev = r + 0.005 * rng.normal(size=r.shape)
    return Judged("simulated", metric, pairings, range(r.shape[1]), scores, goal, np.arange(pairs), statuses, dev)


def first_seeds(whole: Judged, seeds: int) -> Judged:
    """The same with the first seeds only."""
    return Judged(
        whole.dataset, whole.metric, whole.pairings, range(seeds), whole.scores[:, :seeds], whole.targets,
        whole.cluster_of, [row[:seeds] for row in whole.statuses], whole.dev[:, :seeds],
    )  # fmt: skip
