"""Study cells that train together as a stack, in this process: where one small encoder leaves the processor idle.

Cells of a stack have the same data, the same shape of encoder and the same settings of training except rates and
schedules. They are published as other cells are. An interrupted stack starts over, since it writes no checkpoints.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from seqtwin.data.batches import PairStore
from seqtwin.errors import SeqTwinError
from seqtwin.files import publish_folder
from seqtwin.model.precision import usable_precision
from seqtwin.place_faults import refuse_place_fault
from seqtwin.run.begin import Begun, begin
from seqtwin.run.objectives.registry import objective_name
from seqtwin.run.prepare import DataSets, data_key
from seqtwin.run.prepared_data import Ready
from seqtwin.run.train import finish
from seqtwin.study.grid import StudyCell
from seqtwin.study.worker import Progress, publish_failed
from seqtwin.training.fit import pick_device
from seqtwin.training.fit_stacked import Ended, Member, fit_stacked
from seqtwin.training.run_state import RunState
from seqtwin.training.stacked_states import stacking_obstacle

log = logging.getLogger(__name__)

OnProgress = Callable[[Progress], None]
MOST = 64  # cells of one stack: their states and gradients are in memory together
MOST_ON_CPU = 8  # a step of more no longer fits its cache
WIDEST_ON_CPU = 64  # of an output, both directions: in wider ones the calls of a step take little of its time


def run_stacks(cells: Sequence[StudyCell], folder: Path, data: DataSets, on_progress: OnProgress) -> None:
    """Train and publish the cells that can be stacked. The others are left, and why is logged once per reason."""
    for stack in stacks_of(cells):
        if obstacle := _run_stack(stack, folder, data, on_progress, of=len(cells)):
            log.warning("%d study cells are trained one by one: %s", len(stack), obstacle)


def stacks_of(cells: Sequence[StudyCell]) -> list[list[StudyCell]]:
    """The cells in stacks of at least two and at most MOST, by what the cells of a stack have in common.

    Cells of one seed come together: their batches have the same rows.
    """
    alike: dict[str, list[StudyCell]] = {}
    for cell in sorted(cells, key=lambda cell: int(str(cell.factors["seed"]))):
        alike.setdefault(_alike(cell), []).append(cell)
    parts = [part for own in alike.values() for part in _parts(own)]
    return [part for part in parts if len(part) > 1]


def _parts(cells: list[StudyCell]) -> list[list[StudyCell]]:
    most = MOST_ON_CPU if pick_device(cells[0].config.fit.device).type == "cpu" else MOST
    return [cells[start : start + most] for start in range(0, len(cells), most)]


def _alike(cell: StudyCell) -> str:
    """The data, the encoder, and what sets the rows of each step."""
    c = cell.config
    fit = c.fit.model_dump(mode="json", include={"batch", "balance", "device", "precision", "threads"})
    return json.dumps([data_key(c), c.encoder.model_dump(mode="json"), fit])


@dataclass(frozen=True)
class _Entry:
    """A cell of a stack, its data, and its training."""

    cell: StudyCell
    prepared: Ready
    begun: Begun


def _run_stack(stack: Sequence[StudyCell], folder: Path, data: DataSets, on_progress: OnProgress, *, of: int) -> str:
    """Train and publish a stack; empty, or why that is not possible."""
    entries = [_enter(cell, data) for cell in stack]
    obstacle = next(filter(None, map(_obstacle, entries)), "")
    if obstacle:
        return obstacle
    start = time.monotonic(), time.process_time()
    try:
        ended = fit_stacked([_member(entry, on_progress, of) for entry in entries])
    except torch.OutOfMemoryError:
        return "their stack does not fit in the memory of the device"
    shares = [(now - then) / len(entries) for now, then in zip(_now(), start, strict=True)]
    for entry, state in zip(entries, ended, strict=True):
        status = _publish(entry, state, folder / entry.cell.id, data, shares, len(entries))
        epochs = entry.cell.config.fit.epochs
        on_progress(Progress(entry.cell.id, epochs, epochs, done=status, of=of))
    return ""


def _now() -> tuple[float, float]:
    return time.monotonic(), time.process_time()


def _enter(cell: StudyCell, data: DataSets) -> _Entry:
    prepared = data.prepare(cell.config)
    return _Entry(cell, prepared, begin(cell.config, prepared))


def _obstacle(entry: _Entry) -> str:
    """Why a cell cannot be part of a stack; empty when it can."""
    config, begun = entry.cell.config, entry.begun
    if objective_name(config) != "pairs":
        return "only encoders of pairs can be stacked"
    if not isinstance(begun.rows, PairStore):
        return "their pairs differ from epoch to epoch"
    if begun.device.type == "cpu" and begun.model.encoder.shape.joined > WIDEST_ON_CPU:
        return f"on a CPU encoders with outputs wider than {WIDEST_ON_CPU} are not faster as a stack"
    if begun.model.channel is not None:
        return f"an encoder with {begun.model.channel.uses} is not only an LSTM"
    if usable_precision(config.fit.precision, begun.model) != "fp32":
        return "a stack computes in fp32"
    return stacking_obstacle(begun.model.encoder)


def _member(entry: _Entry, on_progress: OnProgress, of: int) -> Member:
    cell, b = entry.cell, entry.begun
    assert isinstance(b.rows, PairStore)

    def tell(state: RunState) -> None:
        on_progress(Progress(cell.id, state.epoch, cell.config.fit.epochs, state.history[-1]["dev"], of=of))

    return Member(b.model, b.loss, b.rows, b.recipe, b.measure, b.watcher, tell)


def _publish(entry: _Entry, ended: Ended, final: Path, data: DataSets, shares: Sequence[float], members: int) -> str:
    """Publish one cell; its status. `shares`: its part of the wall and CPU seconds of the stack."""
    cell = entry.cell
    entry.begun.clock.record("train", shares)
    try:
        if not isinstance(ended, RunState):
            raise ended
        with publish_folder(final, resume=True) as building:
            building.manifest["id"] = cell.id
            finish(building, cell.config, entry.prepared, cell.factors, entry.begun, ended)
            building.manifest["tuning"] = cell.tuning and dict(cell.tuning)
            building.manifest["stacked"] = members
        return str(building.manifest["status"])
    except SeqTwinError as error:
        if final.exists():
            raise
        refuse_place_fault(error)
        return publish_failed(cell, final, error, data)
