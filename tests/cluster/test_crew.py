"""Which workers take part: those whose results can be compared, with the data as they were sent."""

import os
import platform
from dataclasses import replace
from typing import Any

import pytest

from seqtwin.errors import ConfigError, ResourceError
from seqtwin.run.manifest import kernels, versions
from seqtwin.run.prepare import DataSets
from seqtwin.study.on_cluster import crew as module
from seqtwin.study.on_cluster.crew import Crew
from seqtwin.study.on_cluster.equipment import Parcel, data_of, equip, unload
from seqtwin.study.on_cluster.facts import Proof, WorkerFacts, usual_kernels, worker_facts

EMPTY = Parcel({}, {})
GOOD = WorkerFacts("node1", 1, versions(), kernels(), True, ())


class Client:
    """Stands for a client of workers with these facts. `wrong`: what the workers answer when they get the data."""

    status, dashboard_link = "running", ""

    def __init__(self, facts: dict[str, Any], wrong: dict[str, Any] | None = None) -> None:
        self.facts, self.wrong = facts, wrong or {}

    def nthreads(self) -> dict[str, int]:
        return dict.fromkeys(self.facts, 1)

    def run(self, function: Any, *_: Any, workers: list[str], on_error: str) -> dict[str, Any]:
        if function is worker_facts:
            return {address: self.facts[address] for address in workers}
        return {address: self.wrong.get(address, []) for address in workers}


@pytest.fixture(autouse=True)
def _always_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOOK", 0.0)


def looked(facts: dict[str, Any], **options: Any) -> tuple[Crew, list[str]]:
    notices: list[str] = []
    crew = Crew(Client(facts, **options), "s", Proof("", "", ()), "/out", notices.append)
    crew.look(EMPTY)
    return crew, notices


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (replace(GOOD, pid=2, versions={**versions(), "seqtwin": "0.1.0"}), "seqtwin 0.1.0, expected"),
        (replace(GOOD, pid=2, versions={**versions(), "torch": "2.4.0"}), "torch 2.4.0, expected"),
        (replace(GOOD, pid=2, kernels={**kernels(), "cpu_capability": "NO"}), "CPU vector width NO, expected"),
        (replace(GOOD, pid=2, kernels={**kernels(), "MKL_CBWR": "AVX2"}), "MKL_CBWR AVX2, expected not set"),
        (replace(GOOD, pid=2, sees_folder=False), "does not see the folder of the study, /out"),
        (replace(GOOD, pid=2, missing=("/vectors.txt",)), "it has no /vectors.txt"),
        (GOOD, "shares its process with another worker"),
        (replace(GOOD, host=platform.node(), pid=os.getpid()), "shares its process"),
        (ModuleNotFoundError("No module named 'seqtwin'"), "cannot run SeqTwin: ModuleNotFoundError"),
    ],
)
def test_worker_that_differs_is_refused_and_the_others_go_on(bad: Any, words: str) -> None:
    crew, notices = looked({"tcp://a:1": GOOD, "tcp://b:1": bad, "tcp://c:1": replace(GOOD, pid=3)})
    assert sorted(crew.ready) == ["tcp://a:1", "tcp://c:1"]
    assert words in crew.refused["tcp://b:1"]
    assert sum(words in line for line in notices) == 1
    crew.look(EMPTY)
    assert sum(words in line for line in notices) == 1, "said again"


def test_data_that_changed_on_the_way_are_refused() -> None:
    crew, _ = looked({"a": GOOD, "b": replace(GOOD, pid=2)}, wrong={"b": ["places"]})
    assert list(crew.ready) == ["a"]
    assert "places" in crew.refused["b"]


def test_all_refused_is_an_error_that_lists_them() -> None:
    with pytest.raises(ConfigError, match=r"no worker can take part.*\n.*a on node1.*seqtwin 9") as caught:
        looked({"a": replace(GOOD, versions={**versions(), "seqtwin": "9"})})
    assert caught.value.remedy.startswith("install the same versions")


def test_worker_that_ends_while_it_is_asked_is_not_refused() -> None:
    crew, _ = looked({"a": GOOD, "b": OSError("closed")})
    assert (list(crew.ready), crew.refused) == (["a"], {})


def test_workers_come_and_go() -> None:
    crew, notices = looked({})
    assert notices == ["no worker is connected to the scheduler; waiting for one"]
    crew.client.facts = {"a": GOOD}
    crew.look(EMPTY)
    assert list(crew.ready) == ["a"]
    crew.client.facts = {"b": replace(GOOD, pid=2)}
    crew.look(EMPTY)
    assert list(crew.ready) == ["b"]


def test_kernels_of_most_workers_count_and_not_those_of_the_driver() -> None:
    other = replace(GOOD, kernels={"cpu_capability": "OTHER"})
    assert usual_kernels([other, GOOD, other]) == other.kernels
    assert usual_kernels([other, GOOD]) == GOOD.kernels


def test_lost_scheduler_is_one_message() -> None:
    crew, _ = looked({"a": GOOD})
    crew.client.status = "connecting"
    with pytest.raises(ResourceError, match="connection to the Dask scheduler is lost") as caught:
        crew.look(EMPTY)
    assert "run the same command again" in caught.value.remedy


def test_data_are_checked_by_their_fingerprint(prepared: Any) -> None:
    whole = Parcel.of(DataSets({"k": prepared}))
    assert equip("good", whole) == []
    assert data_of("good") is not None
    unload("good")
    assert data_of("good") is None
    assert equip("bad", replace(whole, fingerprints={"k": "other"})) == [prepared.data.name]
    assert data_of("bad") is None


@pytest.fixture
def prepared(tmp_path: Any) -> Any:
    import tiny
    from seqtwin.config import parse_run
    from seqtwin.run.prepare import prepare

    return prepare(parse_run(tiny.raw_run(tiny.write_pairs(tmp_path / "data"))))
