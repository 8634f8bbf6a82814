"""How long the rest of a plan will take, from the seconds of what is published: of the same pairing where known."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean

from seqtwin.progress.work_status import Stage, Task, TimeLeft

LEAST_SHARE = 0.05  # of a training that is measured while it runs: its first epochs are slower than the others


@dataclass(frozen=True)
class _Measured:
    """The seconds of one full training, measured on a task. `stage`: its kind."""

    stage: str
    pairing: str
    seconds: float
    cpu_seconds: float | None


@dataclass(frozen=True)
class _Rest:
    """The seconds that a task still takes. `is_own`: estimated from its own pairing."""

    seconds: float
    cpu_seconds: float | None
    is_own: bool


def time_left(stages: Sequence[Stage], processes: int) -> TimeLeft | None:
    """The estimated time left with this many processes; None where nothing is left or nothing was measured.

    A task costs the mean of its kind and pairing; where there is none, that of its pairing or of its kind; else the
    mean of all.
    """
    measured = [found for stage in stages for task in stage.tasks for found in _measure(stage, task)]
    rests = [_rest(stage, task, measured) for stage in stages for task in _open_tasks(stage)] if measured else []
    if not rests:
        return None
    work, longest = sum(rest.seconds for rest in rests), max(rest.seconds for rest in rests)
    cpu = [rest.cpu_seconds for rest in rests]
    return TimeLeft(
        max(work / processes, longest), work, None if None in cpu else sum(filter(None, cpu)), processes,
        _basis(rests, len(measured), processes),
    )  # fmt: skip


def _measure(stage: Stage, task: Task) -> Iterator[_Measured]:
    """The seconds of one training, from a task that is done or was begun."""
    share = 1.0 if task.state == "done" else task.share
    if task.state == "failed" or not task.seconds or share < LEAST_SHARE:
        return
    trainings = share * stage.trainings
    cpu = None if task.cpu_seconds is None else task.cpu_seconds / trainings
    yield _Measured(stage.work, task.pairing, task.seconds / trainings, cpu)


def _open_tasks(stage: Stage) -> list[Task]:
    return [task for task in stage.tasks if task.state in ("running", "left")] + [Task("")] * stage.unnamed


def _rest(stage: Stage, task: Task, measured: Sequence[_Measured]) -> _Rest:
    own = [one for one in measured if one.pairing == task.pairing]
    alike = [one for one in measured if one.stage == stage.work]
    both = [one for one in own if one.stage == stage.work]
    used = both or own or alike or measured
    trainings = (1 - task.share) * stage.trainings
    cpu = [one.cpu_seconds for one in used if one.cpu_seconds is not None]
    return _Rest(
        trainings * fmean(one.seconds for one in used),
        trainings * fmean(cpu) if cpu else None,
        bool(task.pairing and own),
    )


def _basis(rests: Sequence[_Rest], measured: int, processes: int) -> str:
    own = sum(rest.is_own for rest in rests)
    others = "" if own == len(rests) else f", {len(rests) - own:,} from the mean of all"
    count = f"the seconds of {measured:,} task{'s' * (measured != 1)}"
    return f"{count}: {own:,} of the {len(rests):,} left from their own pairing{others}" + (
        f"; {processes} run at a time" if processes > 1 else ""
    )


def rounded(seconds: float) -> str:
    """A duration in words, with two units at most.

    >>> rounded(42), rounded(150), rounded(7300), rounded(200000)
    ('42 s', '3 min', '2 h 2 min', '2 days 8 h')
    """
    if seconds < 100:
        return f"{math.ceil(seconds)} s"
    minutes = math.floor(seconds / 60 + 0.5)
    if minutes < 90:
        return f"{minutes} min"
    if minutes < 36 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = math.floor(minutes / 60 + 0.5)
    return f"{hours // 24} days {hours % 24} h"
