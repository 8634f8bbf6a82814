"""A line on the terminal from the first second of a command until it prints something: imports and data take time."""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

QUIET = 0.5  # seconds: a command that is faster prints nothing
FRAMES = "|/-\\"
_CLEAR = "\r\x1b[2K"


class _Line:
    """The line, drawn by a thread until it is stopped."""

    def __init__(self, text: str) -> None:
        self.text, self.stopped, self.lock, self.drawn = text, threading.Event(), threading.Lock(), False
        self.thread = threading.Thread(target=self._draw, daemon=True)
        self.thread.start()

    def _draw(self) -> None:
        started, frame = time.monotonic(), 0
        while not self.stopped.wait(QUIET if not frame else 0.2):
            with self.lock:
                if not self.stopped.is_set():
                    seconds = time.monotonic() - started
                    sys.stderr.write(f"{_CLEAR}{FRAMES[frame % len(FRAMES)]} {self.text} ({seconds:.0f} s)")
                    sys.stderr.flush()
                    frame, self.drawn = frame + 1, True

    def stop(self) -> None:
        """Remove the line."""
        with self.lock:
            self.stopped.set()
            if self.drawn:
                sys.stderr.write(_CLEAR)
                sys.stderr.flush()
                self.drawn = False


_lines: list[_Line] = []


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show a text while the block runs and prints nothing, if stderr is a terminal."""
    if sys.stderr.isatty():
        _lines.append(_Line(text))
    try:
        yield
    finally:
        end_waiting()


def end_waiting() -> None:
    """Remove the line of `waiting`, if there is one. Everything that prints calls this first."""
    while _lines:
        _lines.pop().stop()
