"""Progress where stderr is no terminal: a line now and then, for a log file."""

from types import SimpleNamespace
from typing import Any

import pytest

from seqtwin.cli import console


def state(epoch: int, dev: float | None = 0.75) -> Any:
    return SimpleNamespace(epoch=epoch, history=[{"loss": 0.5 / epoch, "dev": dev}])


@pytest.fixture
def clock(monkeypatch: Any) -> list[float]:
    """The time that the lines go by; it can be set."""
    now = [100.0]
    monkeypatch.setattr(console.time, "monotonic", lambda: now[0])
    return now


def test_a_piped_training_prints_a_line_now_and_then(clock: list[float], capsys: Any) -> None:
    with console.epochs_bar(40) as on_epoch:
        for epoch in range(1, 41):
            clock[0] += 4
            on_epoch(state(epoch, None if epoch > 20 else 0.75))
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "epoch 3 of 40: loss 0.1667  dev 0.7500"
    assert lines[-2:] == ["epoch 39 of 40: loss 0.0128", "epoch 40 of 40: loss 0.0125"]
    assert len(lines) == 14, "one in three epochs of four seconds, and the last one"


def test_a_training_that_fails_prints_no_last_line(clock: list[float], capsys: Any) -> None:
    def stop_after(epochs: int) -> None:
        with console.epochs_bar(40) as on_epoch:
            for epoch in range(1, epochs + 1):
                clock[0] += 4
                on_epoch(state(epoch))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stop_after(4)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_a_fast_training_prints_none(clock: list[float], capsys: Any) -> None:
    with console.epochs_bar(40) as on_epoch:
        for epoch in range(1, 41):
            clock[0] += 0.2
            on_epoch(state(epoch))
    assert capsys.readouterr().err == ""


def test_a_piped_command_counts_its_rows(clock: list[float], capsys: Any) -> None:
    with console.rows_bar("encoding") as on_rows:
        for done in range(8192, 81_920 + 1, 8192):
            clock[0] += 6
            on_rows(done, 81_920)
    assert capsys.readouterr().err.splitlines()[:2] == [
        "encoding: 16,384 of 81,920 rows",
        "encoding: 32,768 of 81,920 rows",
    ]
