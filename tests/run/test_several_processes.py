"""A training on two processes: the same loss curve as on one, one result on disk, and one message if a process ends."""

import csv
import multiprocessing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import distributed

import tiny
from seqtwin.config import RunConfig, parse_run, parse_study
from seqtwin.data.batches import PairStore
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.run.check_config import check_run
from seqtwin.run.manifest import config_hash, resolved
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import train
from seqtwin.study.grid import expand_grid
from seqtwin.study.race import run_race
from seqtwin.training import checkpoint, processes
from seqtwin.training.fit import fit
from seqtwin.training.ranks import ALONE, Ranks

TOLERANCE = 1e-5  # of a mean loss, in fp32
FIT = {"epochs": 3, "batch": 18, "lr": 0.005, "patience": None, "schedule": "constant"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("data"))


def config_of(data: Path, loss: Any, processes: int | None, **fit: Any) -> RunConfig:
    more = {} if processes is None else {"ddp": processes}
    return parse_run({**tiny.raw_run(data, fit={**FIT, **fit, **more}), "loss": loss})


def curve(folder: Path, column: str = "loss") -> list[float]:
    with (folder / "history.csv").open(encoding="utf-8") as file:
        return [float(row[column]) for row in csv.DictReader(file) if row[column]]


LOSSES = ["mse", {"name": "contrastive", "margin": 0.5}, "in_batch", "cosent", {"name": "pml", "loss": "SupConLoss"}]
ROWS = 37  # with batches of 18, the last batch has one row: one process has none


def pairs() -> PairStore:
    """Pairs of which many share a text, also with a pair in the share of the other process."""
    store = tiny.store(ROWS)
    return replace(store, right=np.where(np.arange(ROWS) % 3, store.right, store.left[::-1]))


def curves(ranks: Ranks) -> list[list[float]]:
    """The loss and the gradient norm of every step with each loss, in float64."""
    found = []
    for spec in LOSSES:
        torch.manual_seed(0)
        model = tiny.siamese("mean_output").double()
        recipe = tiny.recipe(batch=18, epochs=3)
        state = fit(model, tiny.loss_of(model, spec), pairs(), recipe, lambda _: 0.5, ranks=ranks)
        found.append([*state.losses, *state.norms])
    return found


def curves_of(rank: int, count: int, place: str, results: Any) -> None:
    """The work of one of several processes."""
    torch.set_num_threads(1)
    store = distributed.FileStore(place, count)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=count)
    results.put((rank, curves(Ranks(rank, count))))
    distributed.destroy_process_group()


def test_every_step_of_two_processes_is_that_of_one(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    both = [context.Process(target=curves_of, args=(rank, 2, str(tmp_path / "s"), results)) for rank in range(2)]
    for process in both:
        process.start()
    found = dict(results.get(timeout=300) for _ in both)
    for process in both:
        process.join()
    alone = curves(ALONE)
    assert all(len(set(curve)) > 8 for curve in alone)
    for rank in range(2):
        for got, expected in zip(found[rank], alone, strict=True):
            assert got == pytest.approx(expected, rel=1e-10, abs=1e-10)


def own_children() -> list[Any]:
    """The processes of a training; a cluster that other tests keep is not counted."""
    return [child for child in multiprocessing.active_children() if "Dask" not in child.name]


def test_a_training_on_two_processes_publishes_the_result_of_one(data: Path, tmp_path: Path) -> None:
    one = train(config_of(data, "in_batch", None), tmp_path / "one")
    two = train(config_of(data, "in_batch", 2), tmp_path / "two")
    for column in ("loss", "gradient_norm"):
        a, b = (curve(run.path, column) for run in (one, two))
        assert b == pytest.approx(a, rel=TOLERANCE, abs=TOLERANCE)
    assert two.scores["dev"] == pytest.approx(one.scores["dev"], abs=1e-3)
    assert own_children() == []
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
    whole = train(config_of(data, "in_batch", None), tmp_path / "whole").path
    assert curve(out) == pytest.approx(curve(whole), rel=TOLERANCE)


def test_a_process_that_ends_is_one_message_and_the_checkpoint_stays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)

    def kill(state: Any) -> None:
        if state.epoch == 2:
            [other] = own_children()
            other.kill()
            other.join()

    config, out = config_of(data, "mse", 2), tmp_path / "two"
    with pytest.raises(ResourceError, match=r"has ended.*process 1 with exit code -9") as error:
        train(config, out, on_epoch=kill)
    assert "--resume" in error.value.remedy
    assert list(tmp_path.glob(".two.build-*/checkpoints/step-*"))


def test_a_process_that_cannot_begin_is_one_message(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_follow_here", print_nothing)
    with pytest.raises(ResourceError, match="before its first step"):
        train(config_of(data, "mse", 2), tmp_path / "two")
    assert own_children() == []


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
