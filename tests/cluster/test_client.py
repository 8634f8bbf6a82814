"""Connect to a cluster: a new one on this machine, one that runs already, and none."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from optional import library
from seqtwin.cluster import client as module
from seqtwin.cluster.client import connect, connect_early, require_dask
from seqtwin.errors import ConfigError, MissingExtraError


@pytest.fixture(scope="module", autouse=True)
def _dask() -> None:
    library("distributed")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, dict[str, str], dict[str, str]]]:
    """A client of two local workers, and the environment before and after they were started."""
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("cwd"))
        patched.delenv("MKL_NUM_THREADS", raising=False)
        patched.setenv("OMP_NUM_THREADS", "2")
        before = dict(os.environ)
        with connect("local:2") as client:
            yield client, before, dict(os.environ)


def describe() -> tuple[int, str | None, int]:
    import torch

    return torch.get_num_threads(), os.environ.get("OMP_NUM_THREADS"), os.getpid()


def trims_memory() -> bool:
    return "MALLOC_TRIM_THRESHOLD_" in os.environ


def test_two_processes_of_one_thread_each(cluster: Any) -> None:
    told = cluster[0].run(describe)
    assert [(threads, variable) for threads, variable, _ in told.values()] == [(1, "1"), (1, "1")]
    assert len({os.getpid(), *(pid for *_, pid in told.values())}) == 3


def test_workers_keep_free_memory(cluster: Any) -> None:
    assert set(cluster[0].run(trims_memory).values()) == {False}


def handles_ctrl_c() -> bool:
    import signal

    return signal.getsignal(signal.SIGINT) is not signal.SIG_IGN


def test_workers_leave_ctrl_c_to_the_command(cluster: Any) -> None:
    assert set(cluster[0].run(handles_ctrl_c).values()) == {False}


def test_environment_of_the_calling_process_stays(cluster: Any) -> None:
    _, before, after = cluster
    assert after == before


def test_folder_of_the_user_stays_empty(cluster: Any) -> None:
    assert os.listdir() == []


def test_it_is_not_the_default_client_of_dask(cluster: Any) -> None:
    with pytest.raises(ValueError, match="No clients found"):
        library("distributed").default_client()


def test_second_client_connects_by_address_and_by_scheduler_file(cluster: Any, tmp_path: Path) -> None:
    address = cluster[0].scheduler.address
    file = tmp_path / "scheduler.json"
    file.write_text(f'{{"address": "{address}"}}')
    for given in (address, str(file)):
        with connect(given) as client:
            assert len(client.nthreads()) == 2
    assert len(cluster[0].nthreads()) == 2  # only the connection has ended


def test_scheduler_is_asked_early_and_a_local_cluster_is_not_started(
    cluster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect_early(cluster[0].scheduler.address) as client:
        assert len(client.nthreads()) == 2  # type: ignore[union-attr]
    for given in ("local:2", cluster[0], None):
        with connect_early(given) as same:
            assert same is given
    with pytest.raises(ConfigError, match="from 1 to"), connect_early("local:0"):
        pass


def test_silent_address_is_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER", 1)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(ConfigError, match="no Dask scheduler answered within 1 seconds"), connect(address):
            pass


def test_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    with pytest.raises(MissingExtraError, match=r"seqtwin\[cluster\]"):
        require_dask()
