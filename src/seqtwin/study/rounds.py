"""The rounds of a quick study: short trainings with one seed, judged on dev; the better half of the pairings goes on.

Source: Jamieson & Talwalkar 2016 (successive halving). Each training starts anew, with its own learning-rate schedule.
The seed is that of tuning, so no evaluation seed takes part in the choice.
"""

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from typing_extensions import TypedDict

from seqtwin.config import RunConfig, vary
from seqtwin.errors import ConfigError, SeqTwinError
from seqtwin.files import dump_json, publish_folder, read_json, verify, write_text
from seqtwin.guards.shapes import check_shape
from seqtwin.place_faults import refuse_place_fault
from seqtwin.run.manifest import cell_key, versions
from seqtwin.run.prepare import DataSets
from seqtwin.study.grid import StudyCell
from seqtwin.study.quick_plan import epochs_of
from seqtwin.study.tiers import TUNING_SEED
from seqtwin.study.trials import FAILURES, dev_value
from seqtwin.study.worker import Progress, report
from seqtwin.study.worker_pool import Work
from seqtwin.training.clock import elapsed
from seqtwin.training.run_state import RunState

OUTCOME = "outcome.json"


@dataclass(frozen=True)
class Heat:
    """One training of a round. `labels`: those of its pairing; `key`: identity of the training."""

    id: str
    pairing: str
    labels: Mapping[str, str]
    config: RunConfig
    key: str


class Outcome(TypedDict):
    """How a training of a round ended: its best metric on dev (None where it failed), epochs, steps and seconds."""

    dev: float | None
    epochs: int
    steps: int
    seconds: float
    cause: str


def heats_of(cells: Sequence[StudyCell], number: int, share: float, data: DataSets) -> list[Heat]:
    """The trainings of a round: one for each pairing of the cells. `number`: of the round; the first is 1."""
    first = {cell.pairing: cell for cell in reversed(cells)}
    return [_heat(first[id_], number, share, data) for id_ in dict.fromkeys(cell.pairing for cell in cells)]


def _heat(cell: StudyCell, number: int, share: float, data: DataSets) -> Heat:
    epochs = epochs_of(cell.config.fit.epochs, share)
    config = vary(cell.config, {"fit.seed": TUNING_SEED, "fit.epochs": epochs})
    return Heat(
        f"{cell.pairing}.round{number}", cell.pairing, cell.labels, config, cell_key(config, data.prepare(config))
    )


def run_heat(heat: Heat, folder: Path, data: DataSets | None = None) -> str:
    """Train once and publish the outcome under `folder`; its status. `data`: the prepared data of the study."""
    report(Progress(heat.id, 0, heat.config.fit.epochs))
    last: list[RunState] = []

    def watch(state: RunState) -> None:
        last[:] = [state]
        report(Progress(heat.id, state.epoch, heat.config.fit.epochs, state.history[-1]["dev"]))

    start, cause = time.monotonic(), ""
    try:
        prepared = (data or DataSets()).prepare(heat.config)
        dev = dev_value(heat.config, prepared, on_epoch=watch, begun=folder / f".{heat.id}")
    except FAILURES as error:
        refuse_place_fault(error)
        dev, cause = None, str(error).split("\n", 1)[0] or type(error).__name__
    epochs, steps = (last[0].epoch, last[0].step) if last else (0, 0)
    _publish(heat, folder / heat.id, Outcome(dev=dev, epochs=epochs, steps=steps, cause=cause,
                                             seconds=round(elapsed(start), 3)))  # fmt: skip
    report(Progress(heat.id, heat.config.fit.epochs, heat.config.fit.epochs, done="finished"))
    return "finished"


def fail_heat(heat: Heat, final: Path, error: Exception, _data: DataSets | None = None) -> str:
    """Publish that a training died; its status."""
    cause = error.cause if isinstance(error, SeqTwinError) else str(error)
    _publish(heat, final, Outcome(dev=None, epochs=0, steps=0, seconds=0.0, cause=cause))
    return "failed"


def _publish(heat: Heat, final: Path, outcome: Outcome) -> None:
    with publish_folder(final) as building:
        write_text(building.folder / OUTCOME, dump_json(outcome))
        building.manifest.update(kind="round", id=heat.id, key=heat.key, status="finished", versions=versions())


HEATS = Work("short trainings", run_heat, fail_heat)


def outcome_of(heat: Heat, folder: Path) -> Outcome | None:
    """The published outcome of a training; None where there is none yet.

    Raises: ConfigError when it was published from another config or other data.
    """
    path = folder / heat.id
    if not path.exists():
        return None
    if verify(path, only=(OUTCOME,)).get("key") != heat.key:
        cause = f"{heat.id} was published from another config, other data or another version"
        raise ConfigError("STUDY_CHANGED", cause, place=str(folder), remedy="choose another --out")
    outcome: Outcome = read_json(path / OUTCOME)
    check_shape(outcome, Outcome, path / OUTCOME, Outcome.__required_keys__)
    return outcome


def survivors(heats: Sequence[Heat], outcomes: Mapping[str, Outcome], count: int) -> list[Heat]:
    """The best `count` by their metric on dev, in that order, with the best of each loss where there is room.

    `outcomes`: by the id of the training; a training without one did not finish, and ranks last.

    A loss that was stopped with all its pairings could not be compared with the others at all.
    """
    ranked = sorted(heats, key=lambda heat: _rank(outcomes.get(heat.id)))
    first_of_loss = {heat.labels.get("loss", ""): heat for heat in reversed(ranked)}.values()
    order = [*sorted(first_of_loss, key=ranked.index), *ranked]
    kept = {heat.id for heat in list({heat.id: heat for heat in order}.values())[:count]}
    return [heat for heat in ranked if heat.id in kept]


def _rank(outcome: Outcome | None) -> float:
    dev = outcome["dev"] if outcome else None
    return math.inf if dev is None else -dev
