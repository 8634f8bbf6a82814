"""Studies on two worker processes: the results of `--jobs`, a killed worker, a worker with another folder."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cluster_tasks
import numpy as np
import pytest

import seqtwin
import tiny
from optional import library
from seqtwin.cluster.client import connect
from seqtwin.config import StudyConfig, parse_study
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.files import read_json, verify
from seqtwin.reporting.table.study_table import read_study
from seqtwin.study import compare as module
from seqtwin.study import tiers, worker_pool
from seqtwin.study.compare import CELLS
from seqtwin.study.worker import Progress

GRID: dict[str, list[Any]] = {"representation": ["final_hidden", "max_output"], "fit.lr": [0.05, 1e38]}


@dataclass(frozen=True)
class Home:
    client: Any
    data: Path


def study_of(data: Path, *, tune: bool = False, grid: dict[str, list[Any]] = GRID, seeds: int = 1) -> StudyConfig:
    raw = {"base": tiny.raw_run(data), "grid": grid, "seeds": seeds, "question": "why?", "tune": tune}
    return parse_study(raw)


def in_this_process(work: Any, tasks: Any, folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
    for task in tasks:
        work.run(task, folder, work.data)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """Two workers, and data."""
    library("distributed")
    data = tiny.write_pairs(tmp_path_factory.mktemp("data"))
    with pytest.MonkeyPatch.context() as patched, connect("local:2") as client:
        patched.setattr(tiers, "TIERS", {**tiers.TIERS, "quick": tiers.Tier(5, 2, 100)})
        yield Home(client, data)


@pytest.fixture(scope="module")
def here(home: Home) -> Any:
    """A tuned study that this process has run."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker_pool, "run_some", in_this_process)
        return seqtwin.compare(
            study_of(home.data, tune=True), home.data.parent / "here" / "out", jobs=1, progress=False
        )


def cells_of(study: Any) -> dict[str, bytes]:
    """The files of all study cells and tunings that hold no seconds."""
    names = ("config.yaml", "scores.json", "predictions.csv", "encoder/model.safetensors", "diagnostics.json")
    paths = [study.path / "cells" / id_ / name for id_ in study.planned for name in names]
    return {str(path.relative_to(study.path)): path.read_bytes() for path in paths if path.exists()}


def without_seconds(value: Any) -> Any:
    """A record of a report without its times."""
    if isinstance(value, dict):
        return {key: without_seconds(own) for key, own in value.items() if "seconds" not in key}
    return [without_seconds(own) for own in value] if isinstance(value, list | tuple) else value


def without_times(frame: Any) -> str:
    """A frame without its times, and without the hash of the manifest, which has them."""
    return frame.drop(columns=[name for name in frame if "second" in name or name == "manifest"]).to_csv()


# the same study


@pytest.mark.parametrize("shared", [True, False])
def test_report_is_that_of_one_machine(home: Home, here: Any, shared: bool) -> None:
    events: list[Progress] = []
    out = home.data.parent / f"there-{shared}" / "out"

    def hear(event: Progress) -> None:
        folder = out / ("cells" if event.work == CELLS.name else "tuning") / event.cell
        assert folder.exists() == bool(event.done), "told before it was published"
        events.append(event)

    there = seqtwin.compare(
        study_of(home.data, tune=True), out, client=home.client, shared_folder=shared, on_progress=hear, progress=False
    )
    assert (there.planned, there.failed) == (here.planned, here.failed)
    assert cells_of(there) == cells_of(here)
    for id_ in there.planned:
        assert verify(there.path / "cells" / id_)["key"] == verify(here.path / "cells" / id_)["key"]
    for path in (here.path / "tuning").glob("[!.]*/best.json"):
        other = there.path / path.relative_to(here.path)
        assert without_seconds(read_json(other)) == without_seconds(read_json(path))
    left = [path.name for path in (there.path / "cells").iterdir()]
    assert sorted(left) == sorted(there.planned)
    for id_ in there.planned:
        own = [event for event in events if event.cell == id_ and event.work == CELLS.name]
        assert (own[0].epoch, own[-1].done) == (0, "diverged" if "1e38" in id_ else "finished")
    tables = read_study(here.path), read_study(there.path)
    for name in ("results", "pairings"):
        one, two = (without_times(getattr(table, name)) for table in tables)
        assert one == two
    np.testing.assert_equal(*(without_seconds(table.analysis) for table in tables))


def test_dashboard_shows_study_cells_by_their_names(home: Home, here: Any) -> None:
    names = home.client.run_on_scheduler(lambda dask_scheduler: set(dask_scheduler.task_prefixes))
    assert {id_.replace("-", "_") for id_ in here.planned} <= names


def test_second_call_trains_nothing(home: Home, here: Any) -> None:
    again = seqtwin.compare(study_of(home.data, tune=True), here.path, client=home.client, progress=False)
    assert again.trained == []


# faults


def test_killed_worker_does_not_lose_its_cell(home: Home, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "CELLS", replace(CELLS, run=cluster_tasks.die_once))
    out = tmp_path / "out"
    out.mkdir()
    (out / "kill").touch()
    study = study_of(home.data, grid={"representation": ["final_hidden"]}, seeds=2)
    before = dict(os.environ)
    done = seqtwin.compare(study, out, client=home.client, progress=False)
    assert (done.trained, done.failed) == (done.planned, [])
    starts = [len((out / f"{id_}.starts").read_text().split()) for id_ in done.planned]
    assert sorted(starts) == [1, 2]
    assert sorted(path.name for path in (out / "cells").iterdir()) == sorted(done.planned)
    changed = {name for name, value in os.environ.items() if before.get(name) != value}
    assert not [name for name in changed if name.endswith("_THREADS")], "this process computes with fewer threads now"


def test_fault_of_one_place_ends_the_study_with_its_class_and_remedy(
    home: Home, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setattr(module, "CELLS", replace(CELLS, run=cluster_tasks.wait_or_fail))
    study = study_of(home.data, grid={"representation": ["final_hidden"]}, seeds=2)
    with pytest.raises(ResourceError, match="the disk is full") as caught:
        seqtwin.compare(study, tmp_path / "out", client=home.client, progress=False)
    assert (caught.value.exit_code, caught.value.remedy) == (5, "free some space")
    end = time.monotonic() + 30
    while not (tmp_path / "out/abandoned").exists() and time.monotonic() < end:
        time.sleep(0.05)
    assert (tmp_path / "out/abandoned").exists(), "the other worker still trains"
    assert list((tmp_path / "out/cells").glob("[!.]*")) == []


def test_worker_with_another_folder_is_refused_unless_it_returns_its_files(home: Home, tmp_path: Path) -> None:
    first, second = sorted(home.client.nthreads())
    home.client.run(cluster_tasks.see_nothing_shared, workers=[first])
    study = study_of(home.data, grid={"representation": ["final_hidden"]}, seeds=2)
    notices: list[str] = []
    done = seqtwin.compare(study, tmp_path / "a", client=home.client, on_notice=notices.append, progress=False)
    assert done.failed == []
    refused = [line for line in notices if "refused" in line]
    assert len(refused) == 1
    assert first in refused[0]
    assert "does not see the folder of the study" in refused[0]
    home.client.run(cluster_tasks.see_nothing_shared, workers=[second])
    with pytest.raises(ConfigError, match="no worker can take part") as caught:
        seqtwin.compare(study, tmp_path / "b", client=home.client, progress=False)
    assert caught.value.exit_code == 2
    assert "--no-shared-folder" in caught.value.remedy
    address = home.client.scheduler.address
    done = seqtwin.compare(study, tmp_path / "b", client=address, shared_folder=False, progress=False)
    assert done.trained == done.planned
