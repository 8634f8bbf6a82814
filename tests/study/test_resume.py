"""A study that was killed, in the middle of tuning and in the middle of its cells, ends as one that was not.

The same means: every file byte for byte but for durations, speeds, dates and the hashes of files that hold them.
"""

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from seqtwin.config import read_study
from seqtwin.files import driver_lock, verify
from seqtwin.reporting.page.write_report import write_report
from seqtwin.study import worker_pool
from seqtwin.study.compare import compare
from seqtwin.study.worker_pool import Work
from twins import content, contents

DRIVER = """
import sys, pathlib
from seqtwin.config import read_study
from seqtwin.study.compare import compare
if __name__ == "__main__":
    compare(read_study(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2]), jobs=1)
"""
# whole studies, three times over
pytestmark = pytest.mark.long


def published(out: Path, part: str) -> list[Path]:
    return [path for path in out.glob(f"{part}/*") if not path.name.startswith(".")]


def lines_of_journals(out: Path) -> int:
    return sum(path.read_bytes().count(b"\n") for path in out.glob("tuning/.journals/*.log"))


def killed_when(study: Path, out: Path, reached: Callable[[], bool]) -> None:
    with subprocess.Popen([sys.executable, "-c", DRIVER, str(study), str(out)], stderr=subprocess.DEVNULL) as driver:
        end = time.monotonic() + 120
        while not reached() and time.monotonic() < end and driver.poll() is None:
            time.sleep(0.002)
        ended = driver.poll()
        driver.send_signal(signal.SIGKILL)
    assert ended is None, f"the study ended with {ended} before it could be killed"
    assert time.monotonic() < end, "the study did not come so far in two minutes"


def rest(out: Path) -> None:
    """Wait until the workers of a killed driver have followed it, so that nothing moves any more."""
    before, now = None, contents(out)
    while before != now:
        time.sleep(0.3)
        before, now = now, contents(out)


def in_this_process(study: Path, out: Path) -> None:
    def run_some(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
        for task in tasks:
            work.run(task, folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "run_some", run_some)
        compare(read_study(study), out)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folders of the study in one go, and of the study that was killed twice."""
    folder = tmp_path_factory.mktemp("resume")
    base = tiny.raw_run(tiny.write_pairs(folder / "data", (400, 40, 40)), fit={"epochs": 2})
    study = folder / "study.yaml"
    study.write_text(yaml.safe_dump({"base": base, "grid": {"loss": ["mse", "contrastive"]}, "seeds": 2}))
    whole, part = folder / "whole" / "study", folder / "part" / "study"
    in_this_process(study, whole)
    killed_when(study, part, lambda: lines_of_journals(part) > 20)
    assert lines_of_journals(part) > 20
    assert not published(part, "cells")
    killed_when(study, part, lambda: len(published(part, "cells")) > 0)
    assert 1 <= len(published(part, "cells")) < 4
    rest(part)
    kept = {path: (path / "manifest.json").read_bytes() for p in ("cells", "tuning") for path in published(part, p)}
    in_this_process(study, part)
    assert all((path / "manifest.json").read_bytes() == text for path, text in kept.items()), "something was done again"
    return whole, part


def test_a_study_that_was_killed_twice_ends_as_one_that_was_not(both: tuple[Path, Path]) -> None:
    whole, part = (contents(folder) for folder in both)
    assert set(whole) == set(part)
    assert len([name for name in whole if name.endswith("scores.json")]) == 4
    assert len([name for name in whole if name.endswith("trials.csv")]) == 2
    assert [name for name in whole if whole[name] != part[name]] == []


def test_what_it_published_is_whole_and_nothing_half_built_is_left(both: tuple[Path, Path]) -> None:
    part = both[1]
    for path in [*published(part, "cells"), *published(part, "tuning")]:
        assert verify(path)["status"] == "finished"
    with driver_lock(part):
        assert not list(part.glob("**/.*.build-*"))


def test_its_report_says_the_same(both: tuple[Path, Path], tmp_path: Path) -> None:
    reports = [write_report(folder, tmp_path / folder.parent.name).parent for folder in both]
    tables = [{path.name: content(path) for path in folder.glob("*.csv")} for folder in reports]
    assert "results.csv" in tables[0]
    assert tables[0].keys() == tables[1].keys()
    assert [name for name in tables[0] if tables[0][name] != tables[1][name]] == []
    facts = [{path.name: content(path) for path in folder.glob("*.json")} for folder in reports]
    assert facts[0] == facts[1]
