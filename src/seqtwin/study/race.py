"""The race of `train --auto`: several encoders are trained on one data file, and the best on dev is kept.

Entrants are stopped by successive halving: after a quarter and a half of their epochs only those in the better half of
the entrants that came as far go on. Before that, the order of two curves means little. TF-IDF, which learns nothing,
stops no other entrant. Source: Li et al. 2020 (asynchronous successive halving), in Optuna. Test is never used.
"""

import logging
import math
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, cast

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.files import write_text
from seqtwin.guards.spreadsheets import csv_text
from seqtwin.json_values import hash_of
from seqtwin.metrics import METRICS
from seqtwin.place_faults import refuse_place_fault
from seqtwin.run.check_config import check_run
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import DataSets
from seqtwin.study.entrants import Entrant, entrants_of
from seqtwin.study.race_journal import RaceJournal, give_back, noted
from seqtwin.study.trials import FAILURES, dev_value
from seqtwin.training.clock import elapsed
from seqtwin.training.run_state import RunState

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)

MINUTES = 10.0
RACE = "race.csv"
FIRST_RUNG = 4  # a first decision after this part of the epochs
State = Literal["finished", "stopped", "out of time", "failed"]
ENDED = ("finished", "stopped", "failed")


@dataclass(frozen=True)
class Result:
    """How far an entrant came: its best dev metric (None where it is undefined), epochs, seconds, and why it failed."""

    entrant: Entrant
    state: State
    dev: float | None
    epochs: int
    seconds: float
    cause: str = ""


@dataclass(frozen=True)
class Race:
    """The results in the order of the race, and the name of the dev metric. `left`: entrants that the time was too
    short for."""

    metric: str
    results: Sequence[Result]
    left: Sequence[Entrant] = ()

    @property
    def winner(self) -> Result:
        """The entrant with the best dev metric, also if its training was cut short: it had reached that metric."""
        return max(self.results, key=lambda result: -math.inf if result.dev is None else result.dev)

    def config_of_winner(self, config: RunConfig) -> RunConfig:
        """The config of the race with the changes of the winner."""
        return vary(config, self.winner.entrant.changes)

    @property
    def ranked(self) -> list[Result]:
        """The results, best first."""
        return sorted(self.results, key=lambda result: math.inf if result.dev is None else -result.dev)


def run_race(
    config: RunConfig,
    data: DataSets,
    *,
    minutes: float = MINUTES,
    fixed: Collection[str] = (),
    journal: Path | None = None,
    on_result: Callable[[Result], None] = lambda _: None,
) -> Race:
    """Train the entrants until all have run or the time is up; at least the first one always runs.

    `fixed`: dotted keys that every entrant takes from the config. `journal`: a file that keeps the trainings that have
    ended; those that an interrupted race left there are not run again, and their time counts.

    Raises: ConfigError for a config that has no entrants or cannot be trained, for a negative time,
    and if no entrant could be trained; DataError.
    """
    if not 0 <= minutes < math.inf:
        raise ConfigError("AUTO_MINUTES", f"expected 0 or more, got {minutes}", place="minutes")
    if config.fit.ddp is not None:
        remedy = "leave out --auto, or remove fit.ddp"
        raise ConfigError("DDP_AUTO", "a race trains each encoder in one process", place="fit.ddp", remedy=remedy)
    entrants = entrants_of(config, fixed)
    check_run(config)
    study, names = _open(config.fit.epochs), [entrant.name for entrant in entrants]
    kept = RaceJournal(journal, _key(config, data, fixed), names, minutes) if journal else None
    results = _before(entrants, study, kept)
    deadline = time.monotonic() + 60 * minutes - sum(result.seconds for result in results)
    for result in results:
        on_result(result)
    for entrant in entrants[len(results) :]:
        if results and time.monotonic() > deadline:
            break
        results.append(_run(entrant, config, data, study, deadline if results else math.inf, kept))
        on_result(results[-1])
    if all(result.dev is None for result in results):
        raise ConfigError("AUTO_FAILED", f"no encoder could be trained: {results[-1].cause}", place="--auto")
    return Race(data.prepare(config).primary, tuple(results), entrants[len(results) :])


def _key(config: RunConfig, data: DataSets, fixed: Collection[str]) -> str:
    return hash_of([cell_key(config, data.prepare(config)), sorted(fixed)])


def _before(entrants: Sequence[Entrant], study: "optuna.Study", kept: RaceJournal | None) -> list[Result]:
    """The results before an interruption, which the optimizer gets back. One that the time cut short runs again."""
    results: list[Result] = []
    for entrant, own in zip(entrants, kept.ended if kept else (), strict=False):
        if own["name"] != entrant.name or own["state"] not in ENDED:
            break
        if not entrant.free:
            give_back(study, own)
        state = cast("State", own["state"])
        results.append(Result(entrant, state, own["dev"], own["epochs"], own["seconds"], own["cause"]))
    if kept:
        del kept.ended[len(results) :]
    return results


def _open(epochs: int) -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    first = max(1, epochs // FIRST_RUNG)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=first, reduction_factor=2)
    return optuna.create_study(direction="maximize", pruner=pruner)


class _Halt(Exception):  # noqa: N818 - a signal, not an error
    """Raised to end a training early."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state: State = state


def _run(
    entrant: Entrant,
    config: RunConfig,
    data: DataSets,
    study: "optuna.Study",
    deadline: float,
    kept: RaceJournal | None,
) -> Result:
    """Train one entrant until it has finished or is stopped."""
    start, last = time.monotonic(), _Last()
    trial = None if entrant.free else study.ask()

    def check(state: RunState) -> None:
        last.state = state
        if trial is not None:
            trial.report(state.best, state.epoch)
            if state.epoch < config.fit.epochs and trial.should_prune():
                raise _Halt("stopped")
        if time.monotonic() > deadline:
            raise _Halt("out of time")

    ended: State = "finished"
    cause = ""
    try:
        own = vary(config, entrant.changes)
        dev_value(own, data.prepare(own), on_epoch=check)
    except _Halt as halt:
        ended = halt.state
    except FAILURES as error:
        refuse_place_fault(error)
        log.info("%s failed: %s", entrant.name, error)
        ended, cause = "failed", str(error).split("\n", 1)[0] or type(error).__name__
    dev = None if ended == "failed" else last.dev
    if trial is not None:
        _tell(study, trial, dev, ended)
    result = Result(entrant, ended, dev, last.epochs, round(elapsed(start), 1), cause)
    if kept is not None:
        _keep(result, trial, kept)
    return result


def _keep(result: Result, trial: "optuna.Trial | None", kept: RaceJournal) -> None:
    seen, rungs = ({}, {}) if trial is None else noted(trial)
    kept.add(
        {
            "name": result.entrant.name,
            "state": result.state,
            "dev": result.dev,
            "epochs": result.epochs,
            "seconds": result.seconds,
            "cause": result.cause,
            "seen": seen,
            "rungs": rungs,
        }
    )


@dataclass
class _Last:
    """The latest state of a training."""

    state: RunState | None = None

    @property
    def dev(self) -> float | None:
        return None if self.state is None or not math.isfinite(self.state.best) else self.state.best

    @property
    def epochs(self) -> int:
        return 0 if self.state is None else self.state.epoch


def _tell(study: "optuna.Study", trial: "optuna.Trial", dev: float | None, ended: State) -> None:
    import optuna

    if dev is None:
        study.tell(trial, state=optuna.trial.TrialState.FAIL)
    elif ended == "finished":
        study.tell(trial, dev)
    else:
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def result_line(result: Result) -> str:
    """One result in words."""
    if result.state == "failed":
        return f"{result.entrant.name}: failed, {result.cause}"
    epochs = f"{result.epochs} epoch{'s' if result.epochs != 1 else ''}"
    return f"{result.entrant.name}: {_shown(result.dev)} on dev, {result.state} after {epochs}, {result.seconds:.0f} s"


def race_csv(race: Race) -> str:
    """One row per entrant, best first."""
    rows: list[list[object]] = [["entrant", "state", race.metric, "epochs", "seconds"]]
    for result in race.ranked:
        dev = "" if result.dev is None else f"{result.dev:.6g}"
        rows.append([result.entrant.name, result.state, dev, result.epochs, result.seconds])
    return csv_text(rows)


def write_race(race: Race, folder: Path) -> None:
    """Write race.csv into the folder of a run."""
    write_text(folder / RACE, race_csv(race))


def race_lines(race: Race) -> list[str]:
    """The outcome in words: the winner, what it was compared with, and how the free entrant did."""
    winner, free = race.winner, next((result for result in race.results if result.entrant.free), None)
    metric = METRICS[race.metric].name
    lines = [f"best of {len(race.results)} on dev: {winner.entrant.name} ({metric} {_shown(winner.dev)})"]
    if winner is free:
        lines.append("it learns nothing: no trained encoder scored higher, so this encoder is TF-IDF of n-grams")
    elif free is not None:
        lines.append(f"{free.entrant.name}, which learns nothing: {_shown(free.dev)}")
    late = sum(result.state == "out of time" for result in race.results)
    lines += [f"{late} training was cut short: the time was up"] if late else []
    return lines + ([_left_line(race.left)] if race.left else [])


def _left_line(left: Sequence[Entrant]) -> str:
    """The entrants that were not trained, as a sentence."""
    names = "; ".join(entrant.name for entrant in left)
    return f"not trained, because the time was up ({len(left)}): {names}; a longer time: --minutes"


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
