"""Processes of torchrun: process 0 prints, the others report an error only if process 0 has none."""

import sys
from collections.abc import Callable
from typing import Any

import pytest

from seqtwin.cli import console, run_command
from seqtwin.cli.entry import one_voice
from seqtwin.errors import ConfigError, ResourceError

WORDS = ["train", "pairs.yaml"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that a process waits until it reports its error."""
    slept: list[float] = []
    monkeypatch.setattr(one_voice.time, "sleep", slept.append)
    return slept


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, command: Callable[[], object], *, rank: int, torchrun: bool = True,
    words: list[str] = WORDS,
) -> tuple[object, str]:  # fmt: skip
    """The exit code and the output of a command in one of two processes."""
    for name, value in {"RANK": str(rank), "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}.items():
        monkeypatch.setenv(name, value)
    if torchrun:
        monkeypatch.setenv("TORCHELASTIC_RUN_ID", "1")
    monkeypatch.setattr(sys, "argv", ["seqtwin", *words])
    code: object = None
    try:
        run_command(one_voice.with_one_voice(command))
    except SystemExit as end:
        code = end.code
    return code, "".join(capsys.readouterr())


def prints() -> None:
    console.print_line("a result")
    console.print_notice("a note")


def raises(error: BaseException) -> Callable[[], object]:
    def command() -> None:
        prints()
        raise error

    return command


def test_process_0_prints(monkeypatch: pytest.MonkeyPatch, capsys: Any, waits: list[float]) -> None:
    assert run(monkeypatch, capsys, prints, rank=0) == (None, "a result\na note\n")
    assert run(monkeypatch, capsys, prints, rank=1) == (None, "")
    assert waits == []


def test_an_error_of_another_process_is_reported_late(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, waits: list[float]
) -> None:
    error = ConfigError("DATA_MISSING", "no such file", place="pairs.csv")
    assert run(monkeypatch, capsys, raises(error), rank=1) == (2, "error: pairs.csv: no such file [DATA_MISSING]\n")
    assert waits == [one_voice.HELD]
    code, printed = run(monkeypatch, capsys, raises(error), rank=0)
    assert (code, printed.count("no such file")) == (2, 1)
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("error", "code", "held"),
    [
        (SystemExit(2), 2, True),
        (SystemExit(143), 143, False),
        (SystemExit(0), 0, False),
        (ResourceError("RANK_ENDED", "another process has ended"), 5, False),
    ],
)
def test_ends_that_process_0_reports(
    monkeypatch: pytest.MonkeyPatch, capsys: Any, waits: list[float], error: BaseException, code: int, held: bool
) -> None:
    assert run(monkeypatch, capsys, raises(error), rank=1) == (code, "")
    assert bool(waits) == held


def test_a_command_for_one_process_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: Any, waits: list[float]) -> None:
    for rank in range(2):
        code, printed = run(monkeypatch, capsys, prints, rank=rank, words=["encode", "run", "names.csv"])
        assert code == 2
        assert "encode: torchrun started 2 processes" in printed
        assert "a result" not in printed
    assert len(waits) == 1


def test_a_machine_that_sets_the_variables_for_everything_changes_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    found = run(monkeypatch, capsys, prints, rank=1, torchrun=False, words=["report", "study"])
    assert found == (None, "a result\na note\n")
