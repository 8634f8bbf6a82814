"""Many processes start to drive one folder at the same moment: one at a time does, and each cell is published once.

    PYTHONPATH=src:tests python tests/faults/swarm.py PROCESSES ROUNDS

Prints one JSON line.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from seqtwin.errors import DamagedError, InUseError
from seqtwin.files import driver_lock, publish_folder, verify, write_text

DROVE, REFUSED, TOGETHER = 10, 14, 19  # exit codes: it had the folder; it was in use; two had it


def _drive(folder: Path, cell: str, start: float) -> int:
    """Drive the folder from a moment on: publish the cell unless it is there."""
    time.sleep(max(0.0, start - time.monotonic()))
    try:
        with driver_lock(folder):
            mark = folder / "driving"
            try:
                os.close(os.open(mark, os.O_CREAT | os.O_EXCL))
            except FileExistsError:
                return TOGETHER
            if not (folder / cell).exists():
                with publish_folder(folder / cell) as building:
                    write_text(building.folder / "by.txt", str(os.getpid()))
            mark.unlink()
    except InUseError:
        return REFUSED
    return DROVE


def swarm(processes: int, rounds: int) -> dict[str, object]:
    """Start so many processes at once, so often: how many drove, and what was wrong."""
    drove, wrong = 0, []
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home) / "study"
        for number in range(rounds):
            codes = _round(processes, folder, f"cell-{number}")
            drove += codes.count(DROVE)
            if set(codes) - {DROVE, REFUSED} or DROVE not in codes:
                wrong.append(f"round {number}: exit codes {sorted(codes)}")
            left = [path.name for path in folder.glob(".*.build-*")]
            if left or not _is_whole(folder / f"cell-{number}"):
                wrong.append(f"round {number}: a cell in part, {left}")
    return {"tried": rounds, "points": drove, "wrong": wrong}


def _is_whole(cell: Path) -> bool:
    try:
        return "by.txt" in verify(cell)["files"]
    except DamagedError:
        return False


def _round(processes: int, folder: Path, cell: str) -> list[int]:
    start, children = time.monotonic() + 0.005 * processes, []
    for _ in range(processes):
        child = os.fork()
        if not child:
            code = 1
            try:
                code = _drive(folder, cell, start)
            finally:
                os._exit(code)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


def main() -> None:
    """Start the processes, and print the counts."""
    processes, rounds = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(swarm(processes, rounds)) + "\n")


if __name__ == "__main__":
    main()
