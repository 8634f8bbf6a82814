"""CPU seconds of chosen functions while a program does its usual work."""

import functools
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any


class Clock:
    """CPU seconds of functions by label, each without those of other timed functions that it calls."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._running: list[str] = []
        self._since = 0.0

    def _switch(self) -> None:
        now = time.process_time()
        if self._running:
            self.seconds[self._running[-1]] += now - self._since
        self._since = now

    @contextmanager
    def timed(self, label: str) -> Iterator[None]:
        """Count what runs inside for this label."""
        self._switch()
        self._running.append(label)
        try:
            yield
        finally:
            self._switch()
            self._running.pop()

    @contextmanager
    def watching(self, *functions: tuple[object, str, str]) -> Iterator[None]:
        """Time functions, given as (owner, name, label), for a while."""
        with ExitStack() as undo:
            for owner, name, label in functions:
                undo.callback(setattr, owner, name, vars(owner)[name])
                setattr(owner, name, self.wrapped(vars(owner)[name], label))
            yield

    def wrapped(self, function: Any, label: str) -> Any:
        """The function, timed."""
        is_static = isinstance(function, staticmethod)
        inner = function.__func__ if is_static else function

        @functools.wraps(inner)
        def run(*args: Any, **kwargs: Any) -> Any:
            with self.timed(label):
                return inner(*args, **kwargs)

        return staticmethod(run) if is_static else run
