"""The trials of one pairing: proposed by Optuna, trained in full, kept in its journal as they end."""

import logging
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from seqtwin.config import RunConfig, vary
from seqtwin.errors import SeqTwinError
from seqtwin.files import mend_lines
from seqtwin.run.prepare import prepare
from seqtwin.run.tasks import task_of
from seqtwin.run.train import fresh_model, recipe_of
from seqtwin.study.search_spaces import Choice, Dimension, Space, written_value
from seqtwin.study.tiers import TUNING_SEED
from seqtwin.training.fit import fit, pick_device

log = logging.getLogger(__name__)

FAILURES = (SeqTwinError, MemoryError, RuntimeError)


@dataclass(frozen=True)
class Trial:
    """One training of a search. `value`: best dev metric, None where there is none; `params`: {dotted key: value}."""

    number: int
    params: Mapping[str, Any]
    value: float | None
    seconds: float

    @property
    def state(self) -> str:
        """What the table of trials says."""
        return "failed" if self.value is None else "complete"


def run_trials(
    config: RunConfig, space: Space, count: int, journal: Path, on_trial: Callable[[Trial], None]
) -> list[Trial]:
    """All trials of a search, those of its journal and new ones up to `count`."""
    study = _opened(journal)
    while len(found := ended(study, space)) < count:
        trial = _first(study, config, space) if not found else _next(study, config, space, len(found), count)
        on_trial(trial)
    return found


def _opened(journal: Path) -> Any:
    import optuna
    from filelock import FileLock
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.parent.mkdir(parents=True, exist_ok=True)
    mend_lines(journal)
    # Optuna's own locks outlive a process that is killed; this one dies with it
    lock: Any = FileLock(f"{journal}.lock", fallback_to_soft=False)
    storage = JournalStorage(JournalFileBackend(str(journal), lock_obj=lock))
    return optuna.create_study(storage=storage, study_name="tuning", direction="maximize", load_if_exists=True)


def ended(study: Any, space: Space) -> list[Trial]:
    """The trials that came to their end, in order; one that was interrupted never did."""
    from optuna.trial import TrialState

    trials = [t for t in study.get_trials(deepcopy=False) if "seconds" in t.user_attrs and t.state.is_finished()]
    values = [t.value if t.state == TrialState.COMPLETE else None for t in trials]
    return [
        Trial(i, _rounded(t.params, space), value, t.user_attrs["seconds"])
        for i, (t, value) in enumerate(zip(trials, values, strict=True))
    ]


def _first(study: Any, config: RunConfig, space: Space) -> Trial:
    """Trial 0: the config as written."""
    import optuna

    value, seconds = _measured(config)
    written = {key: written_value(config, key) for key in space}
    params = {key: value for key, value in written.items() if space[key].holds(value)}
    state = optuna.trial.TrialState.FAIL if value is None else optuna.trial.TrialState.COMPLETE
    distributions = {key: _distribution(space[key]) for key in params}
    ended_so = optuna.trial.create_trial(
        state=state, value=value, params=params, distributions=distributions, user_attrs={"seconds": seconds}
    )
    study.add_trial(ended_so)
    return Trial(0, params, value, seconds)


def _next(study: Any, config: RunConfig, space: Space, number: int, count: int) -> Trial:
    import optuna

    study.sampler = _sampler(number, count)
    asked = study.ask({key: _distribution(one) for key, one in space.items()})
    params = _rounded(asked.params, space)
    value, seconds = _measured(vary(config, params))
    asked.set_user_attr("seconds", seconds)
    if value is None:
        study.tell(asked, state=optuna.trial.TrialState.FAIL)
    else:
        study.tell(asked, value)
    return Trial(number, params, value, seconds)


def _sampler(number: int, count: int) -> Any:
    """The same proposals for every pairing as long as there is nothing to learn from."""
    from optuna.samplers import TPESampler

    startup = min(10, max(1, count // 2))
    return TPESampler(
        seed=TUNING_SEED + number, n_startup_trials=startup, multivariate=False, constant_liar=False
    )  # fmt: skip


def _distribution(dimension: Dimension) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution

    if isinstance(dimension, Choice):
        return CategoricalDistribution(dimension.names)
    return FloatDistribution(dimension.low, dimension.high, log=dimension.log)


def _rounded(params: Mapping[str, Any], space: Space) -> dict[str, Any]:
    """Numbers a person can copy, in the order of the space."""
    return {k: float(f"{params[k]:.4g}") if isinstance(params[k], float) else params[k] for k in space if k in params}


def _measured(config: RunConfig) -> tuple[float | None, float]:
    """The best dev metric of a full training, and its seconds; None for one that failed or diverged."""
    start = time.monotonic()
    try:
        value = dev_value(config)
    except FAILURES as error:
        log.info("a trial failed: %s", error)
        value = None
    return value, round(time.monotonic() - start, 3)


def dev_value(config: RunConfig) -> float | None:
    """The primary metric on dev of the best epoch of a training, None where it is undefined; test is not looked at.

    Raises: Diverged.
    """
    prepared, task = prepare(config), task_of(config)
    model = fresh_model(config, prepared).to(pick_device(config.fit.device))
    learner, loss = task.trainee(model, prepared, config)
    state = fit(learner, loss, prepared.stores["train"], recipe_of(config), task.measure(prepared))
    return state.best if math.isfinite(state.best) else None
