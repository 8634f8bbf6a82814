"""Worker processes that run tasks. A process that dies does not affect the other tasks."""

import logging
import math
import multiprocessing
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_processes
from multiprocessing.context import SpawnContext
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Empty
from typing import Generic, Protocol, TypeVar

from seqtwin.errors import SeqTwinError
from seqtwin.run.prepare import DataSets
from seqtwin.study.main_guard import check_program, program_fault, reported, unguarded
from seqtwin.study.parent_watch import serve_until_driver_ends
from seqtwin.study.worker import Events, Progress, run_task, start_worker, working_here

OnProgress = Callable[[Progress], None]
GRACE = 30.0  # seconds for the last step of a worker and its checkpoint


class Task(Protocol):
    """Something that is published as a folder with this name."""

    @property
    def id(self) -> str:
        """The name of the folder."""


TaskT = TypeVar("TaskT", bound=Task)


@dataclass(frozen=True)
class Work(Generic[TaskT]):
    """A kind of task.

    `run(task, folder, data)` publishes a task under `folder`; `fail(task, final, error, data)` publishes its error as
    the folder `final`. Both return its status. `data`: the prepared data of all tasks; None where each worker reads
    its own.
    """

    name: str
    run: Callable[[TaskT, Path, DataSets | None], str]
    fail: Callable[[TaskT, Path, Exception, DataSets | None], str]
    data: DataSets | None = None


class TimeUp(BaseException):
    """Raised when the time of a pool is up. Its tasks were ended, and those that had not finished are unpublished."""


def run_all(
    work: Work[TaskT],
    tasks: Sequence[TaskT],
    folder: Path,
    workers: int,
    on_progress: OnProgress,
    *,
    until: float = math.inf,
) -> None:
    """Publish all tasks under `folder`, with as many at a time as there are workers.

    A single worker is this process itself if other processes could not import the program. `until`: the time of
    `time.monotonic()` at which the tasks that still run are ended.

    Raises: TimeUp; MainGuardError; ResourceError and the other errors of a worker, after which all workers end.
    """
    check_program(workers)
    if program_fault() is not None:
        run_here(work, tasks, folder, on_progress, until=until)
        return
    left = list(tasks)
    while left:
        run_some(work, left, folder, min(workers, len(left)), on_progress, of=len(tasks), until=until)
        left = _missing(left, folder)
        if left:  # a process died and ended its pool: only a task that runs alone can be blamed for that
            _run_alone(work, left[0], folder, on_progress, of=len(tasks))
            left = _missing(left, folder)


def run_here(
    work: Work[TaskT], tasks: Sequence[TaskT], folder: Path, on_progress: OnProgress, *, until: float = math.inf
) -> None:
    """Run all tasks in this process, one after the other. A task that kills the process ends the study.

    Raises: TimeUp at the end of an epoch; the errors of a task that is not published.
    """

    def pass_on(progress: Progress) -> None:
        on_progress(progress)
        if time.monotonic() > until:
            raise TimeUp

    with working_here(pass_on, len(tasks), work.name):
        for task in tasks:
            work.run(task, folder, work.data)


def _missing(tasks: Sequence[TaskT], folder: Path) -> list[TaskT]:
    return [task for task in tasks if not (folder / task.id).exists()]


def _run_alone(work: Work[TaskT], task: TaskT, folder: Path, on_progress: OnProgress, *, of: int) -> None:
    run_some(work, [task], folder, 1, on_progress, of=of)
    if _missing([task], folder):
        cause = "the worker process died even when it ran alone, probably out of memory"
        error = SeqTwinError("WORKER_DIED", cause, place=task.id)
        status = work.fail(task, folder / task.id, error, work.data)
        on_progress(Progress(task.id, 1, 1, done=status, of=of, work=work.name))


def run_some(
    work: Work[TaskT],
    tasks: Sequence[TaskT],
    folder: Path,
    workers: int,
    on_progress: OnProgress,
    *,
    of: int,
    until: float = math.inf,
) -> None:
    """Run these tasks in one pool. Where a process dies, its task and all later ones are left unpublished.

    Raises: TimeUp.
    """
    context = multiprocessing.get_context("spawn")
    with _manager(context) as manager:
        events = manager.Queue()
        setup = (events, 1, of, work.name, work.data)
        with ProcessPoolExecutor(workers, context, start_worker, setup) as pool:
            try:
                _watch([pool.submit(run_task, work.run, task, folder) for task in tasks], events, on_progress, until)
            except BaseException:
                _stop(pool)
                raise


def _manager(context: SpawnContext) -> SyncManager:
    manager = SyncManager(ctx=context)
    try:
        manager.start(serve_until_driver_ends)
    except EOFError as error:  # mostly because the program is not guarded in a way that `check_program` notices
        raise reported(unguarded("no worker process could start")) from error
    return manager


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers. One that trains ends its step and writes a checkpoint first; after a while it is killed."""
    workers = {worker.sentinel: worker for worker in (pool._processes or {}).values()}
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers.values():
        worker.terminate()
    end = time.monotonic() + GRACE
    while workers and (left := end - time.monotonic()) > 0:
        for ended in wait_for_processes(list(workers), timeout=min(left, GRACE)):
            if isinstance(ended, int):
                del workers[ended]
    for worker in workers.values():
        worker.kill()


def _watch(futures: Sequence[Future[str]], events: Events, on_progress: OnProgress, until: float) -> None:
    logged: set[str] = set()
    left = set(futures)
    while left:
        done, left = wait(left, timeout=0.2)
        _drain(events, on_progress, logged)
        for future in done:
            error = future.exception()
            if error is not None and not isinstance(error, BrokenProcessPool):
                raise error  # the rest would fail in the same way
        if left and time.monotonic() > until:
            raise TimeUp


def _drain(events: Events, on_progress: OnProgress, logged: set[str]) -> None:
    """Pass on the reports of the workers, and each warning once: `logged` are the warnings so far."""
    while True:
        try:
            event = events.get_nowait()
        except Empty:
            return
        if not isinstance(event, logging.LogRecord):
            on_progress(event)
        elif event.getMessage() not in logged:
            logged.add(event.getMessage())
            logging.getLogger(event.name).handle(event)
