"""The figures of one run, drawn from its files into its folder before it is published."""

import io
from pathlib import Path

import numpy as np
import pandas as pd

from seqtwin.files import write_text
from seqtwin.published import (
    EPOCH,
    HISTORY,
    PREDICTION,
    PREDICTIONS,
    Facts,
    Scores,
    dev_column,
    read_facts,
    read_scores,
)
from seqtwin.reporting.figures import Curve, Histogram, curves, histograms
from seqtwin.reporting.objective_words import nouns_of

BINS = 40


def run_figures(folder: Path) -> None:
    """Add `figures/learning-curve.svg`, and for pairs `figures/scores.svg`, to the unpublished folder of a run."""
    facts, scores = read_facts(folder), read_scores(folder)
    name, metric = facts["representation"], scores["primary"]
    curve, reachable = _curve(folder, facts, metric)
    write_text(folder / "figures" / "learning-curve.svg", curves({name: [curve]}, [curve.series], metric, reachable))
    if nouns_of(facts).paired:
        write_text(folder / "figures" / "scores.svg", histograms([_histogram(folder, facts, scores)]))


def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(io.StringIO(path.read_text(encoding="utf-8")))


def _curve(folder: Path, facts: Facts, primary: str) -> tuple[Curve, bool]:
    history, plateau = _read(folder / HISTORY), facts["loss"]["plateau"]
    columns = (EPOCH.epoch, EPOCH.loss, dev_column(primary))
    epochs, losses, dev = (history[name].to_numpy(dtype=float) for name in columns)
    share = losses / (plateau or losses[0] or 1.0)
    return Curve(facts["loss"]["name"], epochs, dev, epochs, share, float("nan")), plateau is not None


def _histogram(folder: Path, facts: Facts, scores: Scores) -> Histogram:
    predictions = _read(folder / PREDICTIONS)
    test = predictions[predictions[PREDICTION.split] == "test"]
    values, same = test[PREDICTION.score].to_numpy(), (test[PREDICTION.target] >= facts["cut"]).to_numpy()
    edges = np.linspace(values.min(), values.max() or 1.0, BINS + 1)
    if edges[0] == edges[-1]:
        edges = np.linspace(edges[0] - 0.5, edges[0] + 0.5, BINS + 1)
    same_counts, different_counts = (np.histogram(values[chosen], edges)[0].astype(float) for chosen in (same, ~same))
    threshold = scores["threshold"]
    cut = float("nan") if threshold is None else threshold
    return Histogram(facts["representation"], edges, same_counts, different_counts, cut)
