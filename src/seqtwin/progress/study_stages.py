"""The tasks of a study: short trainings of a quick study, tunings of pairings, study cells."""

import json
import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from seqtwin.files import MANIFEST
from seqtwin.guards.largest import CELLS
from seqtwin.progress.driver import Driver
from seqtwin.progress.peek import Content, changed, number, part, peek, texts, total, whole
from seqtwin.progress.training_status import is_built, newest_checkpoint
from seqtwin.progress.work_status import Stage, Task

CELL_WORK, TUNING_WORK, ROUND_WORK = "study cells", "tunings", "short trainings"
ABSENT = "its manifest cannot be read (check it with seqtwin verify)"


def cell_stage(folder: Path, study: Content) -> Stage:
    """The study cells of a declared study. `study`: the content of its study.json."""
    cells, planned = folder / "cells", texts(study.get("planned"))
    present = _names(cells)
    begun = {name[1:].rpartition(".build-")[0] for name in present if name.startswith(".") and ".build-" in name}
    tasks = (
        published_task(cells / id_, pairing_of(id_)) if id_ in present
        else _begun_cell(cells / id_) if id_ in begun
        else Task(id_, pairing=pairing_of(id_))
        for id_ in planned
    )  # fmt: skip
    return Stage(CELL_WORK, tuple(tasks), len(planned))


def pairing_of(cell: str) -> str:
    """The id of a study cell without its seed.

    >>> pairing_of("placenames.lstm.mean_output.mse.s3")
    'placenames.lstm.mean_output.mse'
    """
    return cell.rpartition(".s")[0]


def _names(folder: Path) -> set[str]:
    try:
        return set(os.listdir(folder))
    except OSError:
        return set()


def published_task(folder: Path, pairing: str) -> Task:
    """A published study cell or training as a task that is done, or failed and why."""
    when = _published_at(folder)
    return Task(folder.name, pairing=pairing) if when is None else _read_task(folder, pairing, when)


def _published_at(folder: Path) -> float | None:
    return changed(folder / MANIFEST) or changed(folder)


@lru_cache(maxsize=CELLS)
def _read_task(folder: Path, pairing: str, when: float) -> Task:
    """What is published never changes, so it is read once, however often a status is made."""
    manifest = peek(folder / MANIFEST)
    if manifest is None:
        return Task(folder.name, "failed", pairing, "damaged", ABSENT, published=when)
    result, error = str(manifest.get("status", "")), part(manifest, "error")
    seconds, cpu = total(part(manifest, "seconds")), total(part(manifest, "cpu_seconds"))
    if result == "finished":
        return Task(folder.name, "done", pairing, result, share=1.0, seconds=seconds, cpu_seconds=cpu, published=when)
    reason = str(error.get("cause") or "its vectors are all alike, so its scores mean nothing").split("\n", 1)[0]
    return Task(
        folder.name, "failed", pairing, result, reason, str(error.get("remedy", "")), seconds=seconds, cpu_seconds=cpu,
        published=when,
    )  # fmt: skip


def _begun_cell(final: Path) -> Task:
    """A study cell under construction: running if a process has its lock."""
    found, running = newest_checkpoint(final), is_built(final)
    if found is None:
        return Task(final.name, "running" if running else "left", pairing_of(final.name))
    return Task(
        final.name, "running" if running else "left", pairing_of(final.name), share=found.share, note=found.words,
        seconds=found.seconds, cpu_seconds=found.cpu_seconds,
    )  # fmt: skip


def tuning_stage(folder: Path, study: Content, driver: Driver) -> Stage | None:
    """The tunings of a study; None where nothing is tuned."""
    trials = whole(study.get("trials"))
    if not study.get("tuned") or not trials:
        return None
    pairings = list(dict.fromkeys(pairing_of(id_) for id_ in texts(study.get("planned"))))
    tuning = folder / "tuning"
    journals = sorted(name for name in _names(tuning / ".journals") if name.endswith(".log"))
    logs = {name[:-13]: tuning / ".journals" / name for name in journals}  # NAME.12345678.log
    present = _names(tuning)
    tasks = (
        _tuned(tuning / id_) if id_ in present else _begun_tuning(id_, logs.get(id_), trials, driver)
        for id_ in pairings
    )
    return Stage(TUNING_WORK, tuple(tasks), len(pairings), trainings=trials)


def _tuned(folder: Path) -> Task:
    """A published tuning; its seconds are those of its trials."""
    task = published_task(folder, folder.name)
    best = peek(folder / "best.json") or {}
    return Task(**{**vars(task), "seconds": number(best.get("seconds"))})


def _begun_tuning(pairing: str, log: Path | None, trials: int, driver: Driver) -> Task:
    seconds = _trial_seconds(log) if log else []
    if log is None:
        return Task(pairing, pairing=pairing)
    is_running = driver.runs and _touched_since(driver, log, log.with_suffix(".trial"))
    note = f"trial {len(seconds) + 1} of {trials}" if is_running else f"{len(seconds)} of {trials} trials"
    return Task(
        pairing, "running" if is_running else "left", pairing, share=min(1.0, len(seconds) / trials), note=note,
        seconds=sum(seconds) or None,
    )  # fmt: skip


def _touched_since(driver: Driver, *paths: Path) -> bool:
    """Whether something was changed since the process began that works on the study."""
    times = [when for path in (*paths, *(path / "checkpoints" for path in paths)) if (when := changed(path))]
    return driver.since is None or any(when >= driver.since for when in times)


def _trial_seconds(log: Path) -> list[float]:
    """The seconds of the ended trials in a journal of Optuna: one JSON object per line, the last one incomplete."""
    try:
        lines = log.read_bytes().split(b"\n")[:-1]
    except OSError:
        return []
    return [seconds for line in lines if b'"seconds"' in line for seconds in _seconds_in(line)]


def _seconds_in(line: bytes) -> Iterator[float]:
    """Trial 0 is added whole, with all attributes; the others get theirs when they end."""
    try:
        entry = json.loads(line)
    except ValueError:
        return
    for key in ("user_attrs", "user_attr"):
        found = entry.get(key) if isinstance(entry, dict) else None
        seconds = number(found.get("seconds")) if isinstance(found, dict) else None
        if seconds is not None:
            yield seconds


def round_stages(folder: Path, quick: Content, driver: Driver) -> list[Stage]:
    """The rounds of a quick study. `quick`: the content of its quick.json."""
    rounds = part(quick, "plan").get("rounds")
    plan = [one for one in rounds if isinstance(one, dict)] if isinstance(rounds, list) else []
    present, is_over = sorted(_names(folder / "rounds")), "raced" in quick
    return [_round(folder / "rounds", present, place, one, driver, is_over) for place, one in enumerate(plan, 1)]


def _round(folder: Path, present: list[str], place: int, plan: Content, driver: Driver, is_over: bool) -> Stage:
    """A round. Once the rounds are over, those that did not end in time are no longer left."""
    of, share = whole(plan.get("pairings")), number(plan.get("share")) or 1.0
    end = f".round{place}"
    own = [name for name in present if name.endswith(end) and ".build-" not in name]
    tasks = [_short(folder / name) for name in own if not name.startswith(".")]
    names = {task.id for task in tasks}
    for name in (name[1:] for name in own if name.startswith(".") and name[1:] not in names and not is_over):
        running = driver.runs and _touched_since(driver, folder / f".{name}")
        tasks.append(Task(name, "running" if running else "left", name.removesuffix(end)))
    return Stage(f"{ROUND_WORK} of round {place}", tuple(tasks), len(tasks) if is_over else max(of, len(tasks)), share)


def _short(folder: Path) -> Task:
    pairing, when = folder.name.rpartition(".round")[0], _published_at(folder)
    outcome = peek(folder / "outcome.json")
    if outcome is None:
        return Task(folder.name, "failed", pairing, "damaged", ABSENT, published=when)
    if number(outcome.get("dev")) is None:
        cause = str(outcome.get("cause") or "its metric on dev is undefined")
        return Task(folder.name, "failed", pairing, "failed", cause, published=when)
    seconds = number(outcome.get("seconds"))
    return Task(folder.name, "done", pairing, "finished", share=1.0, seconds=seconds, published=when)
