"""What a worker process does: one study cell after another, each published or published as failed."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from seqtwin.config import portable
from seqtwin.errors import SeqTwinError
from seqtwin.files import publish_folder, write_text
from seqtwin.study.following import end_with_driver
from seqtwin.study.grid import StudyCell
from seqtwin.study.identity import config_text, manifest, status_of
from seqtwin.study.prepare import prepare
from seqtwin.study.run import run_into
from seqtwin.training.fit import RunState

_events: Any = None
_cells = 0


@dataclass(frozen=True)
class Progress:
    """Where one study cell stands: epoch 0 when it starts, `done` when it is published; `of`: cells to be trained."""

    cell: str
    epoch: int
    epochs: int
    metric: float | None = None
    done: str = ""
    of: int = 0


def start_worker(events: Any, threads: int, cells: int) -> None:
    """Set up a fresh process: where it reports to, how many threads it may take, how many cells all have to train."""
    global _events, _cells
    _events, _cells = events, cells
    end_with_driver()
    # tokenizers starts threads of its own, one a core, in every process
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    torch.set_num_threads(threads)


def run_cell(cell: StudyCell, folder: Path) -> str:
    """Train one study cell and publish it under `folder`; its status. What fails is published as failed."""
    _tell(Progress(cell.id, 0, cell.config.fit.epochs))
    try:
        status = _trained(cell, folder / cell.id)
    except Exception as error:
        if (folder / cell.id).exists():
            raise
        status = publish_failed(cell, folder / cell.id, error)
    _tell(Progress(cell.id, cell.config.fit.epochs, cell.config.fit.epochs, done=status))
    return status


def _trained(cell: StudyCell, final: Path) -> str:
    with publish_folder(final) as building:
        building.manifest["id"] = cell.id
        run_into(building, cell.config, prepare(cell.config), cell.factors, on_epoch=lambda state: _epoch(cell, state))
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
    return status


def _epoch(cell: StudyCell, state: RunState) -> None:
    _tell(Progress(cell.id, state.epoch, cell.config.fit.epochs, state.history[-1]["dev"]))


def _tell(progress: Progress) -> None:
    if _events is not None:
        _events.put(replace(progress, of=_cells))
