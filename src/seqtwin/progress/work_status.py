"""The record that `seqtwin.status` returns: what is done, running, failed and left, and which process works on it."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from seqtwin.progress.driver import Driver

if TYPE_CHECKING:
    import pandas as pd

State = Literal["done", "running", "failed", "left"]
STATES: tuple[State, ...] = ("done", "running", "failed", "left")
Outcome = Literal["running", "unknown", "interrupted", "finished"]


def outcome_of(driver: Driver) -> Outcome:
    """The outcome of work that is not complete."""
    return {"running": "running", "stopped": "interrupted", "unknown": "unknown"}[driver.state]  # type: ignore[return-value]


@dataclass(frozen=True)
class Task:
    """One piece of work, such as a study cell. `pairing`: its id without the seed.

    `state`: `left` also for one that was begun and is not running. `result`: the status as published; `reason`,
    `remedy`: of a failure. `share`: the part of it that is finished, in [0, 1]; `note`: the same in words. `seconds`,
    `cpu_seconds`: wall time and CPU time so far, None where unknown. `published`: when, in seconds since 1970.
    """

    id: str
    state: State = "left"
    pairing: str = ""
    result: str = ""
    reason: str = ""
    remedy: str = ""
    share: float = 0.0
    note: str = ""
    seconds: float | None = None
    cpu_seconds: float | None = None
    published: float | None = None


@dataclass(frozen=True)
class Stage:
    """Tasks of one kind. `work`: their name in the plural; `of`: their number, also of those without a name yet.

    `trainings`: what one task costs, in full trainings: a tuning takes as many as it has trials.
    """

    work: str
    tasks: tuple[Task, ...]
    of: int
    trainings: float = 1.0

    def count(self, state: State) -> int:
        """The number of tasks in a state."""
        named = sum(task.state == state for task in self.tasks)
        return named + (self.unnamed if state == "left" else 0)

    @property
    def unnamed(self) -> int:
        """The tasks that have no name yet. They are left."""
        return max(0, self.of - len(self.tasks))

    @property
    def share(self) -> float:
        """The part of the work that is finished, in [0, 1]."""
        ended = sum(1.0 if task.state in ("done", "failed") else task.share for task in self.tasks)
        return ended / self.of if self.of else 1.0


@dataclass(frozen=True)
class TimeLeft:
    """Estimated time left. `seconds`: wall time with as many `processes`; `work_seconds`: of one process alone;
    `cpu_seconds`: CPU time, None where unknown; `basis`: what the estimate rests on."""

    seconds: float
    work_seconds: float
    cpu_seconds: float | None
    processes: int
    basis: str


@dataclass(frozen=True)
class Failure:
    """Tasks that failed for one reason. `result`: their published status."""

    result: str
    reason: str
    remedy: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, repr=False)
class Status:
    """Progress of the work on a folder or file, as `seqtwin status` prints it.

    `kind`: what it is, such as "study"; `outcome`: `running`, `interrupted`, `finished`, or `unknown` for the work of a
    process on another machine; `summary`: both in a sentence. `stages`: the tasks by kind, in the order in which they
    are run. `left`: estimated time left, None where there is none or nothing to estimate it from. `again`: the command
    that continues it, or comes next; empty where there is none. `notes`: what else to know.
    """

    path: Path
    kind: str
    outcome: Outcome
    summary: str
    stages: tuple[Stage, ...] = ()
    driver: Driver = field(default_factory=Driver)
    left: TimeLeft | None = None
    last: float | None = None
    again: str = ""
    notes: tuple[str, ...] = ()

    @property
    def counts(self) -> dict[State, int]:
        """The number of tasks of all kinds in each state."""
        return {state: sum(stage.count(state) for stage in self.stages) for state in STATES}

    @property
    def failures(self) -> list[Failure]:
        """The failed tasks by reason, the most frequent first."""
        failed = [task for task in self._tasks() if task.state == "failed"]
        reasons = Counter((task.result, task.reason, task.remedy) for task in failed)
        return [
            Failure(*key, tuple(task.id for task in failed if (task.result, task.reason, task.remedy) == key))
            for key, _ in reasons.most_common()
        ]

    def _tasks(self) -> Iterator[Task]:
        for stage in self.stages:
            yield from stage.tasks

    @property
    def frame(self) -> "pd.DataFrame":
        """One row per task: its kind, id, pairing, state, result, reason, share, seconds, and when it was published."""
        import pandas as pd

        rows = [{"work": stage.work, **vars(task)} for stage in self.stages for task in stage.tasks]
        frame = pd.DataFrame(rows, columns=["work", *Task.__dataclass_fields__])
        frame["published"] = pd.to_datetime(frame["published"].astype("float64"), unit="s", utc=True)
        return frame

    def as_dict(self) -> dict[str, object]:
        """The status as JSON, without the tasks that are only planned."""
        return {
            "path": str(self.path), "kind": self.kind, "outcome": self.outcome, "summary": self.summary,
            "counts": self.counts,
            "stages": [
                {"work": one.work, "of": one.of, **{state: one.count(state) for state in STATES}} for one in self.stages
            ],
            "running": [vars(task) for task in self._tasks() if task.state == "running"],
            "failures": [{**vars(failure), "tasks": list(failure.tasks)} for failure in self.failures],
            "driver": vars(self.driver), "last_published": self.last, "left": self.left and vars(self.left),
            "again": self.again, "notes": list(self.notes),
        }  # fmt: skip

    def __repr__(self) -> str:
        return f"Status('{self.path}': {self.summary})"
