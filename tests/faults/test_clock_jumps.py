"""A clock that jumps by years, back and forth, or stands still: the results are the same, and no duration is odd."""

import csv
import io
import json
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from scenarios import in_this_process

import seqtwin
import tiny
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load
from seqtwin.study import worker_pool
from seqtwin.training import checkpoint
from twins import contents

YEAR = 365 * 86_400.0
REAL, REAL_MONOTONIC = time.time, time.monotonic


def jumping(clock: Callable[[], float]) -> Callable[[], float]:
    """A clock that is years ahead, then years behind."""
    calls = iter(range(10**9))
    return lambda: clock() + YEAR * (0, 30, -20, 3, -0.001)[next(calls) % 5]


def still() -> float:
    """A clock that stands still."""
    return 1000.0


CLOCKS = {
    "the date jumps": {"time": jumping(REAL)},
    "both jump": {"time": jumping(REAL), "monotonic": jumping(REAL_MONOTONIC)},
    "it stands still": {"monotonic": still},
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("clock") / "data", (32, 16, 16))


@pytest.fixture(params=CLOCKS)
def clock(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, fake in CLOCKS[request.param].items():
        monkeypatch.setattr(time, name, fake)
    return monkeypatch


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    home = tmp_path_factory.mktemp("whole")
    return {name: contents(make(data, home / name)) for name, make in MAKERS.items()}


def trained(data: Path, out: Path) -> Path:
    return seqtwin.train(tiny.raw_run(data, fit={"epochs": 2}), out).path


def compared(data: Path, out: Path) -> Path:
    grid = {"loss": ["mse", "contrastive"]}
    study = {"base": tiny.raw_run(data, fit={"epochs": 1}), "grid": grid, "seeds": 1, "tune": False, "tier": "quick"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker_pool, "run_some", in_this_process)
        return seqtwin.compare(study, out, jobs=1).path


def indexed(data: Path, out: Path) -> Path:
    encoder = load(tiny.saved_encoder(out.parent / f"{out.name}-encoder"))
    Index.build(encoder, ["abc", "bcd", "cde"]).save(out)
    index = Index.load(out, encoder)
    index.add(["def"])
    index.save(out)
    return out


MAKERS = {"train": trained, "compare": compared, "index": indexed}


@pytest.mark.parametrize("name", MAKERS)
def test_results_do_not_depend_on_the_clock(
    clock: pytest.MonkeyPatch, whole: dict[str, Any], data: Path, tmp_path: Path, name: str
) -> None:
    clock.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    out = MAKERS[name](data, tmp_path / name)
    assert contents(out) == whole[name]
    assert [found for found in durations(out) if not 0 <= found[1] < math.inf] == []
    assert not list(tmp_path.rglob(".*.build-*"))


def durations(folder: Path) -> Iterator[tuple[str, float]]:
    """Every number of seconds or per second in the JSON and CSV files of a folder, with its file."""
    for path in folder.rglob("*.json"):
        yield from ((str(path), value) for value in _numbers(json.loads(path.read_text(encoding="utf-8")), timed=False))
    for path in folder.rglob("*.csv"):
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))):
            yield from ((str(path), float(text)) for name, text in row.items() if "second" in name and text)


def _numbers(value: Any, *, timed: bool) -> Iterator[float]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _numbers(inner, timed=timed or "second" in key or key == "spent")
    elif isinstance(value, list):
        for inner in value:
            yield from _numbers(inner, timed=timed)
    elif timed and isinstance(value, int | float):
        yield float(value)


def test_a_quick_study_ends_although_the_clock_jumps(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = {"loss": ["mse", "contrastive"]}
    study = {"base": tiny.raw_run(data, fit={"epochs": 1}), "grid": grid, "seeds": 2, "tune": False}
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    monkeypatch.setattr(time, "time", jumping(REAL))
    done = seqtwin.compare(study, tmp_path / "study", jobs=1, minutes=2)
    assert done.trained == done.planned
    assert all(0 <= seconds < math.inf for _, seconds in durations(tmp_path / "study"))
