"""A file that `encode` or `score` writes block by block."""

from pathlib import Path

from seqtwin.progress.again import command
from seqtwin.progress.driver import who_drives
from seqtwin.progress.peek import Content, changed, number, part, peek, whole
from seqtwin.progress.work_status import Stage, Status, Task, TimeLeft, outcome_of

GROWING = ".{}.growing"


def file_status(final: Path) -> Status | None:
    """The status of a file that is not complete yet; None where there is no trace of one."""
    folder = final.with_name(GROWING.format(final.name))
    record = peek(folder / "record.json")
    if record is None:
        return None
    driver = who_drives(folder)
    outcome = outcome_of(driver)
    rows, of = whole(record.get("rows")), whole(record.get("of"))
    count = f"{rows:,} of {of:,} rows" if of else f"{whole(record.get('blocks')):,} blocks"
    work = str(part(record, "key").get("work", "write"))
    task = Task(final.name, "running" if driver.runs else "left", share=rows / of if of else 0.0, note=count)
    last = changed(folder / "record.json")
    again = "" if driver.runs else command(part(record, "origin"), "--resume") or "the same command, with --resume"
    summary = f"a file that `seqtwin {work}` writes, {outcome}, {count}"
    return Status(
        final, "file", outcome, summary, (Stage("files", (task,), 1),), driver, _left(record, rows, of), last, again,
    )  # fmt: skip


def _left(record: Content, rows: int, of: int) -> TimeLeft | None:
    seconds = number(record.get("seconds"))
    if not seconds or not rows or rows > of:
        return None
    left = seconds / rows * (of - rows)
    return TimeLeft(left, left, None, 1, f"the {seconds:.0f} s of the rows so far")
