"""A facet: the pairings of one data set that share all further factors, as a grid of representations and losses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.reporting.analysis.judged_scores import MAIN, Judged, Replicates, on_z
from seqtwin.reporting.analysis.records import MainLabels
from seqtwin.reporting.statistics import Array

Labels = Mapping[str, str]


@dataclass(frozen=True)
class Facet:
    """One facet. `members`: positions of its pairings in `judged`; `labels`: the further factors they share."""

    judged: Judged
    drawn: Replicates
    labels: dict[str, str]
    members: list[int]

    def main(self, member: int) -> MainLabels:
        """Representation and loss of a member."""
        labels = self.judged.pairings[member]
        return {"representation": labels["representation"], "loss": labels["loss"]}

    @property
    def measured(self) -> list[int]:
        """Members with a value for at least one seed."""
        return [m for m in self.members if not np.isnan(self.drawn.observed[m]).all()]


@dataclass(frozen=True)
class Grid:
    """The complete part of a facet.

    `members`: positions of its pairings, [representations, losses]; `seeds`: those that all of them finished;
    `notes`: what was left out.
    """

    members: list[list[int]]
    seeds: list[int]
    notes: list[str]

    def take(self, values: Array) -> Array:
        """Values [pairings, seeds, ...] as [representations, losses, seeds, ...]."""
        return values[np.array(self.members)][:, :, self.seeds]


def facets_of(judged: Judged, drawn: Replicates) -> list[Facet]:
    """The facets, in the order of their first pairing."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for index, labels in enumerate(judged.pairings):
        shared = tuple((key, str(value)) for key, value in labels.items() if key not in MAIN)
        groups.setdefault(shared, []).append(index)
    return [Facet(judged, drawn, dict(shared), members) for shared, members in groups.items()]


def grid_of(facet: Facet) -> Grid | str:
    """The complete grid of a facet, or the reason why there is none.

    A grid needs two representations, two losses and two seeds.
    """
    labels = [(facet.main(m), m) for m in facet.members]
    place = {(main["representation"], main["loss"]): m for main, m in labels}
    losses = list(dict.fromkeys(loss for _, loss in place))
    known = list(dict.fromkeys(name for name, _ in place))
    rows = [name for name in known if all((name, loss) in place for loss in losses)]
    if len(losses) < 2 or len(rows) < 2:
        one, many = facet.judged.words
        kind, count = (many, len(losses)) if len(losses) < 2 else (f"representations under every {one}", len(rows))
        return f"needs 2 {kind}, found {count}"
    members = [[place[name, loss] for loss in losses] for name in rows]
    return _with_seeds(facet, members, [name for name in known if name not in rows])


def _with_seeds(facet: Facet, members: list[list[int]], dropped: Sequence[str]) -> Grid | str:
    z = on_z(facet.judged, facet.drawn.observed[np.array(members)])
    seeds = [int(s) for s in np.flatnonzero(np.isfinite(z).all(axis=(0, 1)))]
    planned = z.shape[-1]
    if len(seeds) < 2:
        return f"needs 2 seeds that every pairing finished, found {len(seeds)} of {planned}"
    notes = [f"without {name}, which lacks a {facet.judged.words[0]}" for name in dropped]
    if len(seeds) < planned:
        notes.append(f"on the {len(seeds)} of {planned} seeds that every pairing finished")
    return Grid(members, seeds, notes)
