"""The test scores of study cells that judge the same rows, grouped, and their one bootstrap."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pandas as pd

from seqtwin.errors import DamagedError
from seqtwin.published import PREDICTION, dev_column
from seqtwin.reporting.analysis import Judged, Replicates, replicate
from seqtwin.reporting.objective_words import Nouns
from seqtwin.reporting.statistics import Array
from seqtwin.reporting.table.meta import Study
from seqtwin.reporting.table.planned_cells import Gathered, Pairing
from seqtwin.reporting.table.read_cells import Measured

REPLICATES = {"quick": 500}
USUAL_REPLICATES = 2000


@dataclass(frozen=True)
class Bench:
    """Pairings judged by one metric on the same test rows; `test`: these rows with the facts that slices need."""

    judged: Judged
    drawn: Replicates
    test: pd.DataFrame

    def place(self, labels: dict[str, str]) -> int | None:
        """The position of the pairing with these labels; None where it is not judged here."""
        return next((place for place, known in enumerate(self.judged.pairings) if known == labels), None)


class Signature(NamedTuple):
    """Equal for study cells whose scores can be compared; `rows`: the judged rows as bytes."""

    dataset: str
    metric: str
    cut: float
    rows: tuple[bytes, ...]


def replicates_of(study: Study) -> int:
    """The number of replicates in the plan; without a plan the default of the tier."""
    planned = study.get("plan", {}).get("replicates")
    return int(planned or REPLICATES.get(str(study.get("tier")), USUAL_REPLICATES))


def benches(gathered: Gathered, replicates: int, rng: np.random.Generator) -> list[Bench]:
    """One bench per set of test rows and metric, in the order of the pairings.

    A pairing without any measures joins those with the same further factors, or all if there is only one set of test
    rows. A comparison with it is then reported as impossible.

    Raises: DamagedError when study cells of one pairing were judged on different rows.
    """
    every = list(gathered.pairings())
    signatures = {i: _signature(own, gathered.nouns) for i, own in enumerate(every) if own.measured}
    by_further = {_further(gathered, every[i]): signature for i, signature in signatures.items()}
    only = next(iter(signatures.values())) if len(set(signatures.values())) == 1 else None
    groups: dict[Signature, list[Pairing]] = {signature: [] for signature in signatures.values()}
    for i, pairing in enumerate(every):
        signature = signatures.get(i) or by_further.get(_further(gathered, pairing)) or only
        if signature:
            groups[signature].append(pairing)
    return [_bench(signature, own, replicates, rng, gathered.nouns) for signature, own in groups.items()]


def _further(gathered: Gathered, pairing: Pairing) -> tuple[str, ...]:
    return tuple(pairing.labels[key] for key in gathered.extra)


def _signature(pairing: Pairing, nouns: Nouns) -> Signature:
    signatures = {_signature_of_cell(measured) for measured in pairing.measured}
    if len(signatures) > 1:
        cause = f"its seeds were judged on different test {nouns.judged}"
        raise DamagedError("TEST_DIFFERS", cause, place=" ".join(pairing.labels.values()))
    return next(iter(signatures))


def _signature_of_cell(measured: Measured) -> Signature:
    facts, test = measured.facts, measured.test
    columns = (PREDICTION.row, PREDICTION.target, PREDICTION.cluster)
    rows = tuple(test[column].to_numpy().tobytes() for column in columns)
    return Signature(facts.get("dataset", ""), measured.scores["primary"], float(facts.get("cut", 0.5)), rows)


def _bench(
    signature: Signature, pairings: Sequence[Pairing], replicates: int, rng: np.random.Generator, nouns: Nouns
) -> Bench:
    metric = signature.metric
    seeds = sorted({cell.seed for pairing in pairings for cell in pairing.cells})
    test = next(pairing for pairing in pairings if pairing.measured).measured[0].test
    judged = Judged(
        dataset=signature.dataset, metric=metric, cut=signature.cut, seeds=seeds,
        pairings=[pairing.labels for pairing in pairings], scores=_scores(pairings, seeds, len(test)),
        targets=test[PREDICTION.target].to_numpy(dtype=float),
        cluster_of=np.unique(test[PREDICTION.cluster].to_numpy(), return_inverse=True)[1],
        statuses=[_statuses(pairing, seeds) for pairing in pairings], dev=_table(pairings, seeds, dev_column(metric)),
        retrieval={name.removeprefix("retrieval_"): _table(pairings, seeds, name) for name in _retrieval(pairings)},
        words=(nouns.column, nouns.columns),
    )  # fmt: skip
    return Bench(judged, replicate(judged, replicates, rng), test)


def _scores(pairings: Sequence[Pairing], seeds: list[int], rows: int) -> Array:
    """The test scores, [pairings, seeds, rows]; nan where a study cell did not finish."""
    scores = np.full((len(pairings), len(seeds), rows), np.nan)
    for index, pairing in enumerate(pairings):
        for seed, measured in pairing.finished:
            scores[index, seeds.index(seed)] = measured.test[PREDICTION.score].to_numpy(dtype=float)
    return scores


def _statuses(pairing: Pairing, seeds: list[int]) -> list[str]:
    known = {cell.seed: cell.manifest["status"] for cell in pairing.cells}
    return [known.get(seed, "") for seed in seeds]


def _retrieval(pairings: Sequence[Pairing]) -> list[str]:
    rows = pd.concat([pairing.rows for pairing in pairings])
    return [name for name in map(str, rows) if name.startswith("retrieval_") and rows[name].notna().any()]


def _table(pairings: Sequence[Pairing], seeds: list[int], column: str) -> Array:
    """A column of the results as [pairings, seeds]; nan where a study cell did not finish."""
    table = np.full((len(pairings), len(seeds)), np.nan)
    for index, pairing in enumerate(pairings):
        done = pairing.rows[pairing.rows["status"] == "finished"]
        if column in done:
            table[index, [seeds.index(seed) for seed in done["seed"]]] = done[column].to_numpy(dtype=float)
    return table
