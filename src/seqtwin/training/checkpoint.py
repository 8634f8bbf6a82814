"""Checkpoints of a training, and its exact continuation from one.

A checkpoint has everything that changes while an encoder is trained, at the end of a step: `tensors.safetensors`,
`state.json`, and a manifest with their hashes. It is written at the end of an epoch and within long ones, as rarely as
keeps its cost below 2 % of the training, and when a signal ends the training.
"""

import logging
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from safetensors.torch import load, save
from typing_extensions import NotRequired, TypedDict

from seqtwin.build_folders import CHECKPOINTS, KEPT, steps_of
from seqtwin.errors import ConfigError, DamagedError
from seqtwin.files import dump_json, publish_folder, read_json, verify, write_bytes, write_text
from seqtwin.guards.typed_command import Origin, origin
from seqtwin.interrupts import Postponed, postponed
from seqtwin.training.saved_state import Training, load_state, save_state

log = logging.getLogger(__name__)

STATE, TENSORS = "state.json", "tensors.safetensors"
WITHIN_EPOCH = 60.0  # seconds between two checkpoints of one epoch
BETWEEN_EPOCHS = 2.0  # the same at the ends of epochs
SHARE = 0.02  # the largest part of the time that checkpoints may take


# what a training depends on, by kind: config, data, versions, machine
Identity = Mapping[str, Mapping[str, object]]


class Saved(TypedDict):
    """`state.json` of a checkpoint. `spent`: wall seconds and CPU seconds so far, with evaluations. `origin`: for
    `seqtwin status`."""

    identity: Identity
    spent: list[float]
    state: Mapping[str, object]
    origin: NotRequired[Origin]


class Keeper:
    """The calls of `fit` for its checkpoints. This one writes none."""

    def restore(self, training: Training) -> bool:
        """Continue from the newest checkpoint; whether there is one."""
        return False

    def on_duty(self) -> AbstractContextManager[None]:
        """The time in which a training can be stopped at a step."""
        return nullcontext()

    def at_rest(self) -> AbstractContextManager[None]:
        """The time after the last step of an epoch, up to `at_work`: nothing of the training changes."""
        return nullcontext()

    def at_work(self) -> None:
        """From here on the training changes again."""

    def after_step(self) -> None:
        """A step has ended."""

    def after_epoch(self) -> None:
        """An epoch is in the history."""


class Checkpoints(Keeper):
    """The checkpoints of one training, in its folder under construction.

    `identity`: what the training depends on. A checkpoint with another identity is refused, or with
    `start_over` left out with a warning. The part `machine` may differ: the training continues, with a warning.
    `before`: wall seconds and CPU seconds before the interruption.
    """

    def __init__(self, folder: Path, identity: Identity, *, start_over: bool = False) -> None:
        self.folder, self.identity, self.start_over = folder, identity, start_over
        self.training: Training | None = None
        self.signal = Postponed()
        self.last, self.cost = time.monotonic(), 0.0
        self.before = 0.0, 0.0
        self._started = time.monotonic(), time.process_time()

    def restore(self, training: Training) -> bool:
        """Continue from the newest checkpoint that is not damaged; whether there is one.

        Raises: ConfigError when it is of another training.
        """
        self.training = training
        found = self._newest()
        if found is None:
            return False
        path, saved = found
        if changed := differences(saved["identity"], self.identity, without="machine"):
            self._refuse(path, changed)
            return False
        if moved := differences(saved["identity"]["machine"], self.identity["machine"]):
            log.warning("resumed, but not bit for bit as without the interruption: %s", "; ".join(moved))
        load_state(training, saved["state"], load((path / TENSORS).read_bytes()))
        self.before = saved["spent"][0], saved["spent"][1]
        self.last = time.monotonic()
        return True

    def _newest(self) -> tuple[Path, Saved] | None:
        for path in reversed(steps_of(self.folder)):
            try:
                verify(path)
                saved: Saved = read_json(path / STATE)
                return path, saved
            except DamagedError as error:
                log.warning("a checkpoint is damaged, so the one before is used: %s", error)
        return None

    def _refuse(self, path: Path, changed: list[str]) -> None:
        listed = "".join(f"\n  {line}" for line in changed)
        if self.start_over:
            log.warning("%s: trained from the start, since its checkpoint had other settings%s", path, listed)
            shutil.rmtree(path.parent)
            return
        cause = f"the interrupted training differs from this one{listed}"
        remedy = "restore what it began with, or leave out --resume to start over"
        raise ConfigError("RESUME_CHANGED", cause, place=str(path), remedy=remedy)

    @contextmanager
    def on_duty(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM wait for the end of a step."""
        with postponed() as self.signal:
            yield
            self._stop()  # if a signal came after the last epoch

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """Stop at once on a signal, with the state after the last step."""
        try:
            self.signal.resting = True
            yield
        except KeyboardInterrupt:
            self.signal.resting = False
            self._stop()
            raise
        finally:
            self.signal.resting = False

    def at_work(self) -> None:
        """Let signals wait again."""
        self.signal.resting = False

    def after_step(self) -> None:
        """Stop if a signal has come. Write a checkpoint if the last one is long ago."""
        if self.signal.number is not None:
            self._stop()
        elif time.monotonic() - self.last > max(WITHIN_EPOCH, self.cost / SHARE):
            self.write()

    def after_epoch(self) -> None:
        """The same at the end of an epoch, more often."""
        if self.signal.number is not None:
            self._stop()
        elif time.monotonic() - self.last > max(BETWEEN_EPOCHS, self.cost / SHARE):
            self.write()

    def _stop(self) -> None:
        if self.signal.number is not None:
            self.write()
            self.signal.deliver()

    def write(self) -> None:
        """Write a checkpoint, and remove those before the last two. Raises: ResourceError."""
        assert self.training is not None
        start, state = time.monotonic(), self.training.state
        name = f"step-{state.step:09d}" + ("" if state.batches else "-epoch")
        path = self.folder / CHECKPOINTS / name
        if not path.exists():
            scalars, tensors = save_state(self.training)
            with publish_folder(path) as building:
                write_bytes(building.folder / TENSORS, save(tensors))
                saved: Saved = {"identity": self.identity, "spent": self._spent(), "state": scalars, "origin": origin()}
                write_text(building.folder / STATE, dump_json(saved))
        for old in steps_of(self.folder)[:-KEPT]:
            shutil.rmtree(old)
        self.last = time.monotonic()
        self.cost = self.last - start

    def _spent(self) -> list[float]:
        now = time.monotonic(), time.process_time()
        return [a + max(0.0, b - c) for a, b, c in zip(self.before, now, self._started, strict=True)]

    def remove(self) -> None:
        """Remove all checkpoints."""
        shutil.rmtree(self.folder / CHECKPOINTS, ignore_errors=True)


class FollowedCheckpoints(Checkpoints):
    """The checkpoints of process 0, for another process of its training, which continues from them and writes none."""

    @contextmanager
    def on_duty(self) -> Iterator[None]:
        """This process ends with process 0."""
        yield

    @contextmanager
    def at_rest(self) -> Iterator[None]:
        """The same."""
        yield

    def after_step(self) -> None:
        """Write nothing."""

    def after_epoch(self) -> None:
        """Write nothing."""


def differences(before: object, now: object, *, without: str = "") -> list[str]:
    """One line for each value that differs, with its dotted key. `without`: a key that is left out.

    >>> differences({"fit": {"lr": 0.1, "clip": 1}}, {"fit": {"lr": 0.2, "clip": 1}})
    ['fit.lr: 0.1 before, 0.2 now']
    """
    old, new = (dict(_leaves(side, "")) for side in (before, now))
    keys = [key for key in {**old, **new} if old.get(key) != new.get(key) and key.partition(".")[0] != without]
    return [f"{key}: {old.get(key)} before, {new.get(key)} now" for key in keys]


def _leaves(value: object, key: str) -> Iterator[tuple[str, object]]:
    if isinstance(value, Mapping) and value:
        for name, part in value.items():
            yield from _leaves(part, f"{key}.{name}" if key else name)
    else:
        yield key, value
