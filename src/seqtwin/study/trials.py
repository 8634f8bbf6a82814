"""The trials of one pairing: proposed by Optuna, trained in full, recorded in its journal."""

import logging
import math
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seqtwin.build_folders import clear
from seqtwin.config import RunConfig, vary
from seqtwin.errors import SeqTwinError
from seqtwin.files import remove_partial_line
from seqtwin.place_faults import place_fault, refuse_place_fault
from seqtwin.run.begin import recipe_of
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.manifest import identity
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.objectives.training_rows import training_rows
from seqtwin.run.prepared_data import Ready
from seqtwin.study.search_spaces import Choice, Dimension, Space, written_value
from seqtwin.study.tiers import TUNING_SEED
from seqtwin.training.checkpoint import Checkpoints, Keeper
from seqtwin.training.clock import elapsed
from seqtwin.training.fit import fit, pick_device
from seqtwin.training.run_state import RunState

if TYPE_CHECKING:
    import optuna
    from optuna.distributions import BaseDistribution
    from optuna.samplers import TPESampler

log = logging.getLogger(__name__)

FAILURES = (SeqTwinError, MemoryError, RuntimeError)
Setting = float | str


@dataclass(frozen=True)
class Trial:
    """One training of a search. `value`: best dev metric, None where there is none; `params`: {dotted key: value}."""

    number: int
    params: Mapping[str, Setting]
    value: float | None
    seconds: float

    @property
    def state(self) -> str:
        """The state as trials.csv has it."""
        return "failed" if self.value is None else "complete"


def run_trials(
    config: RunConfig, prepared: Ready, space: Space, count: int, journal: Path, on_trial: Callable[[Trial], None]
) -> list[Trial]:
    """All trials of a search: those in its journal, and new ones up to `count`. `prepared`: the data of the config.

    A trial that was interrupted goes on from its checkpoint, which is next to the journal.
    """
    study, begun = _open(journal), journal.with_suffix(".trial")
    while len(trials := ended_trials(study, space)) < count:
        if trials:
            trial = _run_next(study, config, prepared, space, len(trials), count, begun)
        else:
            trial = _run_first(study, config, prepared, space, begun)
        on_trial(trial)
    return trials


def _open(journal: Path) -> "optuna.Study":
    import optuna
    from filelock import FileLock
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    remove_partial_line(journal)
    # Optuna's own locks outlive a process that is killed; this one, which is no subclass of them, does not
    lock: Any = FileLock(f"{journal}.lock", fallback_to_soft=False)
    storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))
    return optuna.create_study(storage=storage, study_name="tuning", direction="maximize", load_if_exists=True)


def ended_trials(study: "optuna.Study", space: Space) -> list[Trial]:
    """The trials that ended, in order. Interrupted ones are left out."""
    from optuna.trial import TrialState

    trials = [t for t in study.get_trials(deepcopy=False) if "seconds" in t.user_attrs and t.state.is_finished()]
    values = [t.value if t.state == TrialState.COMPLETE else None for t in trials]
    return [
        Trial(i, _rounded(t.params, space), value, t.user_attrs["seconds"])
        for i, (t, value) in enumerate(zip(trials, values, strict=True))
    ]


def _run_first(study: "optuna.Study", config: RunConfig, prepared: Ready, space: Space, begun: Path) -> Trial:
    """Trial 0: the config as written."""
    import optuna

    value, seconds = _measure(config, prepared, begun)
    written = {key: written_value(config, key) for key in space}
    params = {
        key: setting for key, setting in written.items() if isinstance(setting, Setting) and space[key].holds(setting)
    }
    state = optuna.trial.TrialState.FAIL if value is None else optuna.trial.TrialState.COMPLETE
    distributions = {key: _distribution(space[key]) for key in params}
    trial = optuna.trial.create_trial(
        state=state, value=value, params=params, distributions=distributions, user_attrs={"seconds": seconds}
    )
    study.add_trial(trial)
    return Trial(0, params, value, seconds)


def _run_next(
    study: "optuna.Study", config: RunConfig, prepared: Ready, space: Space, number: int, count: int, begun: Path
) -> Trial:
    import optuna

    study.sampler = _sampler(number, count)
    proposed = study.ask({key: _distribution(dimension) for key, dimension in space.items()})
    params = _rounded(proposed.params, space)
    value, seconds = _measure(vary(config, params), prepared, begun)
    proposed.set_user_attr("seconds", seconds)
    if value is None:
        study.tell(proposed, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(proposed, value)
    return Trial(number, params, value, seconds)


def _sampler(number: int, count: int) -> "TPESampler":
    """A sampler for one trial. Its first proposals are the same for every pairing."""
    from optuna.samplers import TPESampler

    startup = min(10, max(1, count // 2))
    return TPESampler(
        seed=TUNING_SEED + number, n_startup_trials=startup, multivariate=False, constant_liar=False
    )  # fmt: skip


def _distribution(dimension: Dimension) -> "BaseDistribution":
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.names)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _rounded(params: Mapping[str, Setting], space: Space) -> dict[str, Setting]:
    """The settings in the order of the space, numbers with four digits."""
    chosen = {key: params[key] for key in space if key in params}
    return {key: float(f"{value:.4g}") if isinstance(value, float) else value for key, value in chosen.items()}


def _measure(config: RunConfig, prepared: Ready, begun: Path) -> tuple[float | None, float]:
    """The best dev metric of a full training, None where it failed or diverged, and its seconds.

    `begun`: the folder of its checkpoints.
    """
    start = time.monotonic()
    try:
        value = dev_value(config, prepared, begun=begun)
    except FAILURES as error:
        refuse_place_fault(error)
        log.info("a trial failed: %s", error)
        value = None
    return value, round(elapsed(start), 3)


@contextmanager
def _checkpoints_in(folder: Path | None, config: RunConfig, prepared: Ready) -> Iterator[Keeper]:
    """The checkpoints of a training that publishes nothing. They stay if a signal or a fault of the place ends it."""
    if folder is None:
        yield Keeper()
        return
    if folder.exists():
        clear(folder)
    machine = identity(config, prepared, str(pick_device(config.fit.device)))
    keeper = Checkpoints(folder, machine, start_over=True)
    try:
        yield keeper
    except Exception as error:
        if place_fault(error) is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


def dev_value(
    config: RunConfig,
    prepared: Ready,
    *,
    on_epoch: Callable[[RunState], None] = lambda _: None,
    begun: Path | None = None,
) -> float | None:
    """The primary metric on dev of the best epoch of a training, None where it is undefined. Test is not used.

    `prepared`: the data of the config. `on_epoch(state)` is called after each epoch and may raise to end the training.
    `begun`: a folder for checkpoints, from which an interrupted training goes on.

    Raises: Diverged.
    """
    objective = objective_of(config)
    model = fresh_model(config, prepared).to(pick_device(config.fit.device))
    learner, loss = objective.trainee(model, prepared, config)
    rows = training_rows(config, prepared)
    measure = objective.measure(prepared)
    with _checkpoints_in(begun, config, prepared) as keeper:
        state = fit(learner, loss, rows, recipe_of(config), measure, on_epoch=on_epoch, keeper=keeper)
    return state.best if math.isfinite(state.best) else None
