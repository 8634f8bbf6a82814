"""The power of the interaction test: how often it finds one bad study cell in a 7 x 2 grid of 10 seeds.

The cell is lower by 1.83 residual SD of the blocked model (the SD of a study cell around its seed block), on the z
scale. 200 grids, 1,379 pairs. The residual SD is that of the model that the grids are drawn from.
"""

import numpy as np
from figures import show_plain
from simulated import LOSSES, PAIRINGS, REPRESENTATIONS, TRUTH, judged, truths
from validated import Validation

from seqtwin.reporting.analysis import replicate
from seqtwin.reporting.analysis.facets import facets_of, grid_of
from seqtwin.reporting.analysis.omnibus import omnibus

GRIDS, SEEDS, REPLICATES, DROP = 200, 10, 50, 1.83
ALPHA, PLANTED = 0.05, 3
SHAPE = (len(REPRESENTATIONS), len(LOSSES), SEEDS)


def z_table(drop: float, rng: np.random.Generator) -> tuple[dict[str, float], np.ndarray]:
    """The p-value of each term and the table of observed z, for a grid with one cell lower by `drop` on the z scale."""
    r = truths(len(PAIRINGS), SEEDS, rng)
    r[PLANTED] = np.tanh(np.arctanh(r[PLANTED]) - drop)
    whole = judged(r, rng)
    facet = facets_of(whole, replicate(whole, REPLICATES, rng))[0]
    grid = grid_of(facet)
    assert not isinstance(grid, str)
    tests, _ = omnibus(facet, grid, permutations=9999, replicates=REPLICATES, rng=rng)
    return {term["term"]: term["p"] for term in tests["terms"]}, np.arctanh(grid.take(facet.drawn.observed))


def residual_sd(rng: np.random.Generator, grids: int) -> float:
    """The SD of a study cell around its seed block on the z scale, from null grids."""
    tables = np.stack([z_table(0.0, rng)[1] for _ in range(grids)])
    seeds = tables - tables.mean(axis=(1, 2), keepdims=True)
    rest = seeds - seeds.mean(axis=-1, keepdims=True)
    cells = SHAPE[0] * SHAPE[1]
    return float(np.sqrt((rest**2).sum() / (grids * (cells - 1) * (SEEDS - 1))))


def power(drop: float, rng: np.random.Generator) -> float:
    """The share of grids with p < .05 for the interaction."""
    return float(np.mean([z_table(drop, rng)[0]["interaction"] < ALPHA for _ in range(GRIDS)]))


def main() -> None:
    """Print and write the figures."""
    rng = np.random.default_rng(20242)
    found = Validation("power")
    sd = residual_sd(rng, 40)
    show_plain("residual SD on the z scale", sd)
    show_plain("a drop of so many residual SD, in Pearson", TRUTH - np.tanh(np.arctanh(TRUTH) - DROP * sd))
    flagged = power(DROP * sd, rng)
    name = f"grids flagged by the interaction test, one cell {DROP} residual SD low"
    found.add(name, flagged, ".75 to .85", 0.75 <= flagged <= 0.85)
    show_plain(f"the same, {DROP} SD of the paired difference (sqrt 2 residual SD)", power(DROP * sd * 2**0.5, rng))
    found.close()


if __name__ == "__main__":
    main()
