"""A training sent to a tracker: losses by step, measures by epoch, scores and the learning curve."""

import io
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from seqtwin.published import HISTORY, SCORES, read_scores
from seqtwin.trackers.callbacks import Callback, Cell, Epoch, Step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Params = Mapping[str, object]


class Sink(Protocol):
    """A run of a tracker. Values are by name and step; a name has letters, digits, `_` and `/` only."""

    def begin(self, name: str, params: Params) -> None:
        """Open a run of this name with these settings."""

    def log(self, values: Mapping[str, float], step: int) -> None:
        """Add values."""

    def draw(self, name: str, figure: "Figure") -> None:
        """Add a picture."""

    def end(self, status: str) -> None:
        """Close the run."""


class TrackedRun(Callback):
    """One training as one run of a tracker, from its first step on."""

    def __init__(self, sink: Sink) -> None:
        self.sink = sink

    def on_step(self, step: Step) -> None:
        self.sink.log({"train/loss": step.loss}, step.step)

    def on_epoch(self, epoch: Epoch) -> None:
        self.sink.log({f"epoch/{key}": value for key, value in plain_values(epoch.measures).items()}, epoch.step)

    def on_cell(self, cell: Cell) -> None:
        _log_results(self.sink, cell)


class TrackedCells(Callback):
    """Each study cell as a run of a tracker, when it is published. `params`: the settings of its study."""

    def __init__(self, sink: Sink, params: Params) -> None:
        self.sink, self.params = sink, params

    def on_cell(self, cell: Cell) -> None:
        self.sink.begin(cell.id, self.params)
        try:
            for row in _history(cell.path).to_dict("records"):
                values = plain_values({str(key): value for key, value in row.items()})
                self.sink.log({f"epoch/{key}": value for key, value in values.items()}, int(row["step"]))
            _log_results(self.sink, cell)
        finally:
            self.sink.end(cell.status)


def _history(folder: Path) -> pd.DataFrame:
    """The history of a published training; no rows where it has none."""
    path = folder / HISTORY
    return pd.read_csv(io.StringIO(path.read_text(encoding="utf-8"))) if path.exists() else pd.DataFrame()


def _log_results(sink: Sink, cell: Cell) -> None:
    from seqtwin.reporting.figures.training_curve import training_curve

    if not (cell.path / SCORES).exists():
        return
    scores, history = read_scores(cell.path), _history(cell.path)
    parts: dict[str, Mapping[str, float]] = {"dev": scores["dev"], "test": scores["test"]}
    parts["retrieval"] = scores.get("retrieval", {})
    last = int(history["step"].iloc[-1])
    for part, values in parts.items():
        sink.log({f"{part}/{key}": value for key, value in plain_values(values).items()}, last)
    sink.draw("learning_curve", training_curve(history, scores["primary"]))


def plain_values(values: Mapping[str, float | None]) -> dict[str, float]:
    """The values that are defined, under names that every tracker accepts: MLflow refuses `recall@10` and `f1 (test)`.

    >>> plain_values({"recall@10": 0.5, "f1 (test)": 1, "margin": None})
    {'recall_at_10': 0.5, 'f1_test': 1.0}
    """
    known = {plain_name(name): float(value) for name, value in values.items() if value is not None}
    return {name: value for name, value in known.items() if not math.isnan(value)}


def plain_name(name: str) -> str:
    """A name with letters, digits and `_` only."""
    spelled = name.replace("@", "_at_")
    return "_".join("".join(sign if sign.isascii() and sign.isalnum() else " " for sign in spelled).split())
