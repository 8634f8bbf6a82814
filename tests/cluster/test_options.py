"""Options that exclude each other on a cluster are refused before any data are read."""

import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

import seqtwin
from optional import library
from seqtwin.cli.compare_report_check import compare
from seqtwin.cli.dedupe_link import dedupe, link
from seqtwin.cli.encode_score_evaluate import encode
from seqtwin.cli.index_search import index
from seqtwin.cluster import client as client_module
from seqtwin.errors import ConfigError
from seqtwin.study.main_guard import MainGuardError
from seqtwin.study.on_cluster.options import refuse_misplaced, worker_processes

NONE: dict[str, Any] = {"jobs": None, "minutes": None, "stack": False, "shared": True}


@pytest.mark.parametrize(
    ("client", "change", "words"),
    [
        ("local:2", {"jobs": 2}, "--jobs is for this machine"),
        ("local:2", {"minutes": 3.0}, "--quick is for this machine"),
        ("local:2", {"stack": True}, "--stack on is for this machine"),
        (None, {"shared": False}, "--no-shared-folder has no effect"),
        ("local:0", {}, "from 1 to 256 workers"),
        ("10.0.0.5:8786", {}, "write tcp://10.0.0.5:8786"),
        ("nowhere", {}, "expected local:N"),
    ],
)
def test_options_that_exclude_each_other_are_refused(client: Any, change: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_misplaced(client, **{**NONE, **change})
    assert words in str(caught.value)


def test_they_are_refused_before_data_are_read(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be combined with --dask"):
        seqtwin.compare(tmp_path / "missing.yaml", tmp_path / "out", client="local:2", jobs=2)


@pytest.mark.parametrize("command", [compare, encode, index, dedupe, link])
@pytest.mark.parametrize("given", ["local:0", "nowhere", "unused"])
def test_commands_refuse_an_address_before_they_read_anything(
    command: Callable[..., None], given: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    library("distributed")
    monkeypatch.setattr(client_module, "ANSWER", 0.2)
    app = typer.Typer()
    app.command()(command)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = given if given != "unused" else f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        lists = 2 if command is link else 0 if command is compare else 1
        files = [str(tmp_path / f"missing{n}") for n in range(lists + 1)]
        done = CliRunner().invoke(app, [*files, "--out", str(tmp_path / "out"), "--dask", address])
    assert isinstance(done.exception, ConfigError)
    assert done.exception.code in ("CLUSTER_WORKERS", "CLUSTER_ADDRESS", "CLUSTER_SILENT")
    assert list(tmp_path.iterdir()) == []


def test_address_and_client_are_accepted() -> None:
    for client in (None, "local:2", "tcp://10.0.0.5:8786", object()):
        refuse_misplaced(client, **NONE)


def test_local_workers_import_the_program_even_if_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert worker_processes("local:1", None) > 1
    assert worker_processes("tcp://10.0.0.5:8786", None) == 1
    assert worker_processes(None, 3) == 3


def test_program_without_main_guard_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from seqtwin.study import main_guard

    fault = main_guard.unguarded("program.py, line 1")
    monkeypatch.setattr(main_guard, "program_fault", lambda: fault)
    with pytest.raises(MainGuardError):
        seqtwin.compare(tmp_path / "missing.yaml", tmp_path / "out", client="local:1")
