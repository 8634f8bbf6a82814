"""The time of a training by phase: on the wall and of the processor."""

import time
from collections.abc import Sequence

SHORTEST = 1e-6  # seconds; a coarse clock can stand still in between


def elapsed(since: float) -> float:
    """Seconds since a time of `time.monotonic()`, never below 0: a virtual machine can move the clock back."""
    return max(0.0, time.monotonic() - since)


def per_second(count: int, seconds: float) -> float:
    """How many per second.

    >>> per_second(10, 4.0), per_second(1, 0.0)
    (2.5, 1000000.0)
    """
    return count / max(seconds, SHORTEST)


class Clock:
    """Wall time and CPU time in seconds, by phase. CPU time is that of all threads of this process."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.cpu_seconds: dict[str, float] = {}
        self._since = time.monotonic(), time.process_time()

    def lap(self, name: str, before: tuple[float, float] = (0.0, 0.0)) -> None:
        """End a phase. `before`: the time that it took in an earlier process."""
        now = time.monotonic(), time.process_time()
        spent = zip(before, now, self._since, strict=True)
        wall, processor = (round(earlier + max(0.0, end - start), 3) for earlier, end, start in spent)
        self.seconds[name], self.cpu_seconds[name] = wall, processor
        self._since = now

    def record(self, name: str, spent: Sequence[float]) -> None:
        """End a phase of which the wall and CPU seconds are known."""
        self.seconds[name], self.cpu_seconds[name] = (round(own, 3) for own in spent)
        self._since = time.monotonic(), time.process_time()
