"""A training on two processes: the same loss curve as on one, one result on disk, and one message if a process ends."""

import csv
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

import tiny
from seqtwin.config import RunConfig, parse_run, parse_study
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.run import several_processes
from seqtwin.run.check_config import check_run
from seqtwin.run.manifest import config_hash, resolved
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import train
from seqtwin.study.grid import expand_grid
from seqtwin.study.race import run_race
from seqtwin.training import checkpoint

TOLERANCE = 1e-5  # of a mean loss, in fp32
FIT = {"epochs": 3, "batch": 18, "lr": 0.05, "patience": None, "schedule": "constant"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("data"))


def config_of(data: Path, loss: Any, processes: int | None, **fit: Any) -> RunConfig:
    more = {} if processes is None else {"ddp": processes}
    return parse_run({**tiny.raw_run(data, fit={**FIT, **fit, **more}), "loss": loss})


def curve(folder: Path, column: str = "loss") -> list[float]:
    with (folder / "history.csv").open(encoding="utf-8") as file:
        return [float(row[column]) for row in csv.DictReader(file) if row[column]]


LOSSES = ["mse", "contrastive", "in_batch", "cosent", {"name": "pml", "loss": "SupConLoss"}]


@pytest.mark.parametrize("loss", LOSSES, ids=str)
def test_two_processes_have_the_loss_curve_of_one(data: Path, tmp_path: Path, loss: Any) -> None:
    one = train(config_of(data, loss, None), tmp_path / "one")
    two = train(config_of(data, loss, 2), tmp_path / "two")
    assert len(curve(one.path)) == 4
    assert len({round(value, 4) for value in curve(one.path)}) > 1  # it learns, so a wrong gradient would show
    for column in ("loss", "gradient_norm"):
        a, b = (curve(run.path, column) for run in (one, two))
        assert b == pytest.approx(a, rel=TOLERANCE, abs=TOLERANCE)
    assert two.scores["dev"] == pytest.approx(one.scores["dev"], abs=1e-3)
    assert multiprocessing.active_children() == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]


def test_an_interrupted_training_is_continued(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    config, out = config_of(data, "in_batch", 2), tmp_path / "two"

    def stop(state: Any) -> None:
        if state.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(config, out, on_epoch=stop)
    train(config, out, resume=True)
    whole = train(config, tmp_path / "whole").path
    assert curve(out) == pytest.approx(curve(whole), rel=1e-6)


def test_a_process_that_ends_is_one_message_and_the_checkpoint_stays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)

    def kill(state: Any) -> None:
        if state.epoch == 2:
            [other] = multiprocessing.active_children()
            other.kill()
            other.join()

    config, out = config_of(data, "mse", 2), tmp_path / "two"
    with pytest.raises(ResourceError, match=r"has ended.*process 1 with exit code -9") as error:
        train(config, out, on_epoch=kill)
    assert "--resume" in error.value.remedy
    assert list(tmp_path.glob(".two.build-*/checkpoints/step-*"))
    assert len(curve(train(config, out, resume=True).path)) == 4


def test_a_process_that_cannot_begin_is_one_message(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(several_processes, "_follow_here", print_nothing)
    with pytest.raises(ResourceError, match="before its first step"):
        train(config_of(data, "mse", 2), tmp_path / "two")
    assert multiprocessing.active_children() == []


def print_nothing(*_: Any) -> None:
    """The work of a process that ends at once."""


def test_what_does_not_fit_is_refused(data: Path) -> None:
    classify = tiny.raw_run(data, fit={"ddp": 2})
    with pytest.raises(ConfigError, match="train pairs only"):
        check_run(parse_run({**{k: v for k, v in classify.items() if k != "loss"}, "objective": "classify"}))
    with pytest.raises(ConfigError, match="single training"):
        expand_grid(parse_study({"base": tiny.raw_run(data, fit={"ddp": 2}), "grid": {}, "seeds": 1}))
    with pytest.raises(ConfigError, match="in one process"):
        run_race(config_of(data, "mse", 2), DataSets())


def test_a_config_without_it_keeps_its_identity(data: Path) -> None:
    plain, two = config_of(data, "mse", None), config_of(data, "mse", 2)
    assert "ddp" not in resolved(plain)["fit"]  # type: ignore[operator]
    assert resolved(two)["fit"]["ddp"] == 2  # type: ignore[index]
    assert config_hash(plain) != config_hash(two)
