"""Test scores of the study cells, put together where they judge the same pairs, and their one bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.errors import DamagedError
from seqtwin.published import PREDICTION, dev_column
from seqtwin.reporting.analysis import Judged, Replicates, replicate
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.statistics import Array
from seqtwin.reporting.table.planned_cells import Gathered, Pairing
from seqtwin.reporting.table.read_cells import Measured

REPLICATES = {"quick": 500}
USUAL_REPLICATES = 2000


@dataclass(frozen=True)
class Bench:
    """Pairings judged by one metric on the same test pairs; `test`: one row per pair with what slices need."""

    judged: Judged
    drawn: Replicates
    test: pd.DataFrame

    def place(self, labels: dict[str, str]) -> int | None:
        """Where the pairing of these labels stands among those judged here."""
        return next((index for index, known in enumerate(self.judged.pairings) if known == labels), None)


def replicates_of(study: dict[str, Any]) -> int:
    """How many replicates the plan declared; without a plan those of the tier."""
    planned = (study.get("plan") or {}).get("replicates")
    return int(planned or REPLICATES.get(str(study.get("tier")), USUAL_REPLICATES))


def benches(found: Gathered, replicates: int, rng: np.random.Generator) -> list[Bench]:
    """One entry per set of test pairs and metric, in the order of the pairings.

    A pairing without any measures stands with those that share its further factors, or with all where there is one
    set of test pairs only: a comparison with it is then known to be impossible.
    Raises: DamagedError when study cells of one pairing were judged on different pairs.
    """
    every = list(found.pairings())
    marks = {id(one): _signature(one, found.nouns) for one in every if one.measured}
    by_further = {_further(found, one): marks[id(one)] for one in every if one.measured}
    only = next(iter(marks.values())) if len(set(marks.values())) == 1 else None
    groups: dict[tuple[Any, ...], list[Pairing]] = {mark: [] for mark in marks.values()}
    for one in every:
        mark = marks.get(id(one)) or by_further.get(_further(found, one)) or only
        if mark:
            groups[mark].append(one)
    return [_bench(pairings, replicates, rng, found.nouns) for pairings in groups.values()]


def _further(found: Gathered, pairing: Pairing) -> tuple[str, ...]:
    return tuple(pairing.labels[key] for key in found.extra)


def _signature(pairing: Pairing, nouns: Nouns) -> tuple[Any, ...]:
    marks = {_mark(measured) for measured in pairing.measured}
    if len(marks) > 1:
        cause = f"its seeds were judged on different test {nouns.judged}"
        raise DamagedError("TEST_DIFFERS", cause, place=" ".join(pairing.labels.values()))
    return next(iter(marks))


def _mark(measured: Measured) -> tuple[Any, ...]:
    facts, test = measured.facts, measured.test
    columns = (PREDICTION.row, PREDICTION.target, PREDICTION.cluster)
    pairs = tuple(test[column].to_numpy().tobytes() for column in columns)
    return facts.get("dataset", ""), measured.scores["primary"], float(facts.get("cut", 0.5)), *pairs


def _bench(pairings: Sequence[Pairing], replicates: int, rng: np.random.Generator, nouns: Nouns) -> Bench:
    first = next(one for one in pairings if one.measured)
    dataset, metric, cut, *_ = _signature(first, nouns)
    seeds, test = sorted({cell.seed for one in pairings for cell in one.cells}), first.measured[0].test
    judged = Judged(
        dataset=dataset, metric=metric, cut=cut, seeds=seeds, pairings=[one.labels for one in pairings],
        scores=_scores(pairings, seeds, len(test)), targets=test[PREDICTION.target].to_numpy(dtype=float),
        cluster_of=np.unique(test[PREDICTION.cluster].to_numpy(), return_inverse=True)[1],
        statuses=[_statuses(one, seeds) for one in pairings], dev=_table(pairings, seeds, dev_column(metric)),
        retrieval={name.removeprefix("retrieval_"): _table(pairings, seeds, name) for name in _retrieval(pairings)},
        words=(nouns.column, nouns.columns),
    )  # fmt: skip
    return Bench(judged, replicate(judged, replicates, rng), test)


def _scores(pairings: Sequence[Pairing], seeds: list[int], pairs: int) -> Array:
    scores = np.full((len(pairings), len(seeds), pairs), np.nan)
    for index, pairing in enumerate(pairings):
        for seed, measured in pairing.finished:
            scores[index, seeds.index(seed)] = measured.test[PREDICTION.score].to_numpy(dtype=float)
    return scores


def _statuses(pairing: Pairing, seeds: list[int]) -> list[str]:
    known = {cell.seed: str(cell.manifest["status"]) for cell in pairing.cells}
    return [known.get(seed, "") for seed in seeds]


def _retrieval(pairings: Sequence[Pairing]) -> list[str]:
    rows = pd.concat([one.rows for one in pairings])
    return [name for name in map(str, rows) if name.startswith("retrieval_") and rows[name].notna().any()]


def _table(pairings: Sequence[Pairing], seeds: list[int], column: str) -> Array:
    """A column of the results as [pairings, seeds]; nan where a study cell did not finish."""
    table = np.full((len(pairings), len(seeds)), np.nan)
    for index, pairing in enumerate(pairings):
        done = pairing.rows[pairing.rows["status"] == "finished"]
        if column in done:
            table[index, [seeds.index(seed) for seed in done["seed"]]] = done[column].to_numpy(dtype=float)
    return table
