"""What a worker process does: one study cell after another, each published or published as failed."""

import logging
import os
from dataclasses import dataclass, replace
from logging.handlers import QueueHandler
from pathlib import Path
from typing import Any

import torch

from seqtwin.config import portable
from seqtwin.errors import SeqTwinError
from seqtwin.files import publish_folder, write_text
from seqtwin.run.manifest import config_text, manifest, status_of
from seqtwin.run.prepare import prepare
from seqtwin.run.train import run_into
from seqtwin.study.grid import StudyCell
from seqtwin.study.parent_watch import end_with_driver
from seqtwin.training.fit import RunState

_events: Any = None
_of = 0
_work = ""


@dataclass(frozen=True)
class Progress:
    """Where one task stands: epoch 0 when it starts, `done` when it is published.

    A task is a study cell, or the tuning of a pairing, whose epochs are its trials. `work`: which of the two, `of`: how
    many of them are to be done.
    """

    cell: str
    epoch: int
    epochs: int
    metric: float | None = None
    done: str = ""
    of: int = 0
    work: str = "study cells"


def start_worker(events: Any, threads: int, of: int, work: str) -> None:
    """Set up a fresh process: where it reports to, how many threads it may take, how many tasks there are in all."""
    global _events, _of, _work
    _events, _of, _work = events, of, work
    end_with_driver()
    # what a part warns of goes to the driver, which says it once and not once a study cell
    warnings = logging.getLogger("seqtwin")
    warnings.addHandler(QueueHandler(events))
    warnings.propagate = False
    # tokenizers starts threads of its own, one a core, in every process
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(threads)


def run_cell(cell: StudyCell, folder: Path) -> str:
    """Train one study cell and publish it under `folder`; its status. What fails is published as failed."""
    tell(Progress(cell.id, 0, cell.config.fit.epochs))
    try:
        status = _trained(cell, folder / cell.id)
    except Exception as error:
        if (folder / cell.id).exists():
            raise
        status = publish_failed(cell, folder / cell.id, error)
    tell(Progress(cell.id, cell.config.fit.epochs, cell.config.fit.epochs, done=status))
    return status


def _trained(cell: StudyCell, final: Path) -> str:
    with publish_folder(final) as building:
        building.manifest["id"] = cell.id
        run_into(building, cell.config, prepare(cell.config), cell.factors, on_epoch=lambda state: _epoch(cell, state))
        building.manifest["tuning"] = cell.tuning and dict(cell.tuning)
    return str(building.manifest["status"])


def publish_failed(cell: StudyCell, final: Path, error: Exception) -> str:
    """Publish the study cell with its error as its evidence; its status."""
    known = (
        error if isinstance(error, SeqTwinError) else SeqTwinError("CELL_FAILED", f"{type(error).__name__}: {error}")
    )
    status = status_of(error)
    with publish_folder(final) as building:
        write_text(building.folder / "config.yaml", config_text(portable(cell.config, building.folder)))
        prepared = prepare(cell.config)
        building.manifest["id"] = cell.id
        building.manifest.update(
            manifest(cell.config, prepared, cell.factors, status, device="", seconds={}, error=known)
        )
        building.manifest["tuning"] = cell.tuning and dict(cell.tuning)
    return status


def _epoch(cell: StudyCell, state: RunState) -> None:
    tell(Progress(cell.id, state.epoch, cell.config.fit.epochs, state.history[-1]["dev"]))


def tell(progress: Progress) -> None:
    """Report to the driver, where there is one."""
    if _events is not None:
        _events.put(replace(progress, of=_of, work=_work))
