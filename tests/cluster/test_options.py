"""Options that exclude each other on a cluster are refused before any data are read."""

from pathlib import Path
from typing import Any

import pytest

import seqtwin
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
