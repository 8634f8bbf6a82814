"""A file that an encoder was trained with is named when it is evaluated on it."""

import logging
from pathlib import Path
from typing import Any

import pytest

import seqtwin
import tiny
from seqtwin.inference.trained_on import training_note


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("trained")
    tiny.write_pairs(home / "data")
    seqtwin.train(tiny.raw_run(home / "data", fit={"epochs": 1}), home / "run", baselines=False)
    return home / "run"


@pytest.mark.parametrize("folder", [".", "encoder"])
def test_train_and_dev_are_named_and_test_is_not(run: Path, folder: str) -> None:
    data = run.parent / "data"
    assert "its train split" in training_note(run / folder, data / "train.csv")
    assert "its dev split" in training_note(run / folder, data / "dev.csv")
    assert training_note(run / folder, data / "test.csv") == ""


def test_the_rows_of_one_file_are_counted(run: Path) -> None:
    raw: dict[str, Any] = tiny.raw_run(run.parent / "data", fit={"epochs": 1})
    whole = run.parent / "data" / "train.csv"
    raw["data"] = {"file": str(whole), "label": "label"}
    one = seqtwin.train(raw, run.parent / "one", baselines=False).path
    assert " of 96 rows are its train split" in training_note(one, whole)


def test_an_encoder_without_its_run_has_no_note(run: Path, tmp_path: Path) -> None:
    (run / "encoder").rename(tmp_path / "moved")
    try:
        assert training_note(tmp_path / "moved", run.parent / "data" / "train.csv") == ""
    finally:
        (tmp_path / "moved").rename(run / "encoder")


def test_evaluate_logs_it(run: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "seqtwin"):
        seqtwin.evaluate(run / "encoder", run.parent / "data" / "train.csv")
    assert "not of unseen rows" in caplog.text
