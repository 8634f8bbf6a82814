"""Learning curves: the lines of a facet and the values of each."""

import numpy as np
import pandas as pd

from seqtwin.metrics import metric_name
from seqtwin.reporting import figures
from seqtwin.reporting.formatting import digits
from seqtwin.reporting.page.chosen_figures.figure import Drawn, belonging, file_name
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable


def learning(table: StudyTable, facet: Facet) -> Drawn | None:
    """Dev metric and training loss over epochs, one thin line per seed, or their mean and range."""
    panels = _panels(table, facet)
    if not panels:
        return None
    metric = metric_name(facet.primary)
    series = [name for name in facet.columns if any(line.series == name for lines in panels.values() for line in lines)]
    known = bool(table.results["plateau"].notna().any())
    ends = [f"{name} ends at {digits(float(np.mean([line.dev[-1] for line in lines])))}{_leaving(lines)}"
            for name, lines in panels.items()]  # fmt: skip
    nouns = table.nouns
    caption = (
        f"One line per seed, or the mean and range over seeds; one colour and dash pattern per {nouns.column}. Top: "
        f"{nouns.says.dev}. Bottom: training loss divided by its no-information plateau (1: what "
        f"{nouns.says.constant} would cost), or by its first value if the plateau is unknown. A triangle marks the "
        "median epoch at which the loss left its plateau for good."
    )
    label = f"Learning curves. Mean dev {metric}: {'; '.join(ends)}."
    return Drawn(file_name("learning", facet), figures.curves(panels, series, metric, known), label, caption)


def _leaving(lines: list[figures.Curve]) -> str:
    known = [line.left for line in lines if np.isfinite(line.left)]
    return f" and leaves its plateau at epoch {float(np.median(known)):.1f}" if known else ""


def _panels(table: StudyTable, facet: Facet) -> dict[str, list[figures.Curve]]:
    rows = belonging(table.results[table.results["primary"] != ""], facet)
    curves = dict(list(table.curves.groupby("id", sort=False)))
    traces = dict(list(table.traces.groupby("id", sort=False)))
    panels: dict[str, list[figures.Curve]] = {name: [] for name in facet.rows}
    for _, row in rows.iterrows():
        if row["id"] in curves:
            panels[row["representation"]].append(_curve(row, curves[row["id"]], traces.get(row["id"])))
    return {name: lines for name, lines in panels.items() if lines}


def _curve(row: "pd.Series[float]", epochs: pd.DataFrame, trace: pd.DataFrame | None) -> figures.Curve:
    at, loss = epochs["epoch"].to_numpy(dtype=float), epochs["training_loss"].to_numpy(dtype=float)
    dev, last, steps = epochs["dev"].to_numpy(dtype=float), float(at[-1]), row.get("diag_steps", float("nan"))
    unit = row["plateau"] if row["plateau"] > 0 else abs(loss[0]) or 1.0
    left = row.get("diag_left_plateau_step", float("nan")) * last / steps if steps else float("nan")
    if trace is None or not len(trace) or not last:
        return figures.Curve(str(row["loss"]), at, dev, at, loss / unit, left)
    step, fine = (trace[name].to_numpy(dtype=float) for name in ("step", "loss"))
    return figures.Curve(str(row["loss"]), at, dev, step * last / step[-1], fine / unit, left)
