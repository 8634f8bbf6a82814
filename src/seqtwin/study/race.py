"""The race of `train --auto`: several encoders are trained on one data file, and the best on dev is kept.

Entrants are stopped by successive halving: after 1, 2, 4, ... epochs only those in the better half of the entrants that
came as far go on. Source: Li et al. 2020 (asynchronous successive halving), in Optuna. Test is never used.
"""

import csv
import io
import itertools
import logging
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError
from seqtwin.files import write_text
from seqtwin.lookup import split_spec
from seqtwin.metrics import METRICS
from seqtwin.run.check_config import check_run
from seqtwin.run.prepare import DataSets
from seqtwin.run.prepared_data import Ready
from seqtwin.study.trials import FAILURES, dev_value
from seqtwin.training.fit import RunState

if TYPE_CHECKING:
    import optuna

log = logging.getLogger(__name__)

MINUTES = 10.0
RACE = "race.csv"
UNITS = ("char", "word")
MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
LOSSES: Mapping[str, object] = {"mse": "mse", "contrastive": MARGIN, "cosent": "cosent"}
CHANNELS: Mapping[str, Mapping[str, object]] = {
    "n-grams and recurrent": {"encoder.lexical": {}},
    "n-grams": {"encoder.lexical": {"share": 1.0}},
    "recurrent": {"encoder.lexical": None},
}
FREE: Mapping[str, object] = {"encoder.lexical": {"share": 1.0, "mapped": False, "trained": False}, "fit.epochs": 1}
State = Literal["finished", "stopped", "out of time", "failed"]


@dataclass(frozen=True)
class Entrant:
    """A config that takes part: its name and the changes to the config of the race. `free`: it learns nothing."""

    name: str
    changes: Mapping[str, object]
    free: bool = False


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
    """The results in the order of the race, and the name of the dev metric."""

    metric: str
    results: Sequence[Result]

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


def entrants_of(config: RunConfig, fixed: Collection[str] = ()) -> list[Entrant]:
    """The entrants of a race on texts: hashed TF-IDF, which learns nothing, then every channel, loss and token unit.

    The loss of the config is the first. `fixed`: dotted keys that every entrant takes from the config.

    Raises: ConfigError for series, for another objective, and for a config that starts from an encoder.
    """
    _refuse(config)
    first = split_spec(config.loss)[0]
    losses = {first: config.loss, **{name: spec for name, spec in LOSSES.items() if name != first}}
    units = sorted(UNITS, key=lambda unit: unit != config.tokens.unit)
    free = Entrant(f"TF-IDF of n-grams, {units[0]}", {**FREE, "tokens.unit": units[0]}, free=True)
    entrants = [free] + [
        Entrant(f"{channel}, {unit}, {loss}", {**CHANNELS[channel], "tokens.unit": unit, "loss": losses[loss]})
        for unit, channel, loss in itertools.product(units, CHANNELS, list(losses)[:2])
    ]
    return _without_fixed(config, entrants, fixed)


def _without_fixed(config: RunConfig, entrants: Sequence[Entrant], fixed: Collection[str]) -> list[Entrant]:
    """The entrants with the fixed settings of the config; of equal ones, the first. TF-IDF needs its own n-grams."""
    if not fixed:
        return list(entrants)
    kept: dict[str, Entrant] = {}
    for entrant in entrants:
        changes = {key: value for key, value in entrant.changes.items() if not _is_fixed(key, fixed)}
        if not entrant.free or "encoder.lexical" in changes:
            kept.setdefault(vary(config, changes).model_dump_json(), replace(entrant, changes=changes))
    return list(kept.values())


def _is_fixed(key: str, fixed: Collection[str]) -> bool:
    return any(own == key or own.startswith(f"{key}.") or key.startswith(f"{own}.") for own in fixed)


def _refuse(config: RunConfig) -> None:
    of_texts = config.data.series is None and config.data.name != "digits"
    if split_spec(config.objective)[0] == "pairs" and of_texts and config.encoder.start is None:
        return
    cause = "--auto compares encoders of pairs of texts; this config has another objective, series or encoder.from"
    raise ConfigError("AUTO_UNSUPPORTED", cause, place="--auto", remedy="leave out --auto, or use: seqtwin compare")


def run_race(
    config: RunConfig,
    data: DataSets,
    *,
    minutes: float = MINUTES,
    fixed: Collection[str] = (),
    on_result: Callable[[Result], None] = lambda _: None,
) -> Race:
    """Train the entrants until all have run or the time is up; at least the first one always runs.

    `fixed`: dotted keys that every entrant takes from the config.

    Raises: ConfigError for a config that has no entrants or cannot be trained, for a negative time,
    and if no entrant could be trained; DataError.
    """
    if not 0 <= minutes < math.inf:
        raise ConfigError("AUTO_MINUTES", f"expected 0 or more, got {minutes}", place="minutes")
    entrants = entrants_of(config, fixed)
    check_run(config)
    study, deadline = _open(), time.monotonic() + 60 * minutes
    results: list[Result] = []
    for entrant in entrants:
        if results and time.monotonic() > deadline:
            break
        own = vary(config, entrant.changes)
        results.append(_run(entrant, own, data.prepare(own), study, deadline if results else math.inf))
        on_result(results[-1])
    if all(result.dev is None for result in results):
        raise ConfigError("AUTO_FAILED", f"no encoder could be trained: {results[-1].cause}", place="--auto")
    return Race(data.prepare(config).primary, tuple(results))


def _open() -> "optuna.Study":
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=2)
    return optuna.create_study(direction="maximize", pruner=pruner)


class _Halt(Exception):  # noqa: N818 - a signal, not an error
    """Raised to end a training early."""

    def __init__(self, state: State) -> None:
        super().__init__(state)
        self.state: State = state


def _run(entrant: Entrant, config: RunConfig, prepared: Ready, study: "optuna.Study", deadline: float) -> Result:
    """Train one entrant until it has finished or is stopped."""
    trial, start, last = study.ask(), time.monotonic(), _Last()

    def check(state: RunState) -> None:
        last.state = state
        trial.report(state.best, state.epoch)
        if state.epoch < config.fit.epochs and trial.should_prune():
            raise _Halt("stopped")
        if time.monotonic() > deadline:
            raise _Halt("out of time")

    ended: State = "finished"
    cause = ""
    try:
        dev_value(config, prepared, on_epoch=check)
    except _Halt as halt:
        ended = halt.state
    except FAILURES as error:
        log.info("%s failed: %s", entrant.name, error)
        ended, cause = "failed", str(error).split("\n", 1)[0] or type(error).__name__
    dev = None if ended == "failed" else last.dev
    _tell(study, trial, dev, ended)
    return Result(entrant, ended, dev, last.epochs, round(time.monotonic() - start, 1), cause)


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
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["entrant", "state", race.metric, "epochs", "seconds"])
    for result in race.ranked:
        dev = "" if result.dev is None else f"{result.dev:.6g}"
        writer.writerow([result.entrant.name, result.state, dev, result.epochs, result.seconds])
    return text.getvalue()


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
    return [*lines, f"{late} training was cut short: the time was up"] if late else lines


def _shown(value: float | None) -> str:
    return "undefined" if value is None else f"{value:.3f}"
