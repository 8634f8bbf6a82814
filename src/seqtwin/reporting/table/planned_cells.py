"""The study cells of one study in the order of its plan, with one row of results each: the source of every frame."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from seqtwin.reporting.objective_words import PAIRS, Nouns, nouns_of
from seqtwin.reporting.table.meta import Study
from seqtwin.reporting.table.read_cells import Measured, StudyCell
from seqtwin.reporting.table.results import result_rows

MAIN = ("representation", "loss")


@dataclass(frozen=True)
class Pairing:
    """All seeds of one combination of labels: their rows of the results, and the study cell of each row."""

    labels: dict[str, str]
    rows: pd.DataFrame
    cells: Sequence[StudyCell]

    @property
    def finished(self) -> list[tuple[int, Measured]]:
        """Seed and measures of the study cells that finished."""
        return [(cell.seed, cell.measured) for cell in self.cells if cell.finished and cell.measured]

    @property
    def measured(self) -> list[Measured]:
        """Measures of all study cells that have some, collapsed ones too."""
        return [cell.measured for cell in self.cells if cell.measured]


@dataclass(frozen=True)
class Gathered:
    """The planned and published study cells of a study, and the results frame, row by row."""

    study: Study
    cells: Sequence[StudyCell]
    results: pd.DataFrame
    extra: list[str]

    @property
    def keys(self) -> list[str]:
        """The columns that identify a pairing."""
        return [*self.extra, *MAIN]

    @property
    def planned(self) -> list[str]:
        """Ids of all planned study cells, published or not."""
        return list(self.study.get("planned") or [cell.id for cell in self.cells])

    @property
    def objective(self) -> dict[str, str]:
        """The objective and the noun for its judged rows; empty for pairs."""
        return next((_objective(cell.measured.facts) for cell in self.cells if cell.measured), _planned(self.study))

    @property
    def nouns(self) -> Nouns:
        """The words of the study."""
        return nouns_of(self.objective)

    def of_pairs(self) -> Iterator[Pairing]:
        """The pairings, if their judged rows are pairs; otherwise none."""
        return self.pairings() if self.nouns.paired else iter(())

    def pairings(self) -> Iterator[Pairing]:
        """The pairings in the order of the plan."""
        for key, rows in self.results.groupby(self.keys, sort=False):
            labels = {name: str(label) for name, label in zip(self.keys, key, strict=True)}
            yield Pairing(labels, rows, [self.cells[int(place)] for place in rows.index])


def gather(study: Study, published: Sequence[StudyCell]) -> Gathered:
    """The planned study cells that were published, ordered by the labels of the factors, then by seed."""
    planned = set(study.get("planned") or [cell.id for cell in published])
    chosen = sorted((cell for cell in published if cell.id in planned), key=lambda cell: _place(study, cell))
    extra = [key for key in study["factors"] if key not in (*MAIN, "seed")]
    return Gathered(study, chosen, result_rows(study, extra, chosen), extra)


def _objective(facts: Mapping[str, object]) -> dict[str, str]:
    known = {name: str(facts[name]) for name in ("objective", "judged") if facts.get(name)}
    return {} if known.get("objective", PAIRS) == PAIRS else known


def _planned(study: Study) -> dict[str, str]:
    """The objective of the config, where no study cell was measured."""
    base = study.get("config", {}).get("base")
    spec = base.get("objective") if isinstance(base, dict) else None
    return _objective({"objective": spec.get("name") if isinstance(spec, dict) else spec})


def _place(study: Study, cell: StudyCell) -> tuple[list[tuple[int, str]], int]:
    order: list[tuple[int, str]] = []
    for key, known in study["factors"].items():
        label = cell.labels.get(key, "")
        order.append((known.index(label) if label in known else len(known), label))
    return order, cell.seed
