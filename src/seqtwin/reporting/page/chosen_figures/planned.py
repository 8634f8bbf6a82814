"""The planned comparisons of a data set as a forest plot."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from seqtwin.reporting import figures
from seqtwin.reporting.formatting import digits, known, metric_name, signed, slug
from seqtwin.reporting.page.chosen_figures.figure import Drawn


def forest(dataset: str, rows: Sequence[dict[str, Any]], rope: float, metric: str) -> Drawn | None:
    """One row per comparison that was computed: name, difference, interval, what is said of it."""
    shown = [row for row in rows if row["difference"] is not None and np.isfinite(row["difference"])]
    if not shown:
        return None
    branches = [_branch(row) for row in shown]
    told = [f"{b.name} {signed(b.difference)} ({signed(b.low)} to {signed(b.high)}): {b.said}" for b in branches]
    svg = figures.forest(branches, rope, metric_name(metric))
    caption = (
        f"Mean difference with its two-level 95 % interval. Shaded: within ±{digits(rope, 2)}, too small to matter. "
        "Small dots: matched pairs of pairings. Filled: claims that passed every test."
    )
    return Drawn(slug(f"planned-{dataset}"), svg, f"Planned comparisons. {'; '.join(told)}.", caption)


def _branch(row: dict[str, Any]) -> figures.Branch:
    each = np.array([one["difference"] for one in row["per"] if one["difference"] is not None], dtype=float)
    low, high = known(row["low"]), known(row["high"])
    return figures.Branch(row["short"], float(row["difference"]), low, high, each, row["said"], row["claimed"])
