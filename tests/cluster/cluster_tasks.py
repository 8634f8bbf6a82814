"""What the workers of the tests run. They import this file, so it must be light."""

import os
import signal
import time
from pathlib import Path
from typing import Any

from seqtwin.errors import ResourceError
from seqtwin.study import worker
from seqtwin.study.worker import Progress, report, run_cell


def die_once(cell: Any, folder: Path, data: Any = None) -> str:
    """Train, but the first process that reaches the second epoch is killed. `starts` counts the starts of the cell."""
    starts = folder.parent / f"{cell.id}.starts"
    starts.open("a").write(f"{os.getpid()}\n")
    usual = worker._report_epoch

    def at_epoch(cell: Any, state: Any) -> None:
        usual(cell, state)
        if state.epoch == 2 and (folder.parent / "kill").exists():
            (folder.parent / "kill").unlink()
            os.kill(os.getpid(), signal.SIGKILL)

    worker._report_epoch = at_epoch  # type: ignore[assignment]
    try:
        return run_cell(cell, folder, data)
    finally:
        worker._report_epoch = usual


def wait_or_fail(cell: Any, folder: Path, data: Any = None) -> str:
    """One cell finds the disk full as soon as the other trains. The other trains until nobody waits for it."""
    begun, left = folder.parent / "begun", folder.parent / "abandoned"
    if cell.factors["seed"] == 0:
        while not begun.exists():
            time.sleep(0.05)
            report(Progress(cell.id, 0, 1))
        raise ResourceError("STORAGE", "the disk is full", place="/scratch", remedy="free some space")
    try:
        while True:
            begun.touch()
            time.sleep(0.05)
            report(Progress(cell.id, 1, 1))
    except BaseException:
        left.touch()
        raise


def see_nothing_shared() -> None:
    """Let this worker read the shared folder as one on another disk does."""
    from seqtwin.study.on_cluster import facts

    facts._text = lambda _: ""  # type: ignore[assignment]
