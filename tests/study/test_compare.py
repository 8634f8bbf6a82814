"""A whole study in worker processes: nothing twice, what fails does not stop the rest, no process is left behind."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from seqtwin.baselines.pairs import TEXT_FLOORS
from seqtwin.build_folders import steps_of
from seqtwin.config import StudyConfig, parse_study
from seqtwin.errors import ConfigError, DataError, InUseError, ResourceError
from seqtwin.files import driver_lock, read_json, verify
from seqtwin.reporting.page.write_report import write_report
from seqtwin.study import worker_pool
from seqtwin.study.compare import CELLS, Study, compare
from seqtwin.study.grid import StudyCell, expand_grid
from seqtwin.study.worker import Progress, run_cell
from seqtwin.study.worker_pool import Work

FACTORS: dict[str, list[Any]] = {"representation": ["final_hidden", "max_output"], "fit.lr": [0.05, 1e38]}


def study_of(folder: Path, grid: dict[str, list[Any]] = FACTORS, *, seeds: int = 1, **sections: Any) -> StudyConfig:
    own = {"seeds": seeds, "question": "why?", "tune": False}
    return parse_study({"base": tiny.raw_run(folder, **sections), "grid": grid, **own})


def state_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {p.relative_to(folder).as_posix(): p.stat() for p in folder.rglob("*")}
    return {name: (s.st_ino, s.st_mtime_ns, s.st_size) for name, s in found.items()}


@dataclass(frozen=True)
class Done:
    study: Study
    events: list[Progress]
    data: Path


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    data = tiny.write_pairs(tmp_path_factory.mktemp("study") / "data")
    events: list[Progress] = []
    return Done(compare(study_of(data), data.parent / "out", jobs=2, on_progress=events.append), events, data)


def in_this_process(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
    for task in tasks:
        work.run(task, folder)


# a study with two jobs


def test_what_fails_is_published_and_the_rest_goes_on(done: Done) -> None:
    study = done.study
    assert study.planned == study.trained
    assert study.failed == [id_ for id_ in study.planned if "lr-1e38" in id_]
    status = {id_: verify(study.path / "cells" / id_)["status"] for id_ in study.planned}
    assert sorted(status.values()) == ["diverged", "diverged", "finished", "finished"]
    left = {path.name for path in (study.path / "cells" / study.failed[0]).iterdir()}
    assert left >= {"config.yaml", "history.csv", "last_good.safetensors"}
    error = read_json(study.path / "cells" / study.failed[0] / "manifest.json")["error"]
    assert error["code"] == "DIVERGED"
    assert error["remedy"]
    assert sorted(p.name for p in (study.path / "cells").iterdir()) == sorted(study.planned)


def test_the_plan_says_what_was_asked(done: Done) -> None:
    plan = read_json(done.study.path / "study.json")
    assert (plan["name"], plan["question"], plan["seeds"]) == ("out", "why?", [0])
    assert plan["planned"] == done.study.planned
    assert plan["factors"]["fit.lr"] == ["0.05", "1e38"]
    assert set(plan["floors"]["data"]) == set(TEXT_FLOORS)
    assert not (done.study.path / "holder.json").exists()


def test_progress_is_told_for_every_cell(done: Done) -> None:
    for id_ in done.study.planned:
        own = [event for event in done.events if event.cell == id_]
        assert own[0].epoch == 0
        assert own[-1].done == ("diverged" if "1e38" in id_ else "finished")
        assert {event.of for event in own} == {4}
        if own[-1].done == "finished":
            assert [event.epoch for event in own[:-1]] == [0, 1, 2, 3]


def test_two_jobs_give_the_numbers_of_one(done: Done, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    again = compare(study_of(done.data), tmp_path / "out", jobs=1)
    assert again.failed == done.study.failed
    for id_ in set(again.planned) - set(again.failed):
        for name in ("scores.json", "predictions.csv", "encoder/model.safetensors"):
            one, two = (study.path / "cells" / id_ / name for study in (again, done.study))
            assert one.read_bytes() == two.read_bytes(), f"{id_}/{name}"


def test_a_second_call_trains_nothing_and_rewrites_nothing(done: Done, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_pool, "run_some", None)
    before, plan = state_of(done.study.path / "cells"), state_of(done.study.path)["study.json"]
    again = compare(study_of(done.data), done.study.path, jobs=2)
    assert (again.planned, again.trained, again.failed) == (done.study.planned, [], done.study.failed)
    assert state_of(done.study.path / "cells") == before
    assert state_of(done.study.path)["study.json"] == plan


@pytest.mark.parametrize("sections", [{"fit": {"epochs": 2}}, {"encoder": {"hidden": 9}}, {"tokens": {"lower": True}}])
def test_another_config_under_the_same_name_is_refused(done: Done, sections: dict[str, Any]) -> None:
    before = state_of(done.study.path / "cells") | {"study.json": state_of(done.study.path)["study.json"]}
    with pytest.raises(ConfigError, match="published from another config") as caught:
        compare(study_of(done.data, **sections), done.study.path)
    assert caught.value.exit_code == 2
    assert state_of(done.study.path / "cells") | {"study.json": state_of(done.study.path)["study.json"]} == before


def test_a_study_that_another_process_drives_is_refused(done: Done) -> None:
    with driver_lock(done.study.path), pytest.raises(InUseError):
        compare(study_of(done.data), done.study.path)


def test_the_report_of_a_study_with_failures_can_be_written(done: Done) -> None:
    page = write_report(done.study.path).read_text(encoding="utf-8")
    assert "diverged" in page


# studies in this process


@pytest.mark.parametrize("larger", [{"seeds": 2}, {"grid": {"fit.lr": [0.05, 0.04]}}])
def test_a_larger_study_trains_only_what_is_missing(
    done: Done, tmp_path: Path, monkeypatch: Any, larger: dict[str, Any]
) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    grid: dict[str, list[Any]] = {"fit.lr": [0.05]}
    small = compare(study_of(done.data, grid), tmp_path / "out")
    plan = read_json(tmp_path / "out/study.json")["plan"]
    before = state_of(tmp_path / "out/cells" / small.planned[0])
    large = compare(study_of(done.data, **{"grid": grid, **larger}), tmp_path / "out")
    assert large.trained == [large.planned[1]]
    assert state_of(tmp_path / "out/cells" / small.planned[0]) == before
    found = read_json(tmp_path / "out/study.json")
    assert (found["planned"], found["plan"]) == (large.planned, plan)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tier": "standard", "seeds": None}, "replicates was .* and is .*; tier was quick and is standard"),
        ({"comparisons": []}, "another plan: missing planned comparison: all in all$"),
        (
            {"grid": {"loss": ["mse", "bce", "cosent"]}},
            "another plan: new planned comparisons: mse vs cosent with final_hidden, bce vs cosent with final_hidden$",
        ),
    ],
)
def test_a_plan_is_never_changed_once_something_is_published(
    tmp_path: Path, monkeypatch: Any, change: dict[str, Any], told: str
) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    own = {"left": {"loss": "mse"}, "right": {"loss": "bce"}, "within": {}, "name": "all in all"}
    raw = {"base": tiny.raw_run(tiny.write_pairs(tmp_path / "data")), "grid": {"loss": ["mse", "bce"]}, "seeds": 1}
    raw |= {"tune": False, "comparisons": [own]}
    compare(parse_study(raw), tmp_path / "out")
    before = (tmp_path / "out/study.json").read_bytes()
    with pytest.raises(ConfigError) as caught:
        compare(parse_study({**raw, **change}), tmp_path / "out")
    assert re.search(told, caught.value.cause)
    assert "--out" in caught.value.remedy
    assert (tmp_path / "out/study.json").read_bytes() == before


@pytest.mark.parametrize(
    ("label", "tests", "reason"),
    [(1, 40, "40 same, 0 different"), (0, 40, "0 same, 40 different"), (None, 1, "only one class is present")],
)
def test_a_test_split_without_a_score_is_refused_before_anything_is_trained(
    tmp_path: Path, label: int | None, tests: int, reason: str
) -> None:
    only = {} if label is None else {"test": label}
    data = tiny.write_pairs(tmp_path / "data", (96, 40, tests), only=only)
    with pytest.raises(DataError, match=f"ROC-AUC, has no value on test: .*{reason}"):
        compare(study_of(data), tmp_path / "out")
    assert not (tmp_path / "out" / "study.json").exists()


def test_a_plan_may_change_as_long_as_nothing_is_published(tmp_path: Path, monkeypatch: Any) -> None:
    data = tiny.write_pairs(tmp_path / "data")

    def stopped(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(worker_pool, "run_some", stopped)
    for losses in (["mse", "bce"], ["mse", "cosent"]):
        with pytest.raises(KeyboardInterrupt):
            compare(study_of(data, {"loss": losses}), tmp_path / "out")
        names = [c["name"] for c in read_json(tmp_path / "out/study.json")["plan"]["comparisons"]]
        assert names == [f"mse vs {losses[1]} with final_hidden"]


@pytest.mark.long
def test_what_failed_is_trained_again_only_when_asked(done: Done, tmp_path: Path, monkeypatch: Any) -> None:
    out, grid = tmp_path / "out", {"fit.lr": [0.05, 0.04, 1e38]}
    spoilt: list[Any] = [MemoryError(), ValueError("broken")]

    def spoil(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
        for task, error in zip(tasks, [*spoilt, None], strict=True):
            work.fail(task, folder / task.id, error) if error else work.run(task, folder)

    monkeypatch.setattr(worker_pool, "run_some", spoil)
    first = compare(study_of(done.data, grid), out)
    assert [read_json(out / "cells" / id_ / "manifest.json")["status"] for id_ in first.planned] == [
        "oom",
        "failed",
        "diverged",
    ]
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    assert compare(study_of(done.data, grid), out).trained == []
    again = compare(study_of(done.data, grid), out, retry_failed=True)
    assert (again.trained, again.failed) == (first.planned[:2], first.planned[2:])
    retired = sorted(p.name.rpartition(".")[0] for p in (out / "cells/.retired").iterdir())
    assert retired == sorted(first.planned[:2])
    assert len(write_report(out).read_text(encoding="utf-8")) > 1000


def test_dev_of_one_class_gives_a_study_and_a_report(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    data = tiny.write_pairs(tmp_path / "data", only={"dev": 1})
    study = compare(study_of(data, {"loss": ["mse", "bce"]}), tmp_path / "out")
    assert study.failed == []
    assert "only one class" in write_report(study.path).read_text(encoding="utf-8")


@pytest.mark.long
def test_what_a_part_warns_of_is_said_once_and_not_once_a_study_cell(tmp_path: Path, caplog: Any) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    raw = study_of(data, {"loss": [{"name": "contrastive", "distance": "euclidean", "margin": 1}]}, seeds=4)
    assert len(compare(raw, tmp_path / "out", jobs=2).trained) == 4
    said = [record.getMessage() for record in caplog.records if "ranks pairs differently" in record.getMessage()]
    assert len(said) == 2, "once before training, once by all workers"


def test_bad_data_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    (data / "dev.csv").write_text("left,right,label\na,b,7\n")
    with pytest.raises(Exception, match="label"):
        compare(study_of(data), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_floors_stand_under_the_name_that_the_cells_give_their_data(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    base = tiny.raw_run(tmp_path, data={}, fit={"epochs": 1}, encoder={"embedding": 4, "hidden": 4})
    base["data"] = {"name": "probes", "probe": "P1", "pairs": 40}
    raw = {"base": base, "grid": {"data.probe": ["P1", "P2"]}, "seeds": 1, "tune": False}
    study = compare(parse_study(raw), tmp_path / "out")
    named = {read_json(tmp_path / "out/cells" / id_ / "facts.json")["dataset"] for id_ in study.planned}
    floors = read_json(tmp_path / "out/study.json")["floors"]
    assert len(named) == 2
    assert set(floors) == named
    assert all("constant" in found for found in floors.values())


# processes that die


class Killer(StudyCell):
    """A study cell that kills the process which unpacks it."""

    def __reduce__(self) -> tuple[Callable[[int], Any], tuple[int]]:
        return os._exit, (1,)


def cells_of(data: Path) -> list[StudyCell]:
    grid = {"representation": ["final_hidden", "mean_output", "max_output"]}
    good, bad, last = expand_grid(study_of(data, grid)).cells
    return [good, Killer(bad.id, bad.config, bad.factors), last]


def test_a_cell_that_kills_its_process_does_not_take_others_with_it(tmp_path: Path, monkeypatch: Any) -> None:
    pools: list[list[str]] = []

    def broken_pool(_: Work, cells: list[StudyCell], folder: Path, workers: int, on_progress: Any, **_of: Any) -> None:
        pools.append([cell.factors["representation"] for cell in cells])  # type: ignore[misc]
        for cell in cells:
            if isinstance(cell, Killer):
                return  # all that run die with it
            if workers == 1:
                run_cell(cell, folder)

    monkeypatch.setattr(worker_pool, "run_some", broken_pool)
    cells = cells_of(tiny.write_pairs(tmp_path / "data"))
    events: list[Progress] = []
    worker_pool.run_all(CELLS, cells, tmp_path / "cells", 2, events.append)
    names = ["final_hidden", "mean_output", "max_output"]
    assert pools == [names, names[:1], names[1:], names[1:2], names[2:]]
    status = {cell.id: read_json(tmp_path / "cells" / cell.id / "manifest.json") for cell in cells}
    assert [found["status"] for found in status.values()] == ["finished", "failed", "finished"]
    assert status[cells[1].id]["error"]["code"] == "WORKER_DIED"
    assert [(event.cell, event.done) for event in events] == [(cells[1].id, "failed")]


@pytest.mark.long
def test_a_pool_that_breaks_is_no_error_of_the_study(tmp_path: Path) -> None:
    killer = cells_of(tiny.write_pairs(tmp_path / "data"))[1]
    worker_pool.run_all(CELLS, [killer], tmp_path / "cells", 1, lambda _: None)
    assert verify(tmp_path / "cells" / killer.id)["error"]["code"] == "WORKER_DIED"


def test_a_full_disk_ends_the_study(tmp_path: Path, monkeypatch: Any) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise ResourceError("STORAGE", "no space")

    monkeypatch.setattr(worker_pool, "run_some", full)
    with pytest.raises(ResourceError):
        compare(study_of(tiny.write_pairs(tmp_path / "data")), tmp_path / "out")


def processes_of(parent: int) -> set[int]:
    """All processes that stand below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {parent}
    while more := {pid for pid, above in parents.items() if above in found} - found:
        found |= more
    return found - {parent}


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], object], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc")
@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_a_driver_that_ends_takes_its_workers_along(tmp_path: Path, sent: signal.Signals) -> None:
    data = tiny.write_pairs(tmp_path / "data", (400, 40, 40))
    raw = {"base": tiny.raw_run(data, fit={"epochs": 10_000, "patience": None}), "seeds": 2, "tune": False}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(raw))
    # where the tests run in the background a shell may have had SIGINT ignored, and children inherit that
    ready = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    script = f"{ready}; import sys, pathlib, seqtwin; seqtwin.compare(pathlib.Path(sys.argv[1]), sys.argv[2], jobs=1)"
    command = [sys.executable, "-c", script, str(tmp_path / "study.yaml"), str(tmp_path / "out")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as driver:
        if not until(lambda: list(tmp_path.glob("out/cells/.*.build-*")), 60):
            driver.kill()
            pytest.fail("no cell was begun")
        below = processes_of(driver.pid)
        assert below
        driver.send_signal(sent)
        ended = until(lambda: driver.poll() is not None, 20)
        driver.kill()  # or leaving this block would wait for it for ever
        assert ended, "the driver does not end"
        assert until(lambda: not [pid for pid in below if alive(pid)], 20), "processes are left behind"
    published = [p.name for p in tmp_path.glob("out/cells/*") if not p.name.startswith(".")]
    assert published == [], "an interrupted cell was published"
    with driver_lock(tmp_path / "out"):
        assert all(steps_of(left) for left in tmp_path.glob("out/cells/.*.build-*")), "only checkpoints stay"
