"""kill -9 at random moments of a study: no published cell is lost or trained again, and the results are the same.

    PYTHONPATH=src:tests python tests/faults/study_kills.py KILLS [SEED]

Prints one JSON line. Cells run in the process of the study, so that a kill can come within one.
"""

import hashlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from at_every_point import forked
from scenarios import SCENARIOS

from twins import contents

MOST = 10  # kills of one study; then it may end


def _killed(action: Callable[[], object], after: float) -> bool:
    """Whether the action was killed after so many seconds; False if it ended before."""
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        try:
            action()
        finally:
            os._exit(0)
    end = time.monotonic() + after
    while time.monotonic() < end:
        if os.waitpid(child, os.WNOHANG)[0]:
            return False
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return True


def _published(study: Path) -> dict[str, str]:
    found = (path for path in study.glob("cells/*/manifest.json") if not path.parent.name.startswith("."))
    return {path.parent.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in found}


def kill_studies(kills: int, seed: int) -> dict[str, object]:
    """Kill studies so often in all: the number of kills and studies, and what was wrong."""
    draw, done, studies = np.random.default_rng(seed), 0, 0
    wrong: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        base, log = Path(folder) / "base", Path(folder) / "log"
        base.mkdir()
        SCENARIOS["compare"].prepare(base)
        whole = _copy(base, Path(folder) / "whole")
        start = time.monotonic()
        if forked(lambda: SCENARIOS["compare"].run(whole), log):
            raise RuntimeError(log.read_text())
        seconds, expected = time.monotonic() - start, contents(whole / "study")
        while done < kills:
            studies += 1
            home = _copy(base, Path(folder) / f"study-{studies}" / "whole")  # as deep as the other: paths are relative
            done, found = _until_done(home, done, kills, seconds, draw)
            wrong += [f"study {studies}: {line}" for line in found or _different(home / "study", expected)]
            shutil.rmtree(home.parent)
    return {"tried": done, "points": studies, "wrong": wrong}


def _copy(base: Path, to: Path) -> Path:
    shutil.copytree(base, to)
    return to


def _until_done(home: Path, done: int, kills: int, seconds: float, draw: np.random.Generator) -> tuple[int, list[str]]:
    first, wrong = done, []
    while True:
        before = _published(home / "study")
        last = done >= kills or done - first >= MOST
        killed = _killed(lambda: SCENARIOS["compare"].run(home), 600.0 if last else float(draw.uniform(0, seconds)))
        after = _published(home / "study")
        wrong += [f"{name} is lost or trained again" for name, digest in before.items() if after.get(name) != digest]
        if not killed:
            return done, wrong
        done += 1


def _different(study: Path, expected: dict[str, Any]) -> list[str]:
    found = contents(study)
    return [f"{name} differs" for name in {**found, **expected} if found.get(name) != expected.get(name)]


def main() -> None:
    """Kill studies so often, and print the counts."""
    torch.set_num_threads(1)
    kills, *seed = (int(value) for value in sys.argv[1:])
    sys.stdout.write(json.dumps(kill_studies(kills, seed[0] if seed else 0)) + "\n")


if __name__ == "__main__":
    main()
