"""Calls to callbacks, which cannot change a result or end a training."""

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import torch

from seqtwin.errors import ConfigError
from seqtwin.trackers.callbacks import Callback, Cell, Epoch, Step

log = logging.getLogger(__name__)

METHODS = ("on_step", "on_epoch", "on_cell")


class State(Protocol):
    """The part of the state of a training that callbacks get."""

    step: int
    epoch: int
    losses: list[float]
    history: list[dict[str, int | float | None]]


StateT = TypeVar("StateT", bound=State)
On: TypeAlias = Callable[[StateT], None]


class Listeners:
    """The callbacks of one training or study. One that raises an error is logged and not called again."""

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self._callbacks = checked(callbacks)

    def following(
        self, on_epoch: Callable[[StateT], None]
    ) -> tuple[Callable[[StateT], None], Callable[[StateT], None]]:
        """Functions to call with the state of a training after each step, and after each epoch. The second also calls
        `on_epoch`, whose errors end the training."""

        def after_step(state: StateT) -> None:
            if self._callbacks:
                self.step(Step(state.step, state.epoch, state.losses[-1]))

        def after_epoch(state: StateT) -> None:
            self.epoch(Epoch(state.epoch, state.step, dict(state.history[-1])))
            with undisturbed():
                on_epoch(state)

        return after_step, after_epoch

    def step(self, step: Step) -> None:
        """Call `on_step` of every callback."""
        self._each(lambda callback: callback.on_step(step))

    def epoch(self, epoch: Epoch) -> None:
        """Call `on_epoch` of every callback."""
        self._each(lambda callback: callback.on_epoch(epoch))

    def cell(self, cell: Cell) -> None:
        """Call `on_cell` of every callback."""
        self._each(lambda callback: callback.on_cell(cell))

    def _each(self, call: Callable[[Callback], None]) -> None:
        for callback in [*self._callbacks]:
            try:
                with undisturbed():
                    call(callback)
            except Exception as error:
                self._callbacks.remove(callback)
                said = "%s raised an error and is not called again; the training continues: %s"
                # a full disk or a blocked folder is no mistake in a program
                log.warning(said, type(callback).__name__, error, exc_info=not isinstance(error, OSError))


def checked(callbacks: Sequence[Callback]) -> list[Callback]:
    """The callbacks as a list. Raises: ConfigError for anything but a sequence of objects with the three methods."""
    remedy = "expected a list of objects of classes that inherit from seqtwin.Callback"
    if isinstance(callbacks, Callback) or not isinstance(callbacks, Sequence):
        raise ConfigError("CALLBACKS", f"found {type(callbacks).__name__}", place="callbacks", remedy=remedy)
    for one in callbacks:
        if isinstance(one, type) or not all(callable(getattr(one, name, None)) for name in METHODS):
            cause = f"found the class {one.__name__}" if isinstance(one, type) else f"found {type(one).__name__}"
            raise ConfigError("CALLBACKS", cause, place="callbacks", remedy=remedy)
    return list(callbacks)


NOBODY = Listeners(())


@contextmanager
def undisturbed() -> Iterator[None]:
    """Restore the global generators of PyTorch, NumPy and Python after the block, as dropout draws from the first.

    >>> with undisturbed():
    ...     first = torch.rand(1)
    >>> bool(first == torch.rand(1))
    True
    """
    with torch.random.fork_rng(devices=[]), torch.set_grad_enabled(torch.is_grad_enabled()):
        plain, numbers = random.getstate(), np.random.get_state()
        try:
            yield
        finally:
            random.setstate(plain)
            np.random.set_state(numbers)
