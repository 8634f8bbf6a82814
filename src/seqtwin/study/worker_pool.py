"""Worker processes: one task after another, each published; a process that dies takes no other task with it."""

import logging
import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.context import SpawnContext
from multiprocessing.managers import SyncManager
from pathlib import Path
from queue import Empty
from typing import Any, Protocol

from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.study.parent_watch import end_with_driver
from seqtwin.study.worker import Progress, start_worker

OnProgress = Callable[[Progress], None]


class Task(Protocol):
    """Something to be published as a folder of this name."""

    @property
    def id(self) -> str:
        """The name of its folder."""


@dataclass(frozen=True)
class Work:
    """What workers do with tasks: `run(task, folder)` publishes one, `fail` publishes that it could not be done."""

    name: str
    run: Callable[[Any, Path], str]
    fail: Callable[[Any, Path, Exception], str]


def run_all(work: Work, tasks: Sequence[Task], folder: Path, workers: int, on_progress: OnProgress) -> None:
    """All tasks published under `folder`, as many at a time as there are workers."""
    left = list(tasks)
    while left:
        run_some(work, left, folder, min(workers, len(left)), on_progress, of=len(tasks))
        left = _missing(left, folder)
        if left:  # a process died and took the pool with it: only alone can a task be blamed for that
            _run_alone(work, left[0], folder, on_progress, of=len(tasks))
            left = _missing(left, folder)


def _missing(tasks: Sequence[Task], folder: Path) -> list[Task]:
    return [task for task in tasks if not (folder / task.id).exists()]


def _run_alone(work: Work, task: Task, folder: Path, on_progress: OnProgress, *, of: int) -> None:
    run_some(work, [task], folder, 1, on_progress, of=of)
    if _missing([task], folder):
        cause = "its process died, alone too; the likely cause is memory"
        status = work.fail(task, folder / task.id, SeqTwinError("WORKER_DIED", cause, place=task.id))
        on_progress(Progress(task.id, 1, 1, done=status, of=of, work=work.name))


def run_some(
    work: Work, tasks: Sequence[Task], folder: Path, workers: int, on_progress: OnProgress, *, of: int
) -> None:
    """One pool for these tasks; those of a process that dies, and all after them, stay undone."""
    context = multiprocessing.get_context("spawn")
    with _manager(context) as manager:
        events = manager.Queue()
        with ProcessPoolExecutor(workers, context, start_worker, (events, 1, of, work.name)) as pool:
            try:
                _watch([pool.submit(work.run, task, folder) for task in tasks], events, on_progress)
            except BaseException:
                _stop(pool)
                raise


def _manager(context: SpawnContext) -> SyncManager:
    manager = SyncManager(ctx=context)
    try:
        manager.start(end_with_driver)
    except EOFError as error:
        remedy = 'in a script, call this under `if __name__ == "__main__":`, since workers import the script'
        raise ConfigError("WORKER_START", "no worker process could start", remedy=remedy) from error
    return manager


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers now: what they build has no name yet. (Python 3.14 has `terminate_workers` for this.)"""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()


def _watch(futures: list[Future[str]], events: Any, on_progress: OnProgress) -> None:
    said: set[str] = set()
    while True:
        done = wait(futures, timeout=0.2).not_done == set()
        _drain(events, on_progress, said)
        if done:
            break
    for future in futures:
        error = future.exception()
        if error is not None and not isinstance(error, BrokenProcessPool):
            raise error


def _drain(events: Any, on_progress: OnProgress, said: set[str]) -> None:
    """Hand on what the workers report; a warning that was `said` before is not said again."""
    while True:
        try:
            event = events.get_nowait()
        except Empty:
            return
        if not isinstance(event, logging.LogRecord):
            on_progress(event)
        elif event.getMessage() not in said:
            said.add(event.getMessage())
            logging.getLogger(event.name).handle(event)
