"""Why a study cell is bad, by experiment: remove one possible cause at a time, train again, and compare.

A change flips the verdict if it closes at least half of the gap to a better study cell.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TypedDict

from seqtwin.config import vary
from seqtwin.errors import ConfigError, SeqTwinError, nearest
from seqtwin.explain.published_case import Case, read_case, siblings
from seqtwin.explain.suspects import SWITCHES, Question, Switch, Trial, differences
from seqtwin.files import driver_lock, verify
from seqtwin.json_values import Json
from seqtwin.published import SCORES, read_manifest, read_scores
from seqtwin.run.check_config import check_run
from seqtwin.run.labels import column_label, objective_name, row_label
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import StudyCell
from seqtwin.study.worker import publish_failed, run_cell
from seqtwin.study.worker_pool import OnProgress, Work, run_all

TRIALS = Work("switches", run_cell, publish_failed)
SMALLEST_GAP = 0.01
HALF = 0.5


@dataclass(frozen=True)
class Tried:
    """One change that was tried: its dev value, the share of the gap it closes, and why it could not run, if so."""

    switch: str
    why: str
    words: str
    changes: Mapping[str, Json]
    value: float | None
    closes: float | None
    refused: str

    @property
    def flips(self) -> bool:
        """Whether it closes at least half of the gap."""
        return self.closes is not None and self.closes >= HALF

    @property
    def share(self) -> str:
        """The share of the gap it closes, in per cent; a dash if it could not be tried."""
        return "-" if self.closes is None else f"{100 * self.closes:.0f} %"


@dataclass(frozen=True)
class Explanation:
    """A study cell, the reference it is compared with, and the effect of each change on the gap between them."""

    cell: str
    metric: str
    value: float
    reference: str
    reference_value: float | None
    differs: Mapping[str, Json]
    tried: tuple[Tried, ...]

    @property
    def gap(self) -> float:
        """How far the study cell is behind its reference; 0 if nothing better is known."""
        return 0.0 if self.reference_value is None else self.reference_value - self.value

    @property
    def flips(self) -> list[Tried]:
        """The changes that flip the verdict, the strongest first."""
        return sorted((change for change in self.tried if change.flips), key=lambda change: -(change.closes or 0.0))

    @property
    def verdict(self) -> str:
        """The verdict in words: which changes flip it, or that none does."""
        if self.reference_value is None:
            return "Nothing better is known on this data, so there is no gap to explain."
        if self.gap < SMALLEST_GAP:
            return f"It is {self.gap:.3f} behind {self.reference}: nothing to explain."
        if not self.flips:
            return f"No change closes half of the gap of {self.gap:.3f}, so no cause is named (R12)."
        first, *others = self.flips
        also = f" So do {'; '.join(f'{change.words} ({change.share})' for change in others)}." if others else ""
        return (
            f"{first.switch} flips the verdict: {first.words} closes {first.share} of the gap of {self.gap:.3f}.{also}"
        )

    def as_dict(self) -> "ExplanationJson":
        """The explanation as JSON (`--json`)."""
        return {
            "cell": self.cell,
            "metric": self.metric,
            "value": self.value,
            "reference": self.reference,
            "reference_value": self.reference_value,
            "gap": self.gap,
            "differs": dict(self.differs),
            "switches": [{**asdict(change), "flips": change.flips} for change in self.tried],
            "flips": [change.switch for change in self.flips],
            "verdict": self.verdict,
        }


class ExplanationJson(TypedDict):
    """An explanation as JSON; `switches`: every change that was tried."""

    cell: str
    metric: str
    value: float
    reference: str
    reference_value: float | None
    gap: float
    differs: dict[str, Json]
    switches: list[dict[str, Json]]
    flips: list[str]
    verdict: str


def explain(
    cell: Path,
    other: Path | None = None,
    *,
    out: Path | None = None,
    jobs: int | None = None,
    only: Sequence[str] = (),
    on_progress: OnProgress = lambda _: None,
) -> Explanation:
    """The explanation of a study cell, or of the worse of two, on dev.

    The study cell is compared with the other one; without one, with the best of its study on dev, or else with the best
    possible value that its data state. The trainings are published next to its study, or in `out`. `jobs`: parallel
    trainings; `only`: the changes to try.

    Raises: ConfigError when a folder contains no study cell, when the two were judged on different data, or when a
    change of `only` is unknown.
    """
    switches = _chosen(only)
    _refuse_heads([read_case(folder) for folder in (cell, other) if folder])
    worse, better = _two(read_case(cell), read_case(other)) if other else _one(read_case(cell))
    reference, value = _reference(worse, better)
    differs = differences(worse, better) if other and better else {}
    untried = Explanation(worse.id, worse.primary, worse.value, reference, value, differs, ())
    if untried.gap < SMALLEST_GAP:
        return untried
    question = Question(worse, better, siblings(worse), asked_two=other is not None)
    folder = out or _folder_of(worse)
    trials = [(switch, trial) for switch, trial in _planned(switches, question)]
    refused = {trial.words: _refusal(worse, trial) for _, trial in trials}
    running = {t.words: _cell_of(worse, s, t) for s, t in trials if t.value is None and not refused[t.words]}
    _train(list(running.values()), folder, jobs or os.cpu_count() or 1, on_progress)
    return replace(untried, tried=tuple(
        _tried(untried, switch, trial, refused[trial.words], running.get(trial.words), folder)
        for switch, trial in trials
    ))  # fmt: skip


def _refuse_heads(cases: Sequence[Case]) -> None:
    """Raises: ConfigError for a study cell with another objective than pairs."""
    for case in cases:
        name = objective_name(case.config)
        if name != "pairs":
            cause = f"explain supports the objective pairs only; {case.id} was trained with objective {name}"
            remedy = "see its diagnostics in the report: seqtwin report"
            raise ConfigError("EXPLAIN_OBJECTIVE", cause, place=str(case.folder), remedy=remedy)


def _chosen(only: Sequence[str]) -> list[Switch]:
    known = {_slug(switch.name): switch for switch in SWITCHES}
    for name in only:
        if _slug(name) not in known:
            cause = f"unknown change '{name}'; known: {', '.join(known)}{nearest(_slug(name), list(known))}"
            raise ConfigError("EXPLAIN_SWITCH", cause, place="--only")
    return [switch for name, switch in known.items() if not only or name in map(_slug, only)]


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _two(one: Case, other: Case) -> tuple[Case, Case]:
    """The two study cells, the worse one first."""
    if one.data != other.data or one.primary != other.primary:
        cause = f"{one.id} and {other.id} were judged on different data, so their values cannot be compared"
        raise ConfigError("EXPLAIN_DATA", cause, place=str(other.folder), remedy="name two cells of one data set")
    return (one, other) if one.value <= other.value else (other, one)


def _one(case: Case) -> tuple[Case, Case | None]:
    better = [other for other in siblings(case) if other.value > case.value]
    return case, max(better, key=lambda other: other.value) if better else None


def _reference(case: Case, better: Case | None) -> tuple[str, float | None]:
    if better is not None:
        return better.id, better.value
    source = {} if case.facts is None else case.facts.get("source", {})
    ceiling = source.get("ceiling") if source.get("metric", case.primary) == case.primary else None
    return ("the ceiling of the data", float(ceiling)) if isinstance(ceiling, int | float) else ("", None)


def _folder_of(case: Case) -> Path:
    """The folder of the trainings: next to the cells of its study, or next to the run."""
    folder = case.folder.resolve()
    study = folder.parent.parent if folder.parent.name == "cells" else folder.parent
    return study / "explain" / folder.name


def _planned(switches: Sequence[Switch], question: Question) -> list[tuple[Switch, Trial]]:
    """The distinct trials, each under the first switch that requires it."""
    trials: dict[str, tuple[Switch, Trial]] = {}
    for switch in switches:
        for trial in switch.trials(question):
            trials.setdefault(trial.words, (switch, trial))
    return list(trials.values())


def _refusal(case: Case, trial: Trial) -> str:
    """Why a config with this change cannot be trained; empty if it can."""
    try:
        check_run(vary(case.config, trial.changes))
    except SeqTwinError as error:
        return error.cause
    return ""


def _cell_of(case: Case, switch: Switch, trial: Trial) -> StudyCell:
    config = vary(case.config, trial.changes)
    factors: dict[str, str | int] = {"representation": row_label(config), "loss": column_label(config, {})}
    words = _slug(f"{switch.name} {trial.words}")[:100].strip("-")
    return StudyCell(f"{words}.s{config.fit.seed}", config, {**factors, "seed": config.fit.seed})


def _train(cells: Sequence[StudyCell], folder: Path, workers: int, on_progress: OnProgress) -> None:
    if not cells:
        return
    data = DataSets()
    with driver_lock(folder):
        left = [cell for cell in cells if not _published(cell, folder, data)]
        run_all(TRIALS, left, folder, workers, on_progress)


def _published(cell: StudyCell, folder: Path, data: DataSets) -> bool:
    if not (folder / cell.id).exists():
        return False
    if read_manifest(folder / cell.id).get("key") != cell_key(cell.config, data.prepare(cell.config)):
        cause = f"{cell.id} was trained with another config, other data or another version"
        remedy = "move the folder away, or choose another --out"
        raise ConfigError("EXPLAIN_CHANGED", cause, place=str(folder), remedy=remedy)
    return True


def _tried(
    untried: Explanation, switch: Switch, trial: Trial, refused: str, cell: StudyCell | None, folder: Path
) -> Tried:
    value, ended = (trial.value, refused) if cell is None else _outcome(folder / cell.id, untried.metric)
    closes = None if value is None else (value - untried.value) / untried.gap
    return Tried(switch.name, switch.why, trial.words, dict(trial.changes), value, closes, ended)


def _outcome(folder: Path, metric: str) -> tuple[float | None, str]:
    """The dev value of a training, and how it ended if it has none."""
    manifest = read_manifest(folder)
    if not (folder / SCORES).exists():
        error = manifest["error"]
        return None, f"{manifest['status']}: {error['cause'] if error else ''}"
    verify(folder, only=(SCORES,))
    value = read_scores(folder)["dev"].get(metric)
    return value, "" if value is not None else manifest["status"]
