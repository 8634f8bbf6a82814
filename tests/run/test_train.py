"""One training from a config to a published folder, and what is published of one that fails."""

import csv
import errno
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import tiny
from seqtwin.config import parse_run, parse_study, read_run
from seqtwin.errors import ConfigError, DataError, ResourceError, SeqTwinError
from seqtwin.files import read_json, verify, write_text
from seqtwin.inference.trained_encoder import load
from seqtwin.metrics import METRICS
from seqtwin.run.cell_tables import WATCHED
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.manifest import KERNEL_LIMITS, config_hash, kernels
from seqtwin.run.prepare import prepare
from seqtwin.run.train import Run, train
from seqtwin.study import worker
from seqtwin.study.grid import expand_grid
from seqtwin.training.fit import Diverged

FILES = {"config.yaml", "history.csv", "scores.json", "predictions.csv", "facts.json"}
FILES |= {"diagnostics.json", "trace.csv", "reads.csv"}
ENCODER = {f"encoder/{name}" for name in ("encoder.json", "model.safetensors", "tokenizer.json", "README.md")}
NUMBERS = ("scores.json", "predictions.csv", "diagnostics.json", "trace.csv", "reads.csv")
NUMBERS += ("encoder/model.safetensors", "encoder/tokenizer.json")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("run") / "data")


@pytest.fixture(scope="module")
def run(folder: Path) -> Run:
    return train(parse_run(tiny.raw_run(folder)), folder.parent / "one")


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_everything_is_published_and_true(folder: Path, run: Run) -> None:
    manifest = verify(run.path)
    assert set(manifest["files"]) == FILES | ENCODER
    assert (manifest["id"], manifest["kind"], manifest["status"], manifest["error"]) == (
        "one",
        "cell",
        "finished",
        None,
    )
    assert manifest["factors"] == {"representation": "final_hidden", "loss": "mse", "seed": 0}
    for times in (manifest["seconds"], manifest["cpu_seconds"]):
        assert set(times) == {"data", "train", "evaluate", "explain"}
        assert times["train"] > 0
    assert manifest["versions"]["torch"]
    assert manifest["kernels"] == kernels()
    assert run.scores == read_json(run.path / "scores.json")
    assert list(run.scores["dev"]) == list(run.scores["test"]) == list(METRICS)
    assert run.scores["test"]["roc_auc"] > run.scores["untrained"]["roc_auc"]
    assert not [p for p in run.path.parent.iterdir() if p.name.startswith(".")]


def test_the_config_that_was_used_can_be_read_again(folder: Path, run: Run) -> None:
    config = parse_run(tiny.raw_run(folder))
    again = read_run(run.path / "config.yaml")
    assert again.model_dump(exclude={"data"}) == config.model_dump(exclude={"data"})
    for split in ("train", "dev", "test"):
        assert Path(str(getattr(again.data, split))).resolve() == folder / f"{split}.csv"
    assert config_hash(again) == config_hash(config)
    assert str(folder) not in (run.path / "config.yaml").read_text(), "an absolute path"


def test_the_history_has_a_row_an_epoch(run: Run) -> None:
    rows = rows_of(run.path / "history.csv")
    assert list(rows[0]) == ["epoch", "step", "loss", "dev_roc_auc", "lr", "seconds", *WATCHED]
    assert [row["gradient_norm"] == "" for row in rows] == [True, False, False, False]
    assert all(float(row[name]) > 0 for row in rows[1:] for name in WATCHED)
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert [row["step"] for row in rows] == ["0", "6", "12", "18"]
    best = max(float(row["dev_roc_auc"]) for row in rows[1:])
    assert run.scores["dev"]["roc_auc"] == pytest.approx(best)


def test_the_saved_encoder_gives_the_published_scores(folder: Path, run: Run) -> None:
    encoder = load(run.path)
    pairs = rows_of(folder / "test.csv")
    found = encoder.score([row["left"] for row in pairs], [row["right"] for row in pairs])
    published = [float(row["score"]) for row in rows_of(run.path / "predictions.csv") if row["split"] == "test"]
    np.testing.assert_allclose(found, published, atol=2e-6)
    assert encoder.threshold == run.scores["threshold"]


def test_the_facts_are_json_and_hold_what_a_report_needs(run: Run) -> None:
    facts = read_json(run.path / "facts.json")
    assert facts["pairs"] == {"train": 96, "dev": 40, "test": 40}
    assert facts["loss"]["name"] == "mse"
    assert re.search(r"\(s - y\)\^2", facts["loss"]["formula"])
    assert facts["batch_deviation"] < 1e-6
    assert (facts["padding"], facts["dim"], facts["shareable"]) == ("masked", 16, False)
    assert facts["best_epoch"] <= facts["epochs"] == 3
    assert facts["precision"] == "fp32"
    assert facts["train_pairs_per_second"] > 0
    assert facts["leakage"]["share"] == facts["leakage"]["pairs"] / 40
    assert {split: sum(kinds.values()) for split, kinds in facts["counts"].items()} == {"dev": 40, "test": 40}


def test_kernels_name_what_limits_them(monkeypatch: Any) -> None:
    for name in KERNEL_LIMITS:
        monkeypatch.delenv(name, raising=False)
    free = kernels()
    assert free["cpu_capability"] == torch.backends.cpu.get_cpu_capability()
    assert set(free) <= {"cpu_capability", "mkl", "onednn"}
    assert all(re.fullmatch(r"\d[\d.]+", version) for name, version in free.items() if name != "cpu_capability")
    monkeypatch.setenv("MKL_ENABLE_INSTRUCTIONS", "AVX2")
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "")
    assert kernels() == {**free, "MKL_ENABLE_INSTRUCTIONS": "AVX2"}


def test_the_trace_holds_the_loss_of_every_step(run: Run) -> None:
    rows, history = rows_of(run.path / "trace.csv"), rows_of(run.path / "history.csv")
    assert [int(row["step"]) for row in rows] == list(range(1, 19))
    means = np.array([float(row["loss"]) for row in rows]).reshape(3, 6).mean(1)
    np.testing.assert_allclose(means, [float(row["loss"]) for row in history[1:]], rtol=1e-6)


def test_the_reading_of_its_own_representation_is_the_published_score(run: Run) -> None:
    reads = {row["representation"]: row for row in rows_of(run.path / "reads.csv")}
    assert {"final_hidden", "last_output", "mean_output", "max_output", "final_cell"} <= set(reads)
    for split in ("dev", "test"):
        assert float(reads["final_hidden"][split]) == pytest.approx(run.scores[split]["roc_auc"], abs=1e-8)


def test_texts_are_published_where_they_may_be(tmp_path: Path) -> None:
    raw = tiny.raw_run(tmp_path, fit={"epochs": 1}, tokens={"unit": "word"})
    raw["data"] = {"name": "probes", "probe": "P1", "pairs": 60}
    found = train(parse_run(raw), tmp_path / "run")
    rows = rows_of(found.path / "pairs.csv")
    part = prepare(parse_run(raw)).data.part("test")
    assert [row["left"] for row in rows] == part["left"].tolist()
    assert [row["right"] for row in rows] == part["right"].tolist()
    assert [int(row["row"]) for row in rows] == list(range(len(part)))


def test_no_text_of_a_user_is_published(folder: Path, run: Run) -> None:
    texts = {row["left"] for row in rows_of(folder / "train.csv") if len(row["left"]) == 5}
    published = "".join((run.path / name).read_text() for name in (*FILES, "manifest.json", "encoder/encoder.json"))
    assert texts
    assert not [text for text in texts if f'"{text}"' in published or f",{text}," in published]


@pytest.mark.parametrize("sections", [{}, {"encoder": {"layers": 2, "dropout": 0.3}}, {"encoder": {"cell": "gru"}}])
def test_the_same_config_gives_the_same_bytes_and_another_seed_others(
    folder: Path, tmp_path: Path, sections: dict[str, Any]
) -> None:
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        train(parse_run(tiny.raw_run(folder, **sections, fit={"seed": seed, "epochs": 2})), tmp_path / name)
    for name in NUMBERS:
        a, b, c = ((tmp_path / run / name).read_bytes() for run in "abc")
        assert a == b, name
        assert name.endswith("tokenizer.json") or a != c, name


def test_an_existing_folder_is_refused_and_untouched(folder: Path, run: Run) -> None:
    before = (run.path / "manifest.json").stat().st_mtime_ns
    with pytest.raises(ConfigError, match="never overwritten"):
        train(parse_run(tiny.raw_run(folder)), run.path)
    assert (run.path / "manifest.json").stat().st_mtime_ns == before


def test_what_is_added_at_the_end_is_in_the_manifest(folder: Path, tmp_path: Path) -> None:
    def finish(building: Path) -> None:
        assert read_json(building / "scores.json")
        write_text(building / "figures/a.svg", "<svg/>")

    seen: list[int] = []
    config = parse_run(tiny.raw_run(folder, fit={"epochs": 2}))
    found = train(config, tmp_path / "x", on_epoch=lambda s: seen.append(s.epoch), finish=finish)
    assert "figures/a.svg" in verify(found.path)["files"]
    assert seen == [1, 2]


def test_dev_of_one_class_trains_to_the_end_and_says_what_is_undefined(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"dev": 1})
    found = train(parse_run(tiny.raw_run(folder, fit={"patience": 1})), tmp_path / "run")
    assert found.status == "finished"
    assert "only one class is present" in found.scores["undefined"]["roc_auc"]
    assert "roc_auc" not in found.scores["test"]
    rows = rows_of(found.path / "history.csv")
    assert [row["dev_roc_auc"] for row in rows] == ["", "", "", ""]
    assert load(found.path).encode(["abc"]).shape == (1, 16)


def test_dev_without_a_same_pair_has_no_threshold(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"dev": 0})
    found = train(parse_run(tiny.raw_run(folder)), tmp_path / "run")
    assert found.scores["threshold"] is None
    assert {"f1", "accuracy"} <= set(found.scores["undefined"])
    assert load(found.path).threshold is None


def test_a_margin_that_the_data_cannot_set_is_refused_before_training(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    rows = (folder / "train.csv").read_text(encoding="utf-8")
    (folder / "train.csv").write_text(rows.replace(",1\n", ",0.8\n", 5), encoding="utf-8")
    raw = tiny.raw_run(folder, loss="contrastive")
    graded = {key: value for key, value in raw["data"].items() if key != "label"} | {"score": "label", "scale": [0, 1]}
    with pytest.raises(ConfigError, match="margin: auto"):
        train(parse_run({**raw, "data": graded}), tmp_path / "run")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("only", "word"), [(1, "same"), (0, "different")])
@pytest.mark.parametrize("loss", ["mse", "contrastive", "bce"])
def test_training_pairs_of_one_class_are_refused_before_training(
    only: int, word: str, loss: str, tmp_path: Path
) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": only})
    with pytest.raises(DataError, match=f"training pairs are {word}") as caught:
        train(parse_run(tiny.raw_run(folder, loss=loss)), tmp_path / "run")
    assert ("in_batch" in caught.value.remedy) == (only == 1)
    assert not (tmp_path / "run").exists()


def test_same_pairs_alone_are_enough_for_a_loss_that_finds_its_own_different_ones(tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    assert train(parse_run(tiny.raw_run(folder, loss="in_batch", fit={"epochs": 1})), tmp_path / "run").status


def test_series_are_trained_too(tmp_path: Path) -> None:
    raw = tiny.raw_run(tmp_path, fit={"epochs": 2})
    raw["data"] = {"name": "digits", "pairs": 60}
    found = train(parse_run(raw), tmp_path / "run")
    encoder = load(found.path)
    assert not (found.path / "encoder/tokenizer.json").exists()
    assert encoder.encode([np.zeros((2, 8)), np.ones((5, 8))]).shape == (2, 16)
    assert not (found.path / "pairs.csv").exists()
    assert {row["overlap"] for row in rows_of(found.path / "predictions.csv")} == {""}


def test_pads_that_are_read_are_marked(folder: Path, tmp_path: Path) -> None:
    found = train(parse_run(tiny.raw_run(folder, encoder={"padding": "read"})), tmp_path / "run")
    facts = read_json(found.path / "facts.json")
    assert facts["padding"] == "read"
    assert facts["batch_deviation"] > 1e-3
    with pytest.raises(ConfigError, match="padding: read"):
        load(found.path)


@pytest.mark.parametrize("clip", [None, 1.0])
def test_divergence_leaves_its_curve_and_its_last_good_weights(
    folder: Path, tmp_path: Path, clip: float | None
) -> None:
    config = parse_run(tiny.raw_run(folder, fit={"lr": 1e38, "clip": clip}))
    for name in ("run.diverged", "run.diverged-2"):
        with pytest.raises(Diverged, match="not finite") as caught:
            train(config, tmp_path / "run")
        assert caught.value.exit_code == 1
        assert caught.value.remedy.endswith(str(tmp_path / name))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["run.diverged", "run.diverged-2"]
    manifest = verify(tmp_path / "run.diverged")
    assert set(manifest["files"]) >= {"config.yaml", "history.csv", "trace.csv", "last_good.safetensors"}
    assert manifest["error"]["code"] == "DIVERGED"
    assert read_run(tmp_path / "run.diverged/config.yaml").fit.lr == 1e38
    weights = load_file(tmp_path / "run.diverged/last_good.safetensors")
    assert all(bool(value.isfinite().all()) for value in weights.values())
    assert len(weights) == len(fresh_model(config, prepare(config)).state_dict())


# study cells in this process


def cell_of(folder: Path, **sections: Any) -> Any:
    return expand_grid(parse_study({"base": tiny.raw_run(folder, **sections), "seeds": 1})).cells[0]


def test_a_study_cell_is_published_with_its_id(folder: Path, tmp_path: Path, run: Run) -> None:
    cell = cell_of(folder)
    assert worker.run_cell(cell, tmp_path) == "finished"
    manifest = verify(tmp_path / cell.id)
    assert manifest["id"] == cell.id == "data.lstm.final_hidden.mse.s0"
    assert manifest["factors"] == dict(cell.factors)
    assert (tmp_path / cell.id / "scores.json").read_bytes() == (run.path / "scores.json").read_bytes()


def raising(error: BaseException) -> Callable[..., Any]:
    def run_into(building: Any, *_: Any, **__: Any) -> None:
        write_text(building.folder / "half.txt", "half")
        raise error

    return run_into


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (Diverged(3, [1, 2]), "diverged", "DIVERGED"),
        (RuntimeError("boom"), "failed", "CELL_FAILED"),
        (ConfigError("X", "no", remedy="do"), "failed", "X"),
    ],
)
def test_what_fails_is_published_with_its_evidence(
    folder: Path, tmp_path: Path, monkeypatch: Any, error: Exception, status: str, code: str
) -> None:
    monkeypatch.setattr(worker, "run_into", raising(error))
    cell = cell_of(folder)
    assert worker.run_cell(cell, tmp_path) == status
    manifest = verify(tmp_path / cell.id)
    assert set(manifest["files"]) == {"config.yaml"}
    assert (manifest["status"], manifest["error"]["code"]) == (status, code)
    assert (str(error) or type(error).__name__).split("\n")[0].split(" [")[0] in manifest["error"]["cause"]
    assert [p.name for p in tmp_path.iterdir()] == [cell.id]
    json.dumps(manifest, allow_nan=False)


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (MemoryError(), "MEMORY", "no memory"),
        (RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory"), "MEMORY", "no memory"),
        (torch.OutOfMemoryError("CUDA out of memory"), "MEMORY", "no memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "STORAGE", "full"),
        (OSError(errno.EDQUOT, "Quota exceeded"), "STORAGE", "quota"),
        (PermissionError(errno.EACCES, "Permission denied"), "STORAGE", "permission"),
        (OSError(errno.EROFS, "Read-only file system"), "STORAGE", "read-only"),
        (ResourceError("STORAGE", "cannot write"), "STORAGE", "cannot write"),
    ],
)
def test_a_fault_of_the_place_publishes_nothing(
    folder: Path, tmp_path: Path, monkeypatch: Any, error: Exception, code: str, words: str
) -> None:
    cell = cell_of(folder)
    with monkeypatch.context() as patch:
        patch.setattr(worker, "run_into", raising(error))
        with pytest.raises(ResourceError, match=words) as caught:
            worker.run_cell(cell, tmp_path)
    assert (caught.value.code, caught.value.exit_code) == (code, 5)
    assert list(tmp_path.iterdir()) == []
    assert worker.run_cell(cell, tmp_path) == "finished"


def test_an_interrupted_cell_publishes_nothing(folder: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker, "run_into", raising(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        worker.run_cell(cell_of(folder), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_cell_that_is_there_already_stays(folder: Path, tmp_path: Path) -> None:
    cell = cell_of(folder)
    worker.run_cell(cell, tmp_path)
    with pytest.raises(SeqTwinError, match="never overwritten"):
        worker.run_cell(cell, tmp_path)
    assert verify(tmp_path / cell.id)["status"] == "finished"
