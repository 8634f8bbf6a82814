"""A process that ends with the one that started it. Light, so that helper processes start fast."""

import multiprocessing
import os
import signal
import threading


def end_with_driver() -> None:
    """Set this process up to end when its driver does, however that ended; Ctrl-C is the driver's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    driver = multiprocessing.parent_process()
    if driver is not None:
        driver.join()
        os._exit(1)  # what is half-built has no name yet, and the next driver sweeps it
