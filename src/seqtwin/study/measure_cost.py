"""The seconds that the trainings of a study take, measured on some steps of each pairing."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import fmean

import torch

from seqtwin.config import RunConfig
from seqtwin.run.begin import recipe_of
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.objectives.registry import objective_of
from seqtwin.run.prepare import DataSets
from seqtwin.run.prepared_data import Ready
from seqtwin.study.grid import StudyCell
from seqtwin.study.quick_plan import Cost
from seqtwin.training.clock import elapsed
from seqtwin.training.fit import pick_device, time_steps
from seqtwin.training.run_state import Criterion, Diverged, Trainee

STEPS = 4
_FIXED = 1.5  # seconds of a study cell for its model, tables and files
_STARTED = 4.0  # seconds in which a worker process starts on an idle machine
_EVALUATIONS = 4  # of the judged rows: untrained, trained, other representations, diagnostics


@dataclass(frozen=True)
class _Started:
    """A model before its training, with its loss and data."""

    learner: Trainee
    loss: Criterion
    config: RunConfig
    prepared: Ready


def measure_cost(cells: Sequence[StudyCell], data: DataSets) -> Cost:
    """The mean cost of the trainings of these cells, one for each pairing. A pairing that diverges is left out."""
    with _as_in_a_worker() as clock:
        started = [_start(cell.config, data.prepare(cell.config)) for cell in cells]
        first = started[0]
        dev, watched = _seconds_of_epoch_end(first)
        step = _step(started)
    sizes = {split: len(store) for split, store in first.prepared.stores.items()}
    rest = _FIXED + _EVALUATIONS * dev * (1 + sizes["test"] / sizes["dev"])
    fit = first.config.fit
    epochs = round(fmean(one.config.fit.epochs for one in started))
    return Cost(step, dev + watched, rest, _STARTED * clock.load, sizes["train"], fit.batch, epochs)


@dataclass
class _Clock:
    """`load`: seconds on the wall for each second of the processor, at least 1. Other programs raise it."""

    load: float = 1.0


@contextmanager
def _as_in_a_worker() -> Iterator[_Clock]:
    """Compute with one thread, as worker processes do, and measure how busy the machine is."""
    threads, clock = torch.get_num_threads(), _Clock()
    wall, processor = time.monotonic(), time.process_time()
    torch.set_num_threads(1)
    try:
        yield clock
    finally:
        torch.set_num_threads(threads)
        clock.load = max(1.0, (time.monotonic() - wall) / max(1e-3, time.process_time() - processor))


def _start(config: RunConfig, prepared: Ready) -> _Started:
    objective = objective_of(config)
    model = fresh_model(config, prepared).to(pick_device(config.fit.device))
    learner, loss = objective.trainee(model, prepared, config)
    return _Started(learner, loss, config, prepared)


def _seconds_of_epoch_end(one: _Started) -> tuple[float, float]:
    """Seconds for measuring dev, and for watching the training rows. The first call loads code and is not counted."""
    objective = objective_of(one.config)
    measure, watch = objective.measure(one.prepared), objective.watch(one.prepared, recipe_of(one.config))
    return _seconds(lambda: measure(one.learner)), _seconds(lambda: watch(one.learner, one.loss))


def _seconds(call: Callable[[], object]) -> float:
    call()
    start = time.monotonic()
    call()
    return elapsed(start)


def _step(started: Sequence[_Started]) -> float:
    """Seconds of a step: the mean over all pairings that can be trained."""
    known = [seconds for one in started if (seconds := _step_of(one)) is not None]
    return fmean(known) if known else 0.0


def _step_of(one: _Started) -> float | None:
    try:
        return time_steps(one.learner, one.loss, one.prepared.stores["train"], recipe_of(one.config), STEPS)
    except Diverged:
        return None
