"""The time of a training by phase: on the wall and of the processor."""

import time


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
