"""A status as lines of text: the same words for the terminal and for the page."""

import time
from collections.abc import Sequence

from seqtwin.progress.time_left import rounded
from seqtwin.progress.work_status import Failure, Stage, Status, Task

BAR = 24
SHOWN = 8  # running tasks, and tasks of one failure
HEADS = ("done", "running", "failed", "left")


def status_lines(status: Status, now: float | None = None) -> list[str]:
    """The status as lines for a terminal. `now`: seconds since 1970, for the times before it."""
    now = time.time() if now is None else now
    lines = [f"{status.path}: {status.summary}", *_bars(status.stages)]
    running = running_tasks(status)
    lines += [f"  running: {_task(task)}" for task in running[:SHOWN]] + more(len(running), "running")
    lines += [line for failure in status.failures for line in failure_lines(failure)]
    return [*lines, *fact_lines(status, now)]


def _bars(stages: Sequence[Stage]) -> list[str]:
    width = max((len(stage.work) for stage in stages), default=0)
    return [f"  {stage.work.ljust(width)}  {_bar(stage.share)}  {counts(stage)}" for stage in stages]


def _bar(share: float) -> str:
    full = int(BAR * min(1.0, max(0.0, share)))
    return "#" * full + "-" * (BAR - full)


def counts(stage: Stage) -> str:
    """The numbers of a stage: how many of its tasks are in each state.

    >>> counts(Stage("study cells", (), 3))
    '0 of 3 done, 3 left'
    """
    others = [f"{stage.count(state):,} {state}" for state in HEADS[1:] if stage.count(state)]  # type: ignore[arg-type]
    return ", ".join([f"{stage.count('done'):,} of {stage.of:,} done", *others])


def running_tasks(status: Status) -> list[Task]:
    """The tasks that run now."""
    return [task for stage in status.stages for task in stage.tasks if task.state == "running"]


def _task(task: Task) -> str:
    return f"{task.id}, {task.note}" if task.note else task.id


def more(count: int, what: str) -> list[str]:
    """A line for the tasks that are not listed; none where all are."""
    return [f"  and {count - SHOWN:,} more {what}"] if count > SHOWN else []


def failure_lines(failure: Failure) -> list[str]:
    """One reason of failures, its tasks, and what to do."""
    names = ", ".join(failure.tasks[:3]) + (f" and {len(failure.tasks) - 3:,} more" if len(failure.tasks) > 3 else "")
    lines = [f"  {failure.result} ({len(failure.tasks):,}): {failure.reason}", f"    {names}"]
    return lines + ([f"    remedy: {failure.remedy}"] if failure.remedy else [])


def fact_lines(status: Status, now: float) -> list[str]:
    """Time left, the process, the last result, notes, and the next command."""
    last = f"last result: {ago(status.last, now)}" if status.last else ""
    again = f"{'next' if status.outcome == 'finished' else 'continue with'}: {status.again}" if status.again else ""
    return [line for line in (left_line(status), driver_line(status, now), last, *status.notes, again) if line]


def left_line(status: Status) -> str:
    """The estimated time left and what it rests on; empty where nothing is left."""
    left, is_over = status.left, not (status.counts["left"] + status.counts["running"])
    if left is None:
        return "" if is_over else "time left: unknown until the first result is published"
    cpu = "" if left.cpu_seconds is None else f", {rounded(left.cpu_seconds)} of CPU time"
    alone = "" if status.driver.runs or len(status.stages) == 0 or status.kind != "study" else " with one process"
    return f"time left: about {rounded(left.seconds)}{alone}{cpu} (from {left.basis})"


def driver_line(status: Status, now: float) -> str:
    """Whether a process works on it, and since when."""
    driver = status.driver
    who = f"process {driver.pid} on {driver.host}" if driver.pid and driver.host else "a process"
    since = f" since {ago(driver.since, now)}" if driver.since else ""
    if driver.state == "running":
        return f"works on it now: {who}{since}"
    if driver.state == "unknown":
        return f"begun by {who}, which cannot be seen from this machine{since}"
    return "" if status.outcome == "finished" else "no process works on it now"


def ago(when: float, now: float) -> str:
    """A time before now, with the time of day.

    >>> ago(0.0, 7300.0).endswith("(2 h 2 min ago)")
    True
    """
    form = "%H:%M:%S" if now - when < 12 * 3600 else "%Y-%m-%d %H:%M"
    return f"{time.strftime(form, time.localtime(when))} ({rounded(max(0.0, now - when))} ago)"
