"""A study on disk: its results as frames, its heat map, its report."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from seqtwin.errors import ConfigError
from seqtwin.guards import html_cards
from seqtwin.metrics import metric_name
from seqtwin.reporting.findings.refusals.supported import lettered_facets, with_supported_letters
from seqtwin.reporting.table.facet import Facet
from seqtwin.reporting.table.study_table import StudyTable, read_study
from seqtwin.study.compare import Study

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, repr=False)
class StudyResults(Study):
    """A study on disk. `understood`: how the data were interpreted, where they were given instead of a config."""

    understood: tuple[str, ...] = ()

    @classmethod
    def of(cls, study: Study, understood: tuple[str, ...] = ()) -> "StudyResults":
        """The results of a study."""
        return cls(**{field.name: getattr(study, field.name) for field in fields(study)}, understood=understood)

    @cached_property
    def table(self) -> StudyTable:
        """Everything that the report prints, read once: frames, facts and statistics. Raises: DamagedError."""
        report = self.path / "report"
        return with_supported_letters(read_study(report if (report / "results.csv").exists() else self.path))

    @property
    def results(self) -> pd.DataFrame:
        """One row per study cell, failed ones included, with all metrics; `seqtwin.reporting.table.results` lists the
        columns."""
        return self.table.results.copy()

    @property
    def pairings(self) -> pd.DataFrame:
        """One row per pairing: mean of the primary metric over seeds with its interval, and costs."""
        return self.table.pairings.copy()

    @property
    def page(self) -> Path:
        """The page of the report."""
        return self.path / "report" / "index.html"

    def heatmap(self, facet: int = 0) -> "Figure":
        """The heat map of the study as a figure of matplotlib. `facet`: which of several heat maps, counted from 0.

        Raises: ConfigError for a facet that the study does not have.
        """
        from seqtwin.reporting.page.chosen_figures.grid import heat_map_of

        facets = lettered_facets(self.table)
        if not 0 <= facet < len(facets):
            cause = f"expected a number from 0 to {len(facets) - 1}, got {facet}"
            raise ConfigError("STUDY_FACET", cause, place="heatmap")
        return heat_map_of(facets[facet])

    def __repr__(self) -> str:
        failed = f", {len(self.failed)} failed" if self.failed else ""
        return f"Study('{self.path}', {len(self.planned)} study cells{failed})"

    def _repr_html_(self) -> str:
        parts = [html_cards.paragraph(line) for line in self.understood]
        for facet in lettered_facets(self.table):
            parts += [html_cards.paragraph(_title(facet)), _means(facet)]
        steps = ["study.heatmap()", "study.results", f'open "{self.page}"']
        return html_cards.card(repr(self), parts, steps)


def _title(facet: Facet) -> str:
    named = ", ".join(part for part in (facet.dataset, facet.title) if part)
    return f"{named}: mean test {metric_name(facet.primary)} over seeds" if facet.primary else f"{named}: no result"


def _means(facet: Facet) -> str:
    """The means of the pairings as a table."""
    rows = []
    for row in facet.rows:
        found = [facet.pairing(row, column) for column in facet.columns]
        rows.append([row, *("" if one is None or pd.isna(one["mean"]) else f"{one['mean']:.3f}" for one in found)])
    return html_cards.table(["", *facet.columns], rows)
