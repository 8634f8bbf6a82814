"""The options of a training, from a config to the published folder: what is trained, recorded and refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import tiny
from seqtwin.api import refuse_misfits
from seqtwin.config import parse_run, parse_study, read_run
from seqtwin.errors import DataError
from seqtwin.files import read_json
from seqtwin.inference.trained_encoder import load
from seqtwin.run.begin import recipe_of
from seqtwin.run.prepare import prepare
from seqtwin.run.train import Run, train
from seqtwin.study.compare import compare
from seqtwin.study.grid import expand_grid
from seqtwin.training.fit import batches_of

FIT = {"average": {"name": "ema", "decay": 0.9}, "balance": 0.4, "rates": {"embedding": 0.5}}
LOSS = {"sum": ["mse", {"name": "in_batch", "temperature": 0.1}], "weights": [1, 0.5]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("options") / "data")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return train(parse_run(tiny.raw_run(folder, loss=LOSS, fit=FIT)), folder.parent / "all")


def test_everything_is_recorded(run: Run) -> None:
    facts = read_json(run.path / "facts.json")
    assert facts["training"] == {
        "average": "ema-decay0.9",
        "averaged_steps": 6 * facts["best_epoch"],
        "rates": {"embedding": 0.5},
        "balance": 0.4,
    }
    assert facts["loss"]["name"] == "sum"
    assert [part["weight"] for part in facts["loss"]["settings"]["parts"]] == [1, 0.5]
    again = read_run(run.path / "config.yaml")
    assert (again.fit.average, again.fit.balance) == (FIT["average"], 0.4)
    assert again.fit.rates.changed() == {"embedding": 0.5}
    card = (run.path / "encoder/README.md").read_text(encoding="utf-8")
    assert f"weights averaged over {6 * facts['best_epoch']} steps (ema-decay0.9)" in card
    assert "embedding 0.5; 40% same pairs in each batch." in card
    assert read_json(run.path / "manifest.json")["factors"]["loss"] == "mse+in_batch-temperature0.1-weight0.5"


def test_the_saved_encoder_has_the_averaged_weights_that_dev_was_scored_with(folder: Path, run: Run) -> None:
    history = (run.path / "history.csv").read_text(encoding="utf-8").splitlines()
    columns = history[0].split(",")
    best = read_json(run.path / "facts.json")["best_epoch"]
    seen = float(history[1 + best].split(",")[columns.index("dev_roc_auc")])
    assert read_json(run.path / "scores.json")["dev"]["roc_auc"] == pytest.approx(seen)
    plain = train(
        parse_run(tiny.raw_run(folder, loss=LOSS, fit={k: v for k, v in FIT.items() if k != "average"})),
        folder.parent / "not-averaged",
    )
    ours, theirs = (load_file(r.path / "encoder/model.safetensors") for r in (run, plain))
    assert any(not torch.equal(ours[name], theirs[name]) for name in ours)
    assert (run.path / "trace.csv").read_bytes() == (plain.path / "trace.csv").read_bytes()  # the training is the same
    assert load(run.path).encode(["abc"]).shape == (1, 16)


def test_the_same_config_twice_gives_the_same_bytes(folder: Path, run: Run) -> None:
    again = train(parse_run(tiny.raw_run(folder, loss=LOSS, fit=FIT)), folder.parent / "again")
    for name in ("encoder/model.safetensors", "scores.json", "trace.csv", "predictions.csv"):
        assert (again.path / name).read_bytes() == (run.path / name).read_bytes(), name


def test_options_that_are_off_leave_no_trace(folder: Path) -> None:
    off: dict[str, Any] = {"average": None, "balance": None, "rates": {"embedding": 1.0, "head": 1}}
    plain = train(parse_run(tiny.raw_run(folder)), folder.parent / "plain")
    stated = train(parse_run(tiny.raw_run(folder, fit=off)), folder.parent / "stated")
    for name in ("encoder/model.safetensors", "scores.json", "trace.csv", "predictions.csv", "encoder/README.md"):
        assert (plain.path / name).read_bytes() == (stated.path / name).read_bytes(), name
    assert "training" not in read_json(stated.path / "facts.json")


def test_balance_reaches_the_batches(folder: Path) -> None:
    config = parse_run(tiny.raw_run(folder, fit={"balance": 0.25}))
    prepared = prepare(config)
    store = prepared.stores["train"]
    batches = batches_of(tiny.siamese(), store, recipe_of(config), 1)
    assert [len(rows) for rows in batches] == [16] * 6
    assert {int(store.target[rows].sum()) for rows in batches} == {4}


def test_graded_targets_and_one_class_are_refused_before_a_training(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    raw = tiny.raw_run(folder, loss="in_batch", fit={"balance": 0.5})
    with pytest.raises(DataError, match=r"fit\.balance needs both classes, but all 96 training pairs are same"):
        train(parse_run(raw), tmp_path / "run")
    rows = (folder / "train.csv").read_text(encoding="utf-8")
    (folder / "train.csv").write_text(rows.replace(",1\n", ",0.8\n", 5), encoding="utf-8")
    graded = {key: value for key, value in raw["data"].items() if key != "label"} | {"score": "label", "scale": [0, 1]}
    with pytest.raises(DataError, match="the training targets are graded"):
        train(parse_run({**raw, "data": graded}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_study_is_refused_for_the_balance_of_any_cell_and_check_says_so_too(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    raw = tiny.raw_run(folder, loss="in_batch")
    for values in ([None, 0.5], [0.5, None]):
        study = parse_study({"base": raw, "grid": {"fit.balance": values}, "seeds": 1, "tune": False})
        with pytest.raises(DataError, match="needs both classes"):
            compare(study, tmp_path / "study", jobs=1)
    config = parse_run(tiny.raw_run(folder, loss="in_batch", fit={"balance": 0.5}))
    with pytest.raises(DataError, match="needs both classes"):
        refuse_misfits(config, prepare(config))


def test_a_sum_learns_from_same_pairs_alone_if_a_part_does(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    fit = {"epochs": 1}
    assert train(parse_run(tiny.raw_run(folder, loss={"sum": ["mse", "in_batch"]}, fit=fit)), tmp_path / "a").status
    with pytest.raises(DataError, match="training pairs are same"):
        train(parse_run(tiny.raw_run(folder, loss={"sum": ["mse", "bce"]}, fit=fit)), tmp_path / "b")


def test_a_grid_varies_every_option(folder: Path) -> None:
    grid = {
        "loss": ["mse", LOSS],
        "fit.average": [None, "ema", {"name": "mean", "last": 0.5}],
        "fit.balance": [None, 0.5],
        "fit.rates.embedding": [1, 0.1],
    }
    found = expand_grid(parse_study({"base": tiny.raw_run(folder), "grid": grid, "seeds": 1}))
    assert len(found.cells) == len({cell.id for cell in found.cells}) == 24
    assert found.factors["fit.average"] == ["None", "ema", "mean-last0.5"]
    assert found.factors["loss"] == ["mse", "mse+in_batch-temperature0.1-weight0.5"]
    assert {cell.config.fit.rates.embedding for cell in found.cells} == {1, 0.1}


def test_series_are_trained_with_every_option(tmp_path: Path) -> None:
    raw = tiny.raw_run(tmp_path, loss=LOSS, fit={**FIT, "epochs": 1})
    raw["data"] = {"name": "digits", "pairs": 60}
    found = train(parse_run(raw), tmp_path / "run")
    assert np.isfinite(found.scores["test"]["roc_auc"])
