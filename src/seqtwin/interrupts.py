"""SIGTERM and Ctrl-C during a training: a flag within a step, at once between the trainings.

A command raises on the first signal, and ends at once on a second one. A worker process ends at once. While a training
runs, `postponed` lets both wait until the step has ended and its checkpoint is written.
"""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

TOGETHER = 0.5  # seconds in which several signals count as one: a terminal and a wrapper may both send it
SHOW_CURSOR = b"\x1b[?25h"
ENDING = (signal.SIGINT, signal.SIGTERM)

Handler = Callable[[int, FrameType | None], object]


class Terminated(KeyboardInterrupt):
    """SIGTERM: it ends whatever Ctrl-C ends."""


def exit_code(stop: KeyboardInterrupt) -> int:
    """130 after Ctrl-C, 143 after SIGTERM."""
    return 128 + (signal.SIGTERM if isinstance(stop, Terminated) else signal.SIGINT)


class RaiseOnce:
    """The handler of a command: the first signal raises, a later one ends the process. `first`: its time."""

    def __init__(self) -> None:
        self.first: float | None = None

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        if self.first is None:
            self.first = time.monotonic()
            raise Terminated if number == signal.SIGTERM else KeyboardInterrupt
        if time.monotonic() - self.first > TOGETHER:
            if os.isatty(2):
                os.write(2, SHOW_CURSOR)  # progress bars hide it
            os._exit(128 + number)  # whatever is published is whole


class Leave:
    """The handler of a worker process, which ends at once: the process that started it goes on."""

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        os._exit(128 + number)


@contextmanager
def stoppable() -> Iterator[None]:
    """Let SIGTERM and Ctrl-C raise, as the command line does. Outside the main thread nothing changes."""
    raising = RaiseOnce()
    replaced = _replace(raising, lambda _: True)
    try:
        yield
    finally:
        _restore(replaced)


class Postponed:
    """A signal that waits until the training can stop. `number`: of the signal; None before there is one.

    `resting`: nothing of the training is half done. A signal then raises KeyboardInterrupt at once.
    """

    def __init__(self) -> None:
        self.number: int | None = None
        self.resting = False
        self.replaced: dict[int, Handler] = {}
        self._first = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.number is None:
            self.number, self._first = number, time.monotonic()
            if self.resting:
                raise KeyboardInterrupt
        elif time.monotonic() - self._first > TOGETHER:
            handler = self.replaced[number]
            if isinstance(handler, RaiseOnce):
                handler.first = self._first
            handler(number, frame)

    def deliver(self) -> None:
        """Pass the signal on to the handler that it was for."""
        if self.number is not None:
            self.replaced[self.number](self.number, None)


@contextmanager
def postponed() -> Iterator[Postponed]:
    """Keep back Ctrl-C, and SIGTERM where a command or a worker handles it. Handlers of other programs stay.

    Outside the main thread nothing changes.
    """
    waiting = Postponed()
    waiting.replaced = _replace(waiting, _usual)
    try:
        yield waiting
    finally:
        _restore(waiting.replaced)


def _usual(handler: object) -> bool:
    return handler is signal.default_int_handler or isinstance(handler, RaiseOnce | Leave)


def _replace(handler: Handler, wanted: Callable[[object], bool]) -> dict[int, Handler]:
    """Handle the signals whose present handler is wanted; these handlers. An ignored signal stays ignored."""
    if threading.current_thread() is not threading.main_thread():
        return {}
    before = {number: signal.getsignal(number) for number in ENDING}
    kept = {n: h for n, h in before.items() if h not in (signal.SIG_IGN, None) and wanted(h)}
    for number in kept:
        signal.signal(number, handler)
    return kept  # type: ignore[return-value]


def _restore(replaced: dict[int, Handler]) -> None:
    for number, handler in replaced.items():
        signal.signal(number, handler)
