"""End a process with the one that started it. This file imports little, because every helper process loads it."""

import multiprocessing
import os
import signal
import threading


def end_with_driver() -> None:
    """Make this process end when its driver ends, for whatever reason. Ctrl-C is left to the driver."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)  # a half-built folder is not published, and the next driver removes it
