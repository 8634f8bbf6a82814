"""The planned comparisons of a data set as a forest plot."""

from collections.abc import Sequence

import numpy as np

from seqtwin.metrics import metric_name
from seqtwin.reporting import figures
from seqtwin.reporting.formatting import digits, known, signed, slug
from seqtwin.reporting.page.chosen_figures.figure import Drawn
from seqtwin.reporting.page.comparison import Verdict


def forest(dataset: str, rows: Sequence[Verdict], rope: float, metric: str) -> Drawn | None:
    """One row per comparison that was computed: name, difference, interval, verdict."""
    shown = [row for row in rows if row["difference"] is not None and np.isfinite(row["difference"])]
    if not shown:
        return None
    branches = [_branch(row) for row in shown]
    values = [f"{b.name} {signed(b.difference)} ({signed(b.low)} to {signed(b.high)}): {b.verdict}" for b in branches]
    svg = figures.forest(branches, rope, metric_name(metric))
    caption = (
        f"Mean difference with its two-level 95 % interval. Shaded: within ±{digits(rope, 2)}, too small to matter. "
        "Small dots: matched pairs of pairings. Filled: claims that passed every test."
    )
    return Drawn(slug(f"planned-{dataset}"), svg, f"Planned comparisons. {'; '.join(values)}.", caption)


def _branch(row: Verdict) -> figures.Branch:
    each = np.array([pair["difference"] for pair in row["per"] if pair["difference"] is not None], dtype=float)
    difference, low, high = (known(value) for value in (row["difference"], row["low"], row["high"]))
    return figures.Branch(row["short"], difference, low, high, each, row["verdict"], row["claimed"])
