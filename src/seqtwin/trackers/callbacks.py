"""Callback, and what it gets: steps, epochs and published trainings."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Step:
    """One step of a training, counted from 1, in this epoch. `loss`: of its batch."""

    step: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class Epoch:
    """One epoch of a training. `step`: the number of steps so far; `measures`: a row of history.csv.

    The measures are the mean loss, the primary metric on dev (`dev`), the learning rate and the measures of the
    vectors, such as the effective rank. None: undefined.
    """

    epoch: int
    step: int
    measures: Mapping[str, float | None]


@dataclass(frozen=True)
class Cell:
    """A training that was published: a study cell, or the only training of `train`.

    `status`: finished, collapsed, diverged, oom or failed; `path`: its folder, with scores.json where it has scores.
    """

    id: str
    status: str
    path: Path


class Callback:
    """Methods that a training calls while it runs. Override those that you need; the others do nothing.

    A callback gets copies of numbers, and cannot change a result. An error in a method is logged, and that callback is
    not called again; the training continues. `compare` trains in other processes, so it calls only `on_cell`.

    >>> class Losses(Callback):
    ...     def __init__(self) -> None:
    ...         self.seen: list[float] = []
    ...     def on_step(self, step: Step) -> None:
    ...         self.seen.append(step.loss)
    """

    def on_step(self, step: Step) -> None:
        """Called after each step."""

    def on_epoch(self, epoch: Epoch) -> None:
        """Called after each epoch."""

    def on_cell(self, cell: Cell) -> None:
        """Called when a training is published."""
