"""The work of a worker of a cluster: it builds one task at a time, and never writes a name of the published study."""

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

from seqtwin.guards.handed_over import building_for, handing_over
from seqtwin.run.prepare import DataSets
from seqtwin.study.on_cluster.equipment import data_of
from seqtwin.study.worker import Progress, working_here

TaskT = TypeVar("TaskT")
Run = Callable[[TaskT, Path, DataSets | None], str]
PROGRESS, WARNING = "progress", "warning"


class Abandoned(BaseException):
    """Raised in a training that the driver does not wait for any more. Its last checkpoint stays."""


@dataclass(frozen=True)
class Assignment:
    """The place of a task in its study.

    `topic`: where to report; `key`: of the task in Dask; `study`: whose data it needs; `folder`: of the driver, where
    it will be; `shared`: whether the worker has that folder; `work`, `of`: as in `Progress`.
    """

    topic: str
    key: str
    study: str
    folder: str
    shared: bool
    work: str
    of: int


@dataclass(frozen=True)
class Outcome:
    """The end of a task. `built`: in `folder`, or in `files`, by relative path. `unequipped`: this process has no data.
    `abandoned`: nobody waits for it. `end`: what the driver reports once the task is published."""

    kind: Literal["built", "unequipped", "abandoned"]
    folder: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)
    end: Progress | None = None


def run_on_worker(run: Run[TaskT], task: TaskT, name: str, assignment: Assignment) -> Outcome:
    """Build a task. `name`: of its folder. Raises: what `run` raises."""
    from distributed import get_worker

    worker, data = get_worker(), data_of(assignment.study)
    if data is None:
        return Outcome("unequipped")

    ended: list[Progress] = []

    def tell(progress: Progress) -> None:
        if _is_abandoned(worker, assignment.key):
            raise Abandoned
        if progress.done:
            ended.append(progress)
            return
        metric = None if progress.metric is None else float(progress.metric)  # plain numbers can be sent
        worker.log_event(assignment.topic, {PROGRESS: {**asdict(progress), "metric": metric}})

    try:
        with _warnings_to(worker, assignment.topic), working_here(tell, assignment.of, assignment.work):
            build = _build_in if assignment.shared else _build_apart
            outcome = build(run, task, name, data, assignment.folder)
    except Abandoned:
        return Outcome("abandoned")
    return replace(outcome, end=ended[-1] if ended else None)


def _is_abandoned(worker: Any, key: str) -> bool:
    """Whether the driver has cancelled the task, or has ended."""
    state = worker.state.tasks.get(key)
    return state is None or state.state not in ("executing", "long-running")


def _build_in(run: Run[TaskT], task: TaskT, _name: str, data: DataSets, folder: str) -> Outcome:
    """Build a task next to its final place, for the driver to publish."""
    with handing_over(Path(folder)) as built:
        run(task, Path(folder), data)
    return Outcome("built", str(built[-1]))


def _build_apart(run: Run[TaskT], task: TaskT, name: str, data: DataSets, folder: str) -> Outcome:
    """Build a task in a folder of this worker, and return its files."""
    from distributed import get_worker

    with tempfile.TemporaryDirectory(dir=get_worker().local_directory, prefix="seqtwin-") as own:
        with building_for(Path(own), folder):
            run(task, Path(own), data)
        return Outcome("built", files=_files_in(Path(own) / name))


def _files_in(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class _Sender(logging.Handler):
    """Sends warnings to the driver, which prints each once."""

    def __init__(self, worker: Any, topic: str) -> None:
        super().__init__(logging.WARNING)
        self.worker, self.topic = worker, topic

    def emit(self, record: logging.LogRecord) -> None:
        message = {"name": record.name, "level": record.levelno, "text": record.getMessage()}
        self.worker.log_event(self.topic, {WARNING: message})


@contextmanager
def _warnings_to(worker: Any, topic: str) -> Iterator[None]:
    logger, sender = logging.getLogger("seqtwin"), _Sender(worker, topic)
    passes_on, logger.propagate = logger.propagate, False
    logger.addHandler(sender)
    try:
        yield
    finally:
        logger.removeHandler(sender)
        logger.propagate = passes_on
