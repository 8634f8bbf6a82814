"""Callbacks and trackers: they get every step, epoch and training, change no byte of a result, and end no training."""

import logging
import random
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import seqtwin
import tiny
from optional import library
from seqtwin import api
from seqtwin.errors import ConfigError, MissingExtraError
from seqtwin.trackers import known_trackers
from seqtwin.trackers.callbacks import Callback, Cell, Epoch, Step
from seqtwin.trackers.listeners import undisturbed
from seqtwin.trackers.tracked_run import plain_name, plain_values

BYTES = (
    "config.yaml", "scores.json", "predictions.csv", "trace.csv", "reads.csv", "diagnostics.json",
    "encoder/model.safetensors", "encoder/encoder.json",
)  # fmt: skip


class Recorder(Callback):
    """Records what it gets, and draws from every global generator."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.epochs: list[Epoch] = []
        self.cells: list[Cell] = []

    def on_step(self, step: Step) -> None:
        self.steps.append(step)
        torch.manual_seed(1)
        torch.rand(3)

    def on_epoch(self, epoch: Epoch) -> None:
        self.epochs.append(epoch)
        epoch.measures["loss"] = -1.0  # type: ignore[index]
        np.random.seed(0)
        random.seed(0)
        torch.set_grad_enabled(False)

    def on_cell(self, cell: Cell) -> None:
        self.cells.append(cell)


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: Any) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    encoder = {"dropout": 0.3, "layers": 2, "input_dropout": 0.2}  # dropout draws from the generator of torch
    return tiny.raw_run(tiny.write_pairs(tmp_path / "data"), encoder=encoder, fit={"epochs": 2})


def contents(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in BYTES}


def train(raw: Mapping[str, Any], out: str, **named: Any) -> Any:
    return seqtwin.train(raw, out, baselines=False, **named)


def test_callbacks_get_every_step_and_change_no_byte(raw: dict[str, Any]) -> None:
    plain, seen = train(raw, "plain"), Recorder()
    heard = train(raw, "heard", callbacks=[seen], on_epoch=lambda _: torch.manual_seed(5) and None)
    assert contents(heard.path) == contents(plain.path)
    assert [step.step for step in seen.steps] == list(range(1, 13))
    assert [(epoch.epoch, epoch.step) for epoch in seen.epochs] == [(1, 6), (2, 12)]
    history = pd.read_csv(plain.path / "history.csv")
    assert [epoch.measures["dev"] for epoch in seen.epochs] == pytest.approx(history["dev_roc_auc"][1:].tolist())
    assert seen.cells == [Cell("heard", "finished", heard.path)]


@pytest.mark.parametrize("method", ["on_step", "on_epoch", "on_cell"])
def test_an_error_of_a_callback_is_logged_once_and_loses_nothing(raw: dict[str, Any], method: str, caplog: Any) -> None:
    calls: list[object] = []

    class Broken(Callback):
        pass

    def fail(_self: Any, event: object) -> None:
        calls.append(event)
        raise RuntimeError("the disk of the tracker is full")

    setattr(Broken, method, fail)
    other = Recorder()
    with caplog.at_level(logging.WARNING):
        run = train(raw, "run", callbacks=[Broken(), other])
    assert len(calls) == 1
    assert "Broken raised an error and is not called again" in caplog.text
    assert "the disk of the tracker is full" in caplog.text
    assert len(other.steps) == 12
    assert contents(run.path) == contents(train(raw, "plain").path)


@pytest.mark.parametrize("given", [Recorder(), [Recorder], [print], 3], ids=["one", "class", "function", "number"])
def test_what_is_no_list_of_callbacks_is_refused_first(raw: dict[str, Any], given: Any) -> None:
    for call in (seqtwin.train, seqtwin.compare):
        with pytest.raises(ConfigError, match="found") as refused:
            call(raw, "out", callbacks=given)
        assert refused.value.code == "CALLBACKS"
    assert not Path("out").exists()


def test_a_blocked_folder_is_one_line_without_a_traceback(raw: dict[str, Any], caplog: Any) -> None:
    class Blocked(Callback):
        def on_epoch(self, epoch: Epoch) -> None:
            raise FileExistsError("out.tensorboard is a file")

    with caplog.at_level(logging.WARNING, "seqtwin"):
        seqtwin.train(raw, "out", callbacks=[Blocked()], baselines=False)
    said = [record for record in caplog.records if "Blocked" in record.getMessage()]
    assert len(said) == 1
    assert "out.tensorboard is a file" in said[0].getMessage()
    assert not said[0].exc_info


def test_an_interrupt_in_a_callback_ends_the_training(raw: dict[str, Any]) -> None:
    class Stop(Callback):
        def on_epoch(self, epoch: Epoch) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(raw, "run", callbacks=[Stop()])
    assert contents(train(raw, "run", resume=True).path) == contents(train(raw, "plain").path)


def test_the_generators_are_restored() -> None:
    def draws() -> tuple[float, float, float]:
        return float(torch.rand(1)), float(np.random.rand()), random.random()

    with undisturbed():
        inside = draws()
    assert draws() == inside


@pytest.mark.parametrize(
    ("name", "plain"),
    [("recall@10", "recall_at_10"), ("f1 (test)", "f1_test"), ("roc_auc", "roc_auc"), ("a/b:c", "a_b_c"), ("é", "")],
)
def test_plain_names(name: str, plain: str) -> None:
    assert plain_name(name) == plain
    assert plain_values({"a": float("nan"), "b": None, "c": 1}) == {"c": 1.0}


class FakeSink:
    """A tracker in memory. `fails`: the method that raises an error."""

    def __init__(self, fails: str = "") -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.fails = fails

    def _add(self, *call: Any) -> None:
        self.calls.append(call)
        if call[0] == self.fails:
            raise ConnectionError("no network")

    def begin(self, name: str, params: Mapping[str, object]) -> None:
        self._add("begin", name, params)

    def log(self, values: Mapping[str, float], step: int) -> None:
        self._add("log", values, step)

    def draw(self, name: str, figure: Any) -> None:
        self._add("draw", name, figure)

    def end(self, status: str) -> None:
        self._add("end", status)


def tracked(monkeypatch: Any, fails: str = "") -> FakeSink:
    sink = FakeSink(fails)
    monkeypatch.setitem(known_trackers.TRACKERS, "tensorboard", lambda out: sink)
    return sink


def with_log(raw: dict[str, Any], name: str) -> dict[str, Any]:
    return {**raw, "fit": {**raw["fit"], "log": name}}


def test_a_tracker_gets_losses_history_scores_and_the_curve(raw: dict[str, Any], monkeypatch: Any) -> None:
    sink = tracked(monkeypatch)
    run = train(with_log(raw, "tensorboard"), "run")
    assert [call[0] for call in (sink.calls[0], sink.calls[-2], sink.calls[-1])] == ["begin", "draw", "end"]
    assert sink.calls[0][2]["fit.lr"] == 0.05
    logged = {key: value for call in sink.calls if call[0] == "log" for key, value in call[1].items()}
    assert logged["test/roc_auc"] == run.scores["test"]["roc_auc"]
    assert logged["epoch/dev"] == pytest.approx(run.history["dev_roc_auc"].iloc[-1])
    assert [call[2] for call in sink.calls if call[0] == "log" and "train/loss" in call[1]] == list(range(1, 13))
    assert all(name.replace("/", "_").isidentifier() for name in logged)
    assert sink.calls[-1] == ("end", "finished")
    assert contents(run.path) == contents(train(raw, "plain").path)


@pytest.mark.parametrize("method", ["begin", "log", "draw", "end"])
def test_an_error_of_a_tracker_loses_nothing(raw: dict[str, Any], monkeypatch: Any, method: str, caplog: Any) -> None:
    tracked(monkeypatch, method)
    run = train(with_log(raw, "tensorboard"), "run")
    assert "no network" in caplog.text
    assert contents(run.path) == contents(train(raw, "plain").path)


def test_a_tracker_of_a_study_gets_every_cell(raw: dict[str, Any], monkeypatch: Any) -> None:
    sink = tracked(monkeypatch)
    study = {"base": with_log(raw, "tensorboard"), "grid": {"loss": ["mse"]}, "tune": False, "seeds": 2}
    monkeypatch.setattr(api, "write_report", lambda _path: None)
    result = seqtwin.compare(study, "study", jobs=1)
    assert [call[1] for call in sink.calls if call[0] == "begin"] == result.planned
    assert [call[1] for call in sink.calls if call[0] == "end"] == ["finished", "finished"]
    assert sum(call[0] == "draw" for call in sink.calls) == 2
    without = {**study, "base": raw}
    assert seqtwin.compare(without, "study", jobs=1).trained == [], "a tracker is no part of the identity of a result"


def test_a_missing_library_is_named_before_training(raw: dict[str, Any], monkeypatch: Any) -> None:
    for module, extra in (("torch.utils.tensorboard", "tensorboard"), ("mlflow", "mlflow"), ("wandb", "wandb")):
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(MissingExtraError, match=rf"pip install 'seqtwin\[{extra}\]'"):
            train(with_log(raw, extra), "run")
    assert not Path("run").exists()


@pytest.mark.filterwarnings("ignore")
def test_tensorboard_itself(raw: dict[str, Any]) -> None:
    library("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(with_log(raw, "tensorboard"), "run")
    events = EventAccumulator("run.tensorboard/run", size_guidance={"scalars": 0})
    events.Reload()
    assert [event.step for event in events.Scalars("train/loss")] == list(range(1, 13))
    assert events.Scalars("test/roc_auc")[0].value == pytest.approx(run.scores["test"]["roc_auc"])
    assert "learning_curve" in events.Tags()["images"]


@pytest.mark.filterwarnings("ignore")
def test_mlflow_itself(raw: dict[str, Any], monkeypatch: Any, tmp_path: Path) -> None:
    mlflow = library("mlflow")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    run = train(with_log(raw, "mlflow"), "run")
    client = mlflow.MlflowClient()
    [found] = client.search_runs([client.get_experiment_by_name("seqtwin").experiment_id])
    assert (found.info.run_name, found.info.status) == ("run", "FINISHED")
    assert found.data.metrics["test/roc_auc"] == pytest.approx(run.scores["test"]["roc_auc"])
    assert len(client.get_metric_history(found.info.run_id, "train/loss")) == 12
    assert [file.path for file in client.list_artifacts(found.info.run_id)] == ["learning_curve.png"]
    assert found.data.params["fit.epochs"] == "2"


@pytest.mark.filterwarnings("ignore")
def test_wandb_itself(raw: dict[str, Any], monkeypatch: Any, tmp_path: Path) -> None:
    library("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    monkeypatch.setenv("WANDB_DIR", str(tmp_path))
    run = train(with_log(raw, "wandb"), "run")
    [folder] = (tmp_path / "wandb").glob("offline-run-*")
    record = next(folder.glob("run-*.wandb"))
    for _ in range(100):  # another process of wandb writes it
        if b"test/roc_auc" in record.read_bytes():
            break
        time.sleep(0.1)
    assert b"test/roc_auc" in record.read_bytes()
    assert run.status == "finished"
    assert [*(folder / "files" / "media").rglob("learning_curve*.png")]
