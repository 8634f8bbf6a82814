"""A training that is not published yet, from its checkpoints; and the race of `train --auto` before it."""

import os
import time
from dataclasses import dataclass
from pathlib import Path

from seqtwin.build_folders import held, left_over, steps_of
from seqtwin.progress.again import command, typed
from seqtwin.progress.driver import Driver, who_began
from seqtwin.progress.peek import Content, changed, number, part, peek, texts, whole
from seqtwin.progress.race_files import race_journal, winner_file
from seqtwin.progress.time_left import time_left
from seqtwin.progress.work_status import Outcome, Stage, State, Status, Task, TimeLeft, outcome_of

SAME = "the same command again"
BY_DEV = "early stopping may end it sooner"


@dataclass(frozen=True)
class Checkpoint:
    """How far a training came. `share`: of its epochs; `seconds`, `cpu_seconds`: of all its processes, one after the
    other; `when`: it was written; `origin`: the command."""

    step: int
    epoch: int
    epochs: int
    share: float
    seconds: float | None
    cpu_seconds: float | None
    when: float | None
    patience: bool
    origin: Content

    @property
    def words(self) -> str:
        """Its place in the training."""
        return f"{self.epoch:,} of {self.epochs:,} epochs" if self.epochs else f"step {self.step:,}"


def newest_checkpoint(final: Path) -> Checkpoint | None:
    """The newest checkpoint of a training that is to be published as `final`; None before the first."""
    folder = left_over(final)
    for path in reversed(steps_of(folder)) if folder else ():
        content = peek(path / "state.json")
        if content is not None:
            return _checkpoint(content, changed(path / "state.json"))
    return None


def _checkpoint(content: Content, when: float | None) -> Checkpoint:
    state, fit = part(content, "state"), part(content, "identity", "config", "fit")
    step, epoch, epochs = whole(state.get("step")), whole(state.get("epoch")), whole(fit.get("epochs"))
    within = whole(state.get("batches"))
    steps = (step - within) / epoch * epochs if epoch else 0.0  # of the whole training
    spent = content.get("spent")
    wall, cpu = spent if isinstance(spent, list) and len(spent) == 2 else (None, None)
    share = min(1.0, step / steps) if steps else 0.0
    has_patience = fit.get("patience") is not None
    origin = part(content, "origin")
    return Checkpoint(step, epoch, epochs, share, number(wall), number(cpu), when, has_patience, origin)


def is_built(final: Path) -> bool:
    """Whether a process builds a folder of this name now."""
    for folder in builds_of(final):
        try:
            with held(folder) as free:
                if free is False:
                    return True
        except OSError:  # it has just been published
            continue
    return False


def builds_of(final: Path) -> list[Path]:
    """The folders under construction of this name."""
    try:
        names = os.listdir(final.parent)
    except OSError:
        return []
    return [final.parent / name for name in names if name.startswith(f".{final.name}.build-")]


def training_status(final: Path) -> Status | None:
    """The status of an unpublished training; None where there is no trace of one."""
    journal, builds = peek(race_journal(final)), builds_of(final)
    if builds:
        return _training(final, journal)
    return None if journal is None else _race(final, journal)


def _training(final: Path, journal: Content | None) -> Status:
    found, running = newest_checkpoint(final), is_built(final)
    task = _task(final, found, running)
    stages = [*([_race_stage(journal, runs=False)] if journal else []), Stage("trainings", (task,), 1)]
    outcome: Outcome = "running" if running else "interrupted"
    notes = [] if found else ["no checkpoint yet: how far it is cannot be seen"]
    summary = f"a training, {outcome}" + (f", {found.words} at its last checkpoint" if found else "")
    driver = Driver("running" if running else "stopped", *_process(found))
    again = "" if running else _again(final, found)
    left, last = _left(stages[-1], found, running), found.when if found else None
    return Status(final, "training", outcome, summary, tuple(stages), driver, left, last, again, tuple(notes))


def _task(final: Path, found: Checkpoint | None, running: bool) -> Task:
    state: State = "running" if running else "left"
    if found is None:
        return Task(final.name, state)
    return Task(
        final.name, state, share=found.share, note=found.words, seconds=found.seconds, cpu_seconds=found.cpu_seconds
    )


def _process(found: Checkpoint | None) -> tuple[int | None, str]:
    return (whole(found.origin.get("pid")) or None, str(found.origin.get("host", ""))) if found else (None, "")


def _left(stage: Stage, found: Checkpoint | None, running: bool) -> TimeLeft | None:
    """The time left of one training, less what passed since its checkpoint if it runs."""
    left = time_left([stage], 1)
    if left is None or found is None:
        return None
    since = max(0.0, time.time() - found.when) if running and found.when else 0.0
    basis = f"its own {found.seconds or 0:.0f} s for {found.words}" + (f"; {BY_DEV}" if found.patience else "")
    cpu = None if left.cpu_seconds is None else max(0.0, left.cpu_seconds - since)
    seconds = max(0.0, left.seconds - since)
    return TimeLeft(seconds, seconds, cpu, 1, basis)


def _again(final: Path, found: Checkpoint | None) -> str:
    winner = winner_file(final)
    if winner.exists():
        return typed(["train", str(winner), "--out", str(final), "--resume"])
    if found is None:
        return f"{SAME}: without a checkpoint, it starts over"
    return command(found.origin, "--resume") or f"{SAME}, with --resume (Python: resume=True)"


# --- the race of train --auto ---------------------------------------------------------------------------------------


def _race(final: Path, journal: Content) -> Status:
    origin = part(journal, "origin")
    driver = who_began(origin, number(journal.get("began"))) if origin else Driver("unknown")
    outcome = outcome_of(driver)
    stage = _race_stage(journal, runs=driver.runs)
    left = _race_left(stage, number(journal.get("minutes")))
    ended = stage.of - stage.count("left") - stage.count("running")
    summary = f"a race of encoders (train --auto), {outcome}, {ended} of {stage.of} have ended"
    again = "" if driver.runs else command(origin) or SAME
    notes = ("the training of the best encoder follows; its time is not in the estimate",)
    last = changed(race_journal(final))
    return Status(final, "race", outcome, summary, (stage,), driver, left, last, again, notes)


def _race_stage(journal: Content, *, runs: bool) -> Stage:
    ended = [_entrant(one) for one in _objects(journal.get("ended"))]
    names = texts(journal.get("planned"))[len(ended) :]
    rest = [Task(name, "running" if runs and place == 0 else "left") for place, name in enumerate(names)]
    return Stage("encoders in the race", (*ended, *rest), len(ended) + len(rest))


def _objects(value: object) -> list[Content]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _entrant(one: Content) -> Task:
    name, result, seconds = str(one.get("name", "")), str(one.get("state", "")), number(one.get("seconds"))
    if result == "failed":
        return Task(name, "failed", result=result, reason=str(one.get("cause", "")), seconds=seconds)
    return Task(name, "done", result=result, share=1.0, seconds=seconds)


def _race_left(stage: Stage, minutes: float | None) -> TimeLeft | None:
    """The time of the encoders that are left, and at most the minutes of the race."""
    left = time_left([stage], 1)
    if left is None or minutes is None:
        return left
    most = max(0.0, 60 * minutes - sum(task.seconds or 0.0 for task in stage.tasks))
    if left.seconds <= most:
        return left
    return TimeLeft(most, most, None, 1, f"the {minutes:g} minutes of the race")
