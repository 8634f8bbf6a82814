"""The figures of one run, drawn from its files into its folder before it is published."""

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd

from seqtwin.files import write_text
from seqtwin.reporting.figures import Curve, Histogram, curves, histograms
from seqtwin.reporting.objective_words import nouns_of

BINS = 40


def run_figures(folder: Path) -> None:
    """Add `figures/learning-curve.svg`, and for pairs `figures/scores.svg`, to the unpublished folder of a run."""
    facts = json.loads((folder / "facts.json").read_text(encoding="utf-8"))
    scores = json.loads((folder / "scores.json").read_text(encoding="utf-8"))
    curve, reachable = _curve(folder, facts)
    name = facts["representation"]
    metric = scores["primary"]
    write_text(folder / "figures" / "learning-curve.svg", curves({name: [curve]}, [curve.series], metric, reachable))
    if nouns_of(facts).paired:
        write_text(folder / "figures" / "scores.svg", histograms([_histogram(folder, facts, scores)]))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))


def _curve(folder: Path, facts: dict[str, object]) -> tuple[Curve, bool]:
    history = _read(folder / "history.csv")
    loss = facts["loss"]
    assert isinstance(loss, dict)
    plateau = loss["plateau"]
    dev = next(c for c in history.columns if c.startswith("dev_"))
    columns = {name: history[name].to_numpy(dtype=float) for name in ("epoch", "loss", dev)}
    share = columns["loss"] / (plateau or columns["loss"][0] or 1.0)
    epochs = columns["epoch"]
    return Curve(str(loss["name"]), epochs, columns[dev], epochs, share, float("nan")), plateau is not None


def _histogram(folder: Path, facts: dict[str, object], scores: dict[str, object]) -> Histogram:
    predictions = _read(folder / "predictions.csv")
    test = predictions[predictions["split"] == "test"]
    values, same = test["score"].to_numpy(), (test["target"] >= facts["cut"]).to_numpy()
    edges = np.linspace(values.min(), values.max() or 1.0, BINS + 1)
    if edges[0] == edges[-1]:
        edges = np.linspace(edges[0] - 0.5, edges[0] + 0.5, BINS + 1)
    kept, rest = (np.histogram(values[chosen], edges)[0].astype(float) for chosen in (same, ~same))
    threshold = scores["threshold"]
    cut = float("nan") if threshold is None else float(str(threshold))
    return Histogram(str(facts["representation"]), edges, kept, rest, cut)
