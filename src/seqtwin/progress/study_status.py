"""A study: what is done, running, failed and left, and the command that continues it."""

from collections.abc import Sequence
from pathlib import Path

from seqtwin.guards.begun import begun_file
from seqtwin.guards.typed_command import ORIGIN
from seqtwin.progress.again import command, typed
from seqtwin.progress.driver import Driver, who_began, who_drives
from seqtwin.progress.peek import Content, changed, part, peek, texts
from seqtwin.progress.study_stages import CELL_WORK, cell_stage, round_stages, tuning_stage
from seqtwin.progress.time_left import time_left
from seqtwin.progress.work_status import Outcome, Stage, Status, outcome_of

STUDY, QUICK = "study.json", "quick.json"
PERHAPS = {"unknown": "perhaps running"}
RETRIED = {"failed", "oom"}  # what --retry-failed trains again
NONE_SEEN = "no single task is seen to run: it prepares data, trains a stack or on other machines, or writes the report"


def study_status(folder: Path) -> Status:
    """The status of the folder of a study."""
    quick = peek(folder / QUICK)
    study = peek(folder / STUDY) or part(peek(folder / ORIGIN), "study") or None
    if study is not None and not (folder / "cells").is_dir() and (folder / "results.csv").exists():
        return _results(folder, study)
    driver = _driver(folder)
    stages = _stages(folder, study, quick, driver)
    outcome = _outcome(stages, driver, is_reporting=_is_reporting(folder))
    running = sum(stage.count("running") for stage in stages)
    times = [task.published for stage in stages for task in stage.tasks if task.published]
    left = time_left(stages, max(1, running if driver.runs else 1))
    last = max(times, default=None)
    return Status(
        folder, "study", outcome, _summary(stages, outcome, quick), tuple(stages), driver, left, last,
        _again(folder, stages, outcome), _notes(folder, study, quick, driver, running),
    )  # fmt: skip


def _driver(folder: Path) -> Driver:
    """The process that works on a study: it has the lock, or has begun and still reads its data."""
    driver, path = who_drives(folder), begun_file(folder.absolute())
    begun = None if driver.runs else peek(path)
    reading = Driver() if begun is None else who_began(begun, changed(path))
    return reading if reading.runs else driver


def begun_status(folder: Path) -> Status | None:
    """The status of a study that has no folder yet; None where none has begun."""
    path = begun_file(folder.absolute())
    origin = peek(path)
    if origin is None:
        return None
    driver = who_began(origin, changed(path))
    outcome = outcome_of(driver)
    now = "while it read its data" if outcome == "interrupted" else "reading its data"
    summary = f"a study, {PERHAPS.get(outcome, outcome)}, {now}; nothing is published yet"
    return Status(folder, "study", outcome, summary, driver=driver, again="" if driver.runs else command(origin))


def _stages(folder: Path, study: Content | None, quick: Content | None, driver: Driver) -> list[Stage]:
    rounds = round_stages(folder, quick, driver) if quick else []
    tuning = tuning_stage(folder, study, driver) if study else None
    return [*rounds, *([tuning] if tuning else []), *([cell_stage(folder, study)] if study else [])]


def _is_reporting(folder: Path) -> bool:
    """Whether the command that ran the study is still there, without its lock, and has not written the report."""
    origin = peek(folder / ORIGIN) or {}
    if not origin.get("command") or (folder / "report" / "index.html").exists():  # a program goes on after its study
        return False
    return who_began(origin, changed(folder / ORIGIN)).runs


def _outcome(stages: Sequence[Stage], driver: Driver, *, is_reporting: bool) -> Outcome:
    cells = [stage for stage in stages if stage.work == CELL_WORK]
    if driver.state == "running":
        return "running"
    if cells and not any(stage.count("left") + stage.count("running") for stage in cells):
        return "running" if is_reporting else "finished"
    return "unknown" if driver.state == "unknown" or any(stage.count("running") for stage in stages) else "interrupted"


def _summary(stages: Sequence[Stage], outcome: Outcome, quick: Content | None) -> str:
    kind = "a quick study" if quick else "a study"
    words = PERHAPS.get(outcome, outcome)
    now = next((stage for stage in stages if stage.count("left") + stage.count("running")), None) or (
        stages[-1] if stages else None
    )
    if now is None:
        return f"{kind}, {words}; nothing is published yet"
    ended = now.count("done") + now.count("failed")
    return f"{kind}, {words}, {ended:,} of {now.of:,} {now.work} are published"


def _again(folder: Path, stages: Sequence[Stage], outcome: Outcome) -> str:
    """The command that continues the study, or that is next; empty while it runs."""
    origin = peek(folder / ORIGIN) or {}
    same = command(origin) or f"the same command or program again, with {folder} as its output folder"
    retry = any(task.result in RETRIED for stage in stages for task in stage.tasks if stage.work == CELL_WORK)
    if outcome == "running":
        return ""
    if outcome != "finished":
        return same
    if retry:
        return command(origin, "--retry-failed") or f"{same}, and with --retry-failed"
    return "" if (folder / "report" / "index.html").exists() else typed(["report", str(folder)])


def _notes(folder: Path, study: Content | None, quick: Content | None, driver: Driver, running: int) -> tuple[str, ...]:
    notes = []
    if driver.runs and not running:
        notes.append(NONE_SEEN)
    if study is None:
        notes.append("it is not declared yet (no study.json): how many study cells there will be is not known")
    if quick and not (study and "quick" in study):
        notes.append("a quick study ends when its minutes are up, also with study cells left")
    if part(study, "quick").get("time_up"):
        notes.append("its minutes were up before all study cells were trained")
    report = changed(folder / "report" / "index.html")
    if report:
        notes.append(f"report: {folder / 'report' / 'index.html'}")
    return tuple(notes)


def _results(folder: Path, study: Content) -> Status:
    """Committed results, or the folder of a report: tables without study cells."""
    count = len(texts(study.get("planned")))
    summary = f"the results of a study of {count:,} study cells; nothing is left to do"
    return Status(folder, "results", "finished", summary, last=changed(folder / "results.csv"))
