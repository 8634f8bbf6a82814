"""A finished training: its folder and scores, its history as a frame, its encoder, its learning curve."""

import io
from dataclasses import dataclass, fields
from functools import cached_property
from typing import TYPE_CHECKING

import pandas as pd

from seqtwin.guards import html_cards
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.metrics import metric_name
from seqtwin.published import HISTORY, dev_column
from seqtwin.run.train import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class RunResults(Run):
    """A published training. `understood`: how the data were interpreted, where they were given instead of a config."""

    understood: tuple[str, ...] = ()

    @classmethod
    def of(cls, run: Run, understood: tuple[str, ...] = ()) -> "RunResults":
        """The results of a run."""
        return cls(**{field.name: getattr(run, field.name) for field in fields(run)}, understood=understood)

    @cached_property
    def encoder(self) -> TrainedEncoder:
        """The trained encoder, loaded once. Raises: DamagedError."""
        return load(self.path)

    @property
    def history(self) -> pd.DataFrame:
        """One row per epoch, the untrained encoder first: loss, the primary metric on dev, learning rate and more."""
        return pd.read_csv(io.StringIO((self.path / HISTORY).read_text(encoding="utf-8")))

    def plot(self) -> "Figure":
        """The learning curve as a figure of matplotlib: the primary metric on dev, and the training loss."""
        from seqtwin.reporting.figures.training_curve import training_curve

        return training_curve(self.history, self.scores["primary"])

    def __repr__(self) -> str:
        primary = self.scores["primary"]
        value = self.scores["test"].get(primary)
        score = "undefined" if value is None else f"{value:.3f}"
        return f"Run('{self.path}', {self.status}, test {metric_name(primary)} {score})"

    def _repr_html_(self) -> str:
        primary, scores = self.scores["primary"], self.scores
        curve = html_cards.curve_svg(self.history[dev_column(primary)].tolist(), f"dev {metric_name(primary)} by epoch")
        parts = [html_cards.paragraph(line) for line in self.understood]
        parts += [html_cards.scores_table({"dev": scores["dev"], "test": scores["test"]}), curve, self._baseline()]
        steps = ["run.encoder.encode(texts)", "run.plot()", f'seqtwin.load("{self.path}")']
        return html_cards.card(f"{self.status}: {self.path}", parts, steps)

    def _baseline(self) -> str:
        best = self.baselines.best if self.baselines else None
        if best is None or self.baselines is None:
            return ""
        value = self.baselines.floors[best.name]["test"].get(self.scores["primary"])
        shown = "" if value is None else f", test {metric_name(self.scores['primary'])} {value:.3f}"
        return html_cards.paragraph(f"best free baseline: {best.name}{shown}")
