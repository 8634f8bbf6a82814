"""Ends a command, or lets the disk fail, at each of its changes of the disk; then runs it again.

    PYTHONPATH=src:tests python tests/faults/at_every_point.py SCENARIO crash|ENOSPC|EIO|EACCES|EROFS|EDQUOT [POINTS]

Prints one JSON line: the number of changes, of those tried, and what was wrong. All runs are forked from one process,
which has the libraries loaded. POINTS: try only so many, spread evenly.
"""

import errno
import faulthandler
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from disk_events import DiskEvent, watch_disk
from scenarios import SCENARIOS, Essence, Scenario, hashes, refuse_halves

from seqtwin.errors import ResourceError

CRASHED, LIMIT = 77, 60  # exit code; seconds that one run may take


@dataclass(frozen=True)
class Tried:
    """How often a command was interrupted. `points`: its changes of the disk; `wrong`: one line per failure."""

    points: int
    tried: int
    wrong: tuple[str, ...]


def forked(action: Callable[[], object], log: Path) -> int:
    """The exit code of an action in a process of its own: 0, or 1 with the traceback in `log`."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 1
    try:
        signal.alarm(LIMIT)
        with log.open("w") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
            faulthandler.enable()
            action()
            code = 0
    except BaseException:
        import traceback

        log.write_text(traceback.format_exc())
    finally:
        os._exit(code)


def try_every_point(name: str, fault: str, limit: int | None = None) -> Tried:
    """Interrupt a scenario at its changes of the disk, one after the other; `fault`: crash, or a name of `errno`."""
    scenario, wrong = SCENARIOS[name], []
    with tempfile.TemporaryDirectory() as folder:
        base, log = Path(folder) / "base", Path(folder) / "log"
        base.mkdir()
        scenario.prepare(base)
        whole = _copy(base, Path(folder) / "whole")
        points = _count(scenario, whole, log)
        expected = scenario.essence(whole)
        chosen = range(points) if limit is None or limit >= points else [i * points // limit for i in range(limit)]
        for point in chosen:
            home = _copy(base, Path(folder) / f"at-{point}")
            found = _interrupted(scenario, home, fault, point, log) or _in_part(home, base, expected)
            found = found or _again(scenario, home, expected, log)
            wrong += [f"{name}, {fault} at change {point}: {line}" for line in found]
            shutil.rmtree(home)
    return Tried(points, len(chosen), tuple(wrong))


def _copy(base: Path, to: Path) -> Path:
    shutil.copytree(base, to)
    return to


def _count(scenario: Scenario, home: Path, log: Path) -> int:
    """The number of changes of an undisturbed run."""
    counted = home.with_suffix(".count")

    def run() -> None:
        seen: list[DiskEvent] = []
        watch_disk(home, seen.append)
        scenario.run(home)
        counted.write_text(str(len(seen)))

    if forked(run, log):
        raise RuntimeError(f"the command fails undisturbed:\n{log.read_text()}")
    return int(counted.read_text())


def _interrupted(scenario: Scenario, home: Path, fault: str, point: int, log: Path) -> list[str]:
    """Run until the change number `point`, and list what is wrong afterwards."""
    disturb = _crash if fault == "crash" else _refuse(getattr(errno, fault))

    def run() -> None:
        left = point

        def notice(event: DiskEvent) -> None:
            nonlocal left
            if left <= 0:
                disturb(event)
            left -= 1

        watch_disk(home, notice)
        try:
            scenario.run(home)
        except ResourceError as error:
            if error.exit_code != 5 or not error.remedy:
                raise

    code = forked(run, log)
    if fault == "crash" and code != CRASHED:
        return [f"exit code {code} instead of the crash: {_last(log)}"]
    if fault != "crash" and code:
        return [f"no typed error: {_last(log)}"]
    return refuse_halves(scenario, home)


def _crash(event: DiskEvent) -> None:
    """The process ends; a file that it was opening is open already, and empty."""
    if event.empties:
        event.path.write_bytes(b"")
    os._exit(CRASHED)


def _refuse(number: int) -> Callable[[DiskEvent], None]:
    """The disk takes nothing more. Removing goes on, as on a full disk."""

    def disturb(event: DiskEvent) -> None:
        if event.kind not in ("remove", "rmdir"):
            raise OSError(number, os.strerror(number), str(event.path))

    return disturb


def _in_part(home: Path, base: Path, expected: Essence) -> list[str]:
    """The files of the result that are neither whole, nor missing, nor as they were before the command."""
    there = [name for name in expected if (home / name).is_file()]
    before = {name: hashes(base, name)[name] for name in there if (base / name).is_file()}
    found = hashes(home, *there)
    return [f"{name} is there in part" for name in there if found[name] not in (expected[name], before.get(name))]


def _again(scenario: Scenario, home: Path, expected: Essence, log: Path) -> list[str]:
    """Run the command again, and list what differs from an undisturbed run."""
    if forked(lambda: scenario.run(home), log):
        return [f"the command does not go on: {_last(log)}"]
    found = scenario.essence(home)
    wrong = [f"{key} differs" for key in expected if found.get(key) != expected[key]]
    # what belongs to a published name is removed by the next command beside it
    left = [path.name for path in home.rglob(".*.build-*") if not path.with_name(path.name[1:-15]).exists()]
    return wrong + [f"left over: {name}" for name in left] + refuse_halves(scenario, home)


def _last(log: Path) -> str:
    lines = log.read_text().strip().splitlines() if log.exists() else []
    return lines[-1] if lines else "no output"


def main() -> None:
    """Try one scenario with one fault, and print the counts."""
    torch.set_num_threads(1)  # forked processes have no other threads
    name, fault, *limit = sys.argv[1:]
    found = try_every_point(name, fault, int(limit[0]) if limit else None)
    sys.stdout.write(json.dumps({"points": found.points, "tried": found.tried, "wrong": found.wrong}) + "\n")


if __name__ == "__main__":
    main()
