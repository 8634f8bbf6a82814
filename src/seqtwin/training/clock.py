"""The time of a training by phase: on the wall and of the processor."""

import time
from collections.abc import Sequence


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
        wall, processor = (round(earlier + end - start, 3) for earlier, end, start in spent)
        self.seconds[name], self.cpu_seconds[name] = wall, processor
        self._since = now

    def record(self, name: str, spent: Sequence[float]) -> None:
        """End a phase of which the wall and CPU seconds are known."""
        self.seconds[name], self.cpu_seconds[name] = (round(own, 3) for own in spent)
        self._since = time.monotonic(), time.process_time()
