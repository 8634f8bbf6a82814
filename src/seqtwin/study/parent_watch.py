"""End a process with the one that started it. This file imports little, because every helper process loads it."""

import multiprocessing
import os
import signal
import threading


def end_with_driver() -> None:
    """Make this process end when its driver ends, for whatever reason. Ctrl-C is left to the driver."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def serve_until_driver_ends() -> None:
    """The same for the process with the queue, which outlives a signal to all: workers report to it while they stop.

    It is here and not with the pool, whose imports would take longer than all else at the start of a study.
    """
    end_with_driver()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)


def _follow() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)  # a half-built folder is not published, and the next driver removes it
