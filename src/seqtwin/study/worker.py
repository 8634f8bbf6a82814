"""The work of a worker process: train one study cell after another and publish each, a failed one too."""

import logging
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Protocol, TypeVar

import torch

from seqtwin.errors import InUseError, SeqTwinError
from seqtwin.files import publish_folder
from seqtwin.interrupts import Leave
from seqtwin.place_faults import refuse_place_fault
from seqtwin.run.manifest import manifest, status_of, write_remains
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import run_into
from seqtwin.study.grid import StudyCell
from seqtwin.study.parent_watch import end_with_driver
from seqtwin.training.run_state import RunState

TaskT = TypeVar("TaskT")


@dataclass(frozen=True)
class Progress:
    """The progress of one task: epoch 0 when it starts, `done` (its status) when it is published.

    A task is a study cell, or the tuning of a pairing, where `epoch` counts trials. `work`: which of the two. `of`: the
    number of tasks in all.
    """

    cell: str
    epoch: int
    epochs: int
    metric: float | None = None
    done: str = ""
    of: int = 0
    work: str = "study cells"


class Events(Protocol):
    """The queue from the workers to the driver: progress, and log records of warnings."""

    def put(self, event: Progress | logging.LogRecord) -> None: ...

    def put_nowait(self, event: Progress | logging.LogRecord) -> None: ...

    def get(self) -> Progress | logging.LogRecord: ...

    def get_nowait(self) -> Progress | logging.LogRecord: ...


@dataclass
class WorkerState:
    """The settings from the driver: where to report (None in the driver itself), the number of tasks in all, their
    kind, and the data of the study."""

    events: Callable[[Progress], None] | None = None
    of: int = 0
    work: str = ""
    data: DataSets | None = None


_state = WorkerState()


def start_worker(events: Events, threads: int, of: int, work: str, data: DataSets | None) -> None:
    """Set up a fresh process.

    `events`: the queue to report to; `threads`: how many it may use; `of`: the number of tasks in all; `work`: their
    kind; `data`: the prepared data, None where each process reads its own.
    """
    _state.events, _state.of, _state.work, _state.data = events.put, of, work, data or DataSets()
    end_with_driver()
    signal.signal(signal.SIGTERM, Leave())
    # warnings go to the driver, which prints each once and not once per study cell
    warnings = logging.getLogger("seqtwin")
    warnings.addHandler(QueueHandler(events))
    warnings.propagate = False
    # tokenizers starts threads of its own, one per core, in every process
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(threads)


@contextmanager
def working_here(events: Callable[[Progress], None], of: int, work: str) -> Iterator[None]:
    """Make the driver a worker for a while, with one thread. The arguments are those of `start_worker`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    _state.events, _state.of, _state.work = events, of, work
    try:
        yield
    finally:
        _state.events = None
        torch.set_num_threads(threads)


def run_task(run: Callable[[TaskT, Path, DataSets | None], str], task: TaskT, folder: Path) -> str:
    """Run a task with the data of this worker; its status."""
    return run(task, folder, _state.data)


def run_cell(cell: StudyCell, folder: Path, data: DataSets | None = None) -> str:
    """Train one study cell and publish it under `folder`, with its error where it fails; its status.

    It continues from a checkpoint that an interrupted process left. `data`: the prepared data of the study; None reads
    them. Raises: ResourceError for a fault of the place, such as a full disk; then nothing is published.
    """
    data = data or DataSets()
    report(Progress(cell.id, 0, cell.config.fit.epochs))
    try:
        status = _train(cell, folder / cell.id, data)
    except InUseError:
        raise
    except Exception as error:
        if (folder / cell.id).exists():
            raise
        refuse_place_fault(error)
        status = publish_failed(cell, folder / cell.id, error, data)
    report(Progress(cell.id, cell.config.fit.epochs, cell.config.fit.epochs, done=status))
    return status


def _train(cell: StudyCell, final: Path, data: DataSets) -> str:
    prepared = data.prepare(cell.config)
    with publish_folder(final, resume=True) as building:
        building.manifest["id"] = cell.id
        run_into(
            *(building, cell.config, prepared, cell.factors), start_over=True,
            on_epoch=lambda state: _report_epoch(cell, state),
        )  # fmt: skip
        building.manifest["tuning"] = cell.tuning and dict(cell.tuning)
    return str(building.manifest["status"])


def publish_failed(cell: StudyCell, final: Path, error: Exception, data: DataSets | None = None) -> str:
    """Publish the study cell with its error; its status."""
    cause = f"{type(error).__name__}: {error}"
    known = error if isinstance(error, SeqTwinError) else SeqTwinError("CELL_FAILED", cause)
    status = status_of(error)
    with publish_folder(final) as building:
        prepared = (data or DataSets()).prepare(cell.config)
        write_remains(building.folder, cell.config, prepared, error)
        building.manifest["id"] = cell.id
        building.manifest.update(
            manifest(cell.config, prepared, cell.factors, status, device="", seconds={}, cpu_seconds={}, error=known)
        )
        building.manifest["tuning"] = cell.tuning and dict(cell.tuning)
    return status


def _report_epoch(cell: StudyCell, state: RunState) -> None:
    report(Progress(cell.id, state.epoch, cell.config.fit.epochs, state.history[-1]["dev"]))


def report(progress: Progress) -> None:
    """Report to the driver, where there is one."""
    if _state.events is not None:
        with suppress(OSError, EOFError):  # the driver has ended, and this process ends with it
            _state.events(replace(progress, of=_state.of, work=_state.work))
