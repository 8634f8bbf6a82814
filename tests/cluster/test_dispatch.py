"""Tasks to workers: how often a task starts whose workers die, where, and what may be published."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from optional import library
from seqtwin.errors import DamagedError, InUseError, ResourceError
from seqtwin.files import publish_folder, verify, write_text
from seqtwin.guards.handed_over import handing_over
from seqtwin.study.on_cluster import dispatch as module
from seqtwin.study.on_cluster.dispatch import Dispatch, publish_built
from seqtwin.study.on_cluster.facts import WorkerFacts
from seqtwin.study.on_cluster.task import Outcome
from seqtwin.study.worker import Progress
from seqtwin.study.worker_pool import Work

FILES = {"a.txt": b"a"}


@dataclass(frozen=True)
class Task:
    id: str


@dataclass
class Future:
    """Ends at once in what is given, or never."""

    outcome: Any
    status: str = "pending"

    def add_done_callback(self, call: Callable[[Any], None]) -> None:
        if self.outcome is not None:
            self.status = "error" if isinstance(self.outcome, Exception) else "finished"
            call(self)

    def done(self) -> bool:
        return self.status != "pending"

    def cancel(self) -> None:
        self.status = "cancelled"

    def result(self, timeout: float) -> Any:
        return self.outcome

    def exception(self) -> Any:
        return self.outcome


@dataclass
class Cluster:
    """A client and a crew in one. `ends(task, host, start)`: how a start ends; None: the worker dies."""

    ends: Callable[[str, str, int], Any]
    ready: dict[str, WorkerFacts]
    study: str = "s"
    status: str = "running"
    starts: list[tuple[str, str]] = field(default_factory=list)

    @property
    def client(self) -> "Cluster":
        return self

    def submit(self, _: Any, __: Any, task: Task, *___: Any, workers: list[str], **____: Any) -> Future:
        host = self.ready[workers[0]].host
        self.starts.append((task.id, host))
        number = sum(id_ == task.id for id_, _ in self.starts)
        outcome = self.ends(task.id, host, number)
        if outcome is None:  # its replacement has another address, as that of a nanny has
            self.ready = {f"{a}+" if a == workers[0] else a: facts for a, facts in self.ready.items()}
        return Future(outcome)

    def leave(self, address: str) -> None:
        facts = self.ready.pop(address)
        self.ready[f"{address}+"] = facts

    def look(self, _: Any) -> None: ...
    def equip_ready(self, _: Any) -> None: ...
    def subscribe_topic(self, *_: Any) -> None: ...
    def unsubscribe_topic(self, *_: Any) -> None: ...


def publish_failed(task: Task, final: Path, error: Exception, _: Any) -> str:
    with publish_folder(final) as building:
        building.manifest["error"] = str(error)
    return "failed"


def built(folder: Path, name: str = "t") -> Mapping[str, bytes]:
    """The files of a sealed folder."""
    with publish_folder(folder / name) as building:
        write_text(building.folder / "a.txt", "a")
    return {path.name: path.read_bytes() for path in (folder / name).iterdir()}


WORK = Work("study cells", lambda *_: "", publish_failed)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    library("distributed")
    monkeypatch.setattr(module, "PAUSE", 0.01)
    monkeypatch.setattr(module, "BUSY", 0.05)
    monkeypatch.setattr(module, "APPEARS", 0.0)


def dispatched(
    tmp_path: Path, ends: Callable[[str, str, int], Any], hosts: tuple[str, ...] = ("one", "two")
) -> tuple[Cluster, list[Progress]]:
    facts = {f"tcp://{host}": WorkerFacts(host, 1, {}, {}, True, ()) for host in hosts}
    cluster, events = Cluster(ends, facts), list[Progress]()
    crew: Any = cluster
    Dispatch(crew, WORK, [Task("t")], tmp_path / "out", events.append, shared=False).run()
    return cluster, events


def test_task_whose_workers_die_starts_four_times_and_is_published_as_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cluster, events = dispatched(tmp_path, lambda *_: None)
    assert len(cluster.starts) == 4
    assert [line.partition("; ")[2] for line in caplog.messages] == [f"it starts again ({n} of 3)" for n in (1, 2, 3)]
    assert cluster.starts[0][1] != cluster.starts[1][1], "started again on the same host"
    assert "died in each of 4 starts" in str(verify(tmp_path / "out/t")["error"])
    assert [(event.cell, event.done) for event in events] == [("t", "failed")]


def test_death_that_dask_counts_is_one_death(tmp_path: Path) -> None:
    from distributed import KilledWorker

    cluster, _ = dispatched(tmp_path, lambda *_: KilledWorker("t", Path("worker"), 0))
    assert len(cluster.starts) == 4


@pytest.mark.parametrize("first", [None, InUseError("X", "in use"), Outcome("unequipped"), Outcome("abandoned")])
def test_task_that_is_lost_once_starts_again(tmp_path: Path, first: Any) -> None:
    files = built(tmp_path / "elsewhere")
    cluster, _ = dispatched(tmp_path, lambda _, __, start: first if start == 1 else Outcome("built", files=files))
    assert len(cluster.starts) == 2
    assert (tmp_path / "out/t/a.txt").read_text() == "a"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["t"]


def test_other_errors_end_the_study(tmp_path: Path) -> None:
    with pytest.raises(ResourceError, match="full"):
        dispatched(tmp_path, lambda *_: ResourceError("STORAGE", "full"))


def test_cancelled_task_means_that_the_scheduler_is_lost(tmp_path: Path) -> None:
    class Lost(Future):
        def add_done_callback(self, call: Callable[[Any], None]) -> None:
            self.status = "cancelled"
            call(self)

    cluster = Cluster(lambda *_: "", {"tcp://one": WorkerFacts("one", 1, {}, {}, True, ())})
    cluster.submit = lambda *_, **__: Lost(None)  # type: ignore[method-assign]
    crew: Any = cluster
    with pytest.raises(ResourceError, match="connection to the Dask scheduler is lost"):
        Dispatch(crew, WORK, [Task("t")], tmp_path / "out", lambda _: None, shared=False).run()


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "b/../../a.txt"])
def test_path_outside_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(DamagedError, match="outside of its folder"):
        dispatched(tmp_path, lambda *_: Outcome("built", files={name: b""}))
    assert not (tmp_path / "a.txt").exists()


def test_files_that_changed_on_the_way_are_not_published(tmp_path: Path) -> None:
    files = {**built(tmp_path / "elsewhere"), "a.txt": b"b"}
    with pytest.raises(DamagedError, match="changed since"):
        dispatched(tmp_path, lambda *_: Outcome("built", files=files))
    assert not (tmp_path / "out/t").exists()


def test_folder_that_is_handed_over_is_published_by_the_driver(tmp_path: Path) -> None:
    with handing_over(tmp_path) as folders:
        for name in ("one", "sub/two"):
            with publish_folder(tmp_path / name) as building:
                write_text(building.folder / "a.txt", "a")
                write_text(building.folder / "checkpoints/step-000000001/b.txt", "b")
    assert not (tmp_path / "one").exists(), "the worker has published it"
    assert (tmp_path / "sub/two").exists(), "folders elsewhere are none of the study"
    publish_built(folders[0], tmp_path / "one")
    assert sorted(path.name for path in (tmp_path / "one").iterdir()) == ["a.txt", "manifest.json"]


def test_folder_that_is_not_whole_is_not_published(tmp_path: Path) -> None:
    (tmp_path / ".one.build-00").mkdir()
    with pytest.raises(DamagedError):
        publish_built(tmp_path / ".one.build-00", tmp_path / "one")
    assert replace(Outcome("built"), folder="x").files == {}
