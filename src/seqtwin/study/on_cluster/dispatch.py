"""Tasks to workers, one at a time each, and their results to published folders."""

import itertools
import logging
import secrets
import shutil
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, Generic

from seqtwin.build_folders import CHECKPOINTS
from seqtwin.errors import DamagedError, InUseError, SeqTwinError
from seqtwin.files import MANIFEST, publish_file, verify, write_bytes
from seqtwin.run.prepare import DataSets
from seqtwin.study.on_cluster.crew import Crew, scheduler_lost
from seqtwin.study.on_cluster.equipment import Parcel
from seqtwin.study.on_cluster.task import PROGRESS, WARNING, Assignment, Outcome, run_on_worker
from seqtwin.study.worker import Progress
from seqtwin.study.worker_pool import OnProgress, TaskT, Work

if TYPE_CHECKING:
    from distributed import Future

log = logging.getLogger(__name__)

RETRIES = 3
PAUSE = 0.5  # seconds to wait for news
BUSY = 30.0  # seconds until a task starts again whose folder an abandoned worker still has
FETCH = 300.0  # seconds in which the files of a task must arrive
APPEARS = 60.0  # seconds until a file written elsewhere must be visible here: network disks keep old listings


@dataclass(eq=False)
class Attempt(Generic[TaskT]):
    """A task and its history. `died_on`: the hosts of the workers that died with it; `not_before`: when to start it."""

    task: TaskT
    died_on: list[str] = field(default_factory=list)
    not_before: float = 0.0


@dataclass(frozen=True)
class Running(Generic[TaskT]):
    """An attempt on a worker."""

    attempt: Attempt[TaskT]
    worker: str
    host: str
    future: "Future[Outcome]"


class Dispatch(Generic[TaskT]):
    """One kind of tasks on the workers of a crew. `shared`: whether the workers write into `folder`."""

    def __init__(
        self, crew: Crew, work: Work[TaskT], tasks: Sequence[TaskT], folder: Path, on_progress: OnProgress, *,
        shared: bool,
    ) -> None:  # fmt: skip
        self.crew, self.work, self.folder, self.on_progress, self.shared = crew, work, folder, on_progress, shared
        self.waiting = deque(Attempt(task) for task in tasks)
        self.running: dict[str, Running[TaskT]] = {}
        self.of, self.topic = len(tasks), f"seqtwin-{secrets.token_hex(4)}"
        self._news: SimpleQueue[str | Mapping[str, Any]] = SimpleQueue()
        self._logged: set[str] = set()
        self._parcel = Parcel.of(work.data or DataSets())

    def run(self) -> None:
        """Publish all tasks. Raises: the errors of `Crew.look` and of tasks, after which no task is left running."""
        client = self.crew.client
        client.subscribe_topic(self.topic, lambda event: self._news.put(event[1]))
        try:
            self.crew.equip_ready(self._parcel)
            while self.waiting or self.running:
                self.crew.look(self._parcel)
                self._give_up_dead()
                self._hand_out()
                self._hear()
        finally:
            for running in self.running.values():
                running.future.cancel()
            if client.status == "running":
                client.unsubscribe_topic(self.topic)

    def _hand_out(self) -> None:
        """Give a task to each worker without one. No worker gets a second, or its death would count for both."""
        busy = {running.worker for running in self.running.values()}
        free = {worker: facts.host for worker, facts in self.crew.ready.items() if worker not in busy}
        due = (attempt for attempt in list(self.waiting) if attempt.not_before <= time.monotonic())
        for attempt in itertools.islice(due, len(free)):
            # rather on a host where no worker has died with it
            worker = min(free, key=lambda worker: free[worker] in attempt.died_on)
            self.waiting.remove(attempt)
            self._start(attempt, worker, free.pop(worker))

    def _start(self, attempt: Attempt[TaskT], worker: str, host: str) -> None:
        # unique, since Dask takes two tasks with one key for the same; its pages show what is before the first dash
        key = attempt.task.id.replace("-", "_") + f"-{secrets.token_hex(4)}"
        folder = str(self.folder.absolute())
        assignment = Assignment(self.topic, key, self.crew.study, folder, self.shared, self.work.name, self.of)
        future = self.crew.client.submit(
            run_on_worker, self.work.run, attempt.task, attempt.task.id, assignment,
            key=key, workers=[worker], allow_other_workers=False, pure=False, retries=0,
        )  # fmt: skip
        self.running[key] = Running(attempt, worker, host, future)
        future.add_done_callback(lambda _: self._news.put(key))

    def _give_up_dead(self) -> None:
        """Start the tasks of workers that have gone somewhere else."""
        for key, running in list(self.running.items()):
            if running.worker not in self.crew.ready and not running.future.done():
                running.future.cancel()
                self._bury(key)

    def _hear(self) -> None:
        """Wait for news, and act on all there are."""
        try:
            news = self._news.get(timeout=PAUSE)
            while True:
                self._act(news)
                news = self._news.get_nowait()
        except Empty:
            return

    def _act(self, news: str | Mapping[str, Any]) -> None:
        if isinstance(news, str):
            self._end(news)
        elif PROGRESS in news:
            self.on_progress(Progress(**news[PROGRESS]))
        elif (text := news[WARNING]["text"]) not in self._logged:
            self._logged.add(text)
            logging.getLogger(news[WARNING]["name"]).log(news[WARNING]["level"], "%s", text)

    def _end(self, key: str) -> None:
        running = self.running.get(key)
        if running is None:  # it was given up
            return
        if running.future.status == "cancelled":
            raise scheduler_lost()
        if running.future.status == "finished":
            outcome = _result_of(running.future)
            self._take(key, outcome) if outcome else self._bury(key)
        else:
            self._fail(key, running.future.exception())

    def _take(self, key: str, outcome: Outcome) -> None:
        running = self.running[key]
        if outcome.kind != "built":  # its process was replaced by one at the same address
            self.crew.leave(running.worker)
            self._bury(key)
            return
        del self.running[key]
        final = self.folder / running.attempt.task.id
        publish_built(Path(outcome.folder) if self.shared else _written(outcome.files, final), final)
        if outcome.end is not None:
            self.on_progress(replace(outcome.end, of=self.of, work=self.work.name))

    def _fail(self, key: str, error: BaseException | None) -> None:
        """The end of a task with an error that is not one of its training."""
        from distributed import KilledWorker

        if isinstance(error, KilledWorker):
            self._bury(key)
        elif isinstance(error, InUseError):  # an abandoned worker still trains it, up to the end of its epoch
            attempt = self.running.pop(key).attempt
            attempt.not_before = time.monotonic() + BUSY
            self.waiting.append(attempt)
            log.warning("%s is still being built by another worker; trying again in %.0f s", attempt.task.id, BUSY)
        else:
            raise error or scheduler_lost()  # the rest would fail in the same way

    def _bury(self, key: str) -> None:
        """Count a death. The task starts again, or is published as failed after the last retry."""
        running = self.running.pop(key)
        attempt = running.attempt
        attempt.died_on.append(running.host)
        if (deaths := len(attempt.died_on)) <= RETRIES:
            again = f"it starts again ({deaths} of {RETRIES})"
            log.warning("a worker on %s ended while it trained %s; %s", running.host, attempt.task.id, again)
            self.waiting.appendleft(attempt)
            return
        hosts = ", ".join(dict.fromkeys(attempt.died_on))
        cause = f"its worker process died in each of {len(attempt.died_on)} starts, probably out of memory; on {hosts}"
        error = SeqTwinError("WORKER_DIED", cause, place=attempt.task.id)
        status = self.work.fail(attempt.task, self.folder / attempt.task.id, error, self.work.data)
        self.on_progress(Progress(attempt.task.id, 1, 1, done=status, of=self.of, work=self.work.name))


def _result_of(future: "Future[Outcome]") -> Outcome | None:
    """The result of a task that has ended; None where it was lost with its worker.

    Raises: ResourceError where the scheduler is lost.
    """
    from distributed import CancelledError, TimeoutError

    try:
        return future.result(timeout=FETCH)
    except TimeoutError:
        return None
    except (OSError, CancelledError) as error:
        raise scheduler_lost() from error


def publish_built(folder: Path, final: Path, *, wait: Callable[[float], None] = time.sleep) -> None:
    """Publish a folder that a worker has built and sealed.

    Raises: DamagedError where a file is not as the worker sealed it; ConfigError when `final` exists; ResourceError.
    """
    end = time.monotonic() + APPEARS
    while not (folder / MANIFEST).exists() and time.monotonic() < end:
        wait(PAUSE)
    verify(folder)
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    publish_file(folder, final)


def _written(files: Mapping[str, bytes], final: Path) -> Path:
    """The files of a task in a folder next to its final place."""
    folder = final.with_name(f".{final.name}.build-{secrets.token_hex(4)}")
    for name, content in files.items():
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise DamagedError("FILE_DAMAGED", "a worker returned a path outside of its folder", place=name)
        write_bytes(folder / name, content)
    return folder
