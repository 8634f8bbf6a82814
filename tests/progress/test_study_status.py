"""The status of a study while it runs, after it was stopped or killed, and when it is finished."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

import tiny
from seqtwin.config import StudyConfig, parse_study
from seqtwin.errors import ConfigError
from seqtwin.files import dump_json, publish_text, read_json
from seqtwin.guards.begun import beginning, begun_file
from seqtwin.guards.typed_command import ORIGIN, typed
from seqtwin.progress.find_status import status
from seqtwin.progress.status_words import status_lines
from seqtwin.progress.work_status import Status
from seqtwin.study import compare as compare_module
from seqtwin.study.compare import compare
from seqtwin.study.worker import Progress
from seqtwin.study.worker_pool import run_here

GRID: dict[str, list[Any]] = {"representation": ["final_hidden", "max_output"], "fit.lr": [0.05, 1e38]}
COMMAND = ["compare", "study.yaml", "--out", "runs/a"]


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train in this process: a status can then be asked for at every step."""

    def run_all(work: Any, tasks: Any, folder: Path, _workers: int, on_progress: Any, *, until: float) -> None:
        run_here(work, tasks, folder, on_progress, until=until)

    monkeypatch.setattr(compare_module, "run_all", run_all)


def study_of(folder: Path, *, seeds: int = 2, tune: bool = False) -> StudyConfig:
    grid = {"grid": GRID if not tune else {"representation": GRID["representation"]}}
    return parse_study({"base": tiny.raw_run(folder), **grid, "seeds": seeds, "question": "why?", "tune": tune})


def run(config: StudyConfig, out: Path, on_progress: Any = lambda _: None) -> None:
    with typed(COMMAND):
        compare(config, out, jobs=1, on_progress=on_progress)


def files_of(folder: Path) -> dict[str, tuple[int, int, int]]:
    found = {str(path): path.lstat() for path in folder.rglob("*")}
    return {name: (stat.st_ino, stat.st_mtime_ns, stat.st_size) for name, stat in found.items()}


ENDED = 2**22 + 1  # larger than any process id of Linux


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study of eight cells. Four of them diverged."""
    place = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compare_module, "run_all", lambda w, t, f, _n, p, *, until: run_here(w, t, f, p, until=until))
        run(study_of(tiny.write_pairs(place / "data")), place / "out")
    sign(place / "out", ENDED)
    return place / "out"


def sign(folder: Path, pid: int) -> None:
    """Name another process as the one that ran the study."""
    publish_text(folder / ORIGIN, dump_json({**read_json(folder / ORIGIN), "pid": pid}))


def test_a_finished_study_counts_what_is_published_and_groups_its_failures(finished: Path) -> None:
    found = status(finished)
    assert (found.kind, found.outcome, found.left) == ("study", "finished", None)
    assert found.counts == {"done": 4, "running": 0, "failed": 4, "left": 0}
    assert {one.result for one in found.failures} == {"diverged"}
    assert sum(len(one.tasks) for one in found.failures) == 4
    assert all("lr-1e38" in task for one in found.failures for task in one.tasks)
    assert found.again == f"seqtwin report {finished}"
    assert found.last == max((finished / "cells" / id_ / "manifest.json").stat().st_mtime for id_ in planned(finished))


def planned(folder: Path) -> list[str]:
    return list(read_json(folder / "study.json")["planned"])


def test_a_command_that_still_writes_the_report_is_running(finished: Path, tmp_path: Path) -> None:
    place = tmp_path / "study"
    shutil.copytree(finished, place)
    sign(place, os.getpid())
    assert (status(place).outcome, status(place).again) == ("running", "")
    (place / "report").mkdir()
    (place / "report" / "index.html").write_text("")
    assert status(place).outcome == "finished"


def test_the_frame_has_one_row_per_cell_with_the_published_seconds(finished: Path) -> None:
    frame = status(finished).frame.set_index("id")
    assert list(frame.index) == planned(finished)
    done = frame[frame.state == "done"]
    for id_, row in done.iterrows():
        manifest = read_json(finished / "cells" / str(id_) / "manifest.json")
        assert row.seconds == pytest.approx(sum(manifest["seconds"].values()))
        assert row.cpu_seconds == pytest.approx(sum(manifest["cpu_seconds"].values()))
    assert set(frame[frame.state == "failed"].result) == {"diverged"}


def test_a_status_changes_nothing(finished: Path) -> None:
    before = files_of(finished)
    status(finished).as_dict()
    assert files_of(finished) == before


def test_what_is_left_is_estimated_from_the_seconds_of_its_own_pairing(finished: Path, tmp_path: Path) -> None:
    place = tmp_path / "cut"
    shutil.copytree(finished, place)
    gone = [id_ for id_ in planned(place) if id_.endswith(".s1") and "lr-1e38" not in id_]
    for id_ in gone:
        shutil.rmtree(place / "cells" / id_)
    kept = [read_json(place / "cells" / id_.replace(".s1", ".s0") / "manifest.json") for id_ in gone]
    found = status(place)
    assert found.counts == {"done": 2, "running": 0, "failed": 4, "left": 2}
    assert (found.outcome, found.driver.state) == ("interrupted", "stopped")
    assert found.left is not None
    assert found.left.seconds == pytest.approx(sum(sum(one["seconds"].values()) for one in kept))
    assert found.left.cpu_seconds == pytest.approx(sum(sum(one["cpu_seconds"].values()) for one in kept))
    assert "2 of the 2 left from their own pairing" in found.left.basis
    assert "with one process" in "\n".join(status_lines(found))


def test_a_running_study_is_seen_with_its_cell_and_its_process(tmp_path: Path) -> None:
    seen: list[Status] = []
    out = tmp_path / "out"

    def look(event: Progress) -> None:
        if event.epoch and not event.done:
            seen.append(status(out))

    run(study_of(tiny.write_pairs(tmp_path / "data"), seeds=1), out, look)
    assert {one.outcome for one in seen} == {"running"}
    assert {one.driver.pid for one in seen} == {os.getpid()}
    assert all(one.again == "" for one in seen)
    first = seen[0].counts
    assert (first["running"], first["done"], first["left"]) == (1, 0, 3)
    assert seen[-1].counts["done"] >= 1


def test_a_study_is_seen_while_it_reads_its_data(finished: Path, tmp_path: Path) -> None:
    out = tmp_path / "runs" / "a"
    with typed(COMMAND), beginning(out):
        found = status(out)
        assert (found.kind, found.outcome, found.driver.pid, found.again) == ("study", "running", os.getpid(), "")
        left = begun_file(out).read_bytes()
    assert os.listdir(tmp_path) == [], "data that are refused leave nothing"
    with pytest.raises(ConfigError, match="nothing that was begun"):
        status(out)
    out.parent.mkdir()
    begun_file(out).write_bytes(left.replace(str(os.getpid()).encode(), str(ENDED).encode()))
    assert (status(out).outcome, status(out).again) == ("interrupted", "seqtwin compare study.yaml --out runs/a")
    place = tmp_path / "continued"
    shutil.copytree(finished, place)
    shutil.rmtree(place / "cells" / planned(place)[0])
    assert status(place).outcome == "interrupted"
    with beginning(place):
        assert status(place).outcome == "running"


def test_a_study_is_seen_with_its_cells_before_it_is_declared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out, seen, declare = tmp_path / "out", list[Status](), compare_module.declare

    def look(*given: Any) -> None:
        assert not begun_file(out).exists()
        seen.append(status(out))
        declare(*given)

    monkeypatch.setattr(compare_module, "declare", look)
    with beginning(out):
        run(study_of(tiny.write_pairs(tmp_path / "data"), tune=True), out)
    assert seen[0].outcome == "running"
    assert [(stage.work, stage.of) for stage in seen[0].stages] == [("tunings", 2), ("study cells", 4)]


def test_a_stopped_study_names_the_command_that_continues_it(tmp_path: Path) -> None:
    out = tmp_path / "out"

    def stop(event: Progress) -> None:
        if event.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study_of(tiny.write_pairs(tmp_path / "data"), seeds=1), out, stop)
    found = status(out)
    assert (found.outcome, found.counts["done"], found.counts["left"]) == ("interrupted", 1, 3)
    assert found.again == "seqtwin compare study.yaml --out runs/a"
    publish_text(out / ORIGIN, dump_json({**read_json(out / ORIGIN), "folder": "/else where"}))
    assert status(out).again == "cd '/else where' && seqtwin compare study.yaml --out runs/a"
    publish_text(out / ORIGIN, dump_json({**read_json(out / ORIGIN), "command": []}))
    assert "the same command or program again" in status(out).again


def test_a_killed_study_is_not_running(finished: Path, tmp_path: Path) -> None:
    place = tmp_path / "killed"
    shutil.copytree(finished, place)
    shutil.rmtree(place / "cells" / planned(place)[0])
    holder = {"pid": 2**22 + 7, "host": os.uname().nodename}  # above the largest pid
    publish_text(place / "holder.json", dump_json(holder))
    assert status(place).driver.state == "stopped"
    publish_text(place / "holder.json", dump_json({**holder, "pid": os.getpid()}))  # its number was given again
    assert status(place).outcome == "interrupted"
    publish_text(place / "holder.json", dump_json({"pid": 5, "host": "another-machine"}))
    assert status(place).outcome == "unknown"
    assert "cannot be seen from this machine" in "\n".join(status_lines(status(place)))


def test_trials_count_while_a_pairing_is_tuned(tmp_path: Path) -> None:
    seen: list[Status] = []
    out = tmp_path / "out"

    def look(event: Progress) -> None:
        seen.append(status(out))
        if event.work == "tunings" and event.epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(study_of(tiny.write_pairs(tmp_path / "data"), seeds=5, tune=True), out, look)
    running = [task for stage in seen[-1].stages for task in stage.tasks if task.state == "running"]
    assert [task.note for task in running] == ["trial 4 of 8"]
    stopped = status(out)
    tuning, cells = stopped.stages
    assert (tuning.work, tuning.of, cells.of) == ("tunings", 2, 10)
    assert tuning.tasks[0].note == "3 of 8 trials"
    assert stopped.left is not None
    trial = (tuning.tasks[0].seconds or 0.0) / 3
    assert stopped.left.seconds == pytest.approx(trial * (5 + 8 + 10))


@pytest.mark.parametrize("keep", [0, 1, 40, 400])
def test_half_a_file_is_no_error(finished: Path, tmp_path: Path, keep: int) -> None:
    place = tmp_path / "half"
    shutil.copytree(finished, place)
    for path in [*place.glob("cells/*/manifest.json"), place / ORIGIN]:
        path.write_bytes(path.read_bytes()[:keep])
    found = status(place)
    assert {one.result for one in found.failures} == {"damaged"}
    (place / "study.json").write_bytes(b'{"planned": [1, null, "a"')
    assert status(place).counts["done"] == 0


def test_odd_values_in_the_files_are_no_error(finished: Path, tmp_path: Path) -> None:
    place = tmp_path / "odd"
    shutil.copytree(finished, place)
    odd = {
        "planned": ["x.s0", 3],
        "trials": "many",
        "tuned": True,
        "quick": [],
        "seconds": "1",
        "plan": {"rounds": [1, {}]},
    }
    for path in [
        place / "study.json",
        place / "quick.json",
        *place.glob("cells/*/manifest.json"),
        place / "holder.json",
    ]:
        path.write_text(dump_json(odd), encoding="utf-8")
    found = status(place)
    assert found.counts["left"] == 1
    assert status_lines(found)
    assert found.as_dict()["kind"] == "study"
