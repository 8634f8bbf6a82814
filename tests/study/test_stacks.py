"""Study cells that train as a stack are published as others are, with the same scores up to rounding."""

import logging
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

import tiny
from seqtwin import api, cli
from seqtwin.config import parse_study
from seqtwin.errors import ConfigError
from seqtwin.files import read_json, verify
from seqtwin.reporting.page.write_report import write_report
from seqtwin.study import stacks as study_stacks
from seqtwin.study.compare import Study, compare
from seqtwin.study.grid import expand_grid
from seqtwin.study.stacks import stacks_of

GRID: dict[str, list[Any]] = {
    "representation": ["final_hidden", "attention_output"],
    "loss": ["mse", {"name": "contrastive", "distance": "cosine", "margin": 0.5}],
}


def raw_study(folder: Path, grid: dict[str, list[Any]] = GRID, *, seeds: int = 2, **sections: Any) -> dict[str, Any]:
    return {"base": tiny.raw_run(folder, **sections), "grid": grid, "seeds": seeds, "question": "why?", "tune": False}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("stacks") / "data")


@pytest.fixture(scope="module")
def both(data: Path) -> tuple[Study, Study]:
    """The same study with a stack, and one cell after the other. With three epochs rounding has no time to grow."""
    config = parse_study(raw_study(data, fit={"lr": 0.01}))
    return tuple(compare(config, data.parent / name, jobs=1, stack=name == "stacked") for name in ("stacked", "single"))


def test_every_cell_has_its_scores(both: tuple[Study, Study]) -> None:
    stacked, single = both
    assert stacked.planned == single.planned == stacked.trained
    assert not stacked.failed
    for id_ in stacked.planned:
        ours, theirs = (read_json(study.path / "cells" / id_ / "scores.json") for study in both)
        assert ours["test"]["roc_auc"] == pytest.approx(theirs["test"]["roc_auc"], abs=0.005)
        assert ours["untrained"] == theirs["untrained"]


def test_a_cell_says_how_many_trained_with_it_and_has_its_share_of_the_time(both: tuple[Study, Study]) -> None:
    for id_ in both[0].planned:
        published = verify(both[0].path / "cells" / id_)
        assert published["stacked"] == 8
        assert published["key"] == verify(both[1].path / "cells" / id_)["key"]
        assert set(published["seconds"]) == {"data", "train", "evaluate", "explain"}
    assert "stacked" not in verify(both[1].path / "cells" / both[1].planned[0])


def test_the_report_is_written_from_it(both: tuple[Study, Study]) -> None:
    assert write_report(both[0].path).exists()


def test_a_second_call_trains_nothing(both: tuple[Study, Study], data: Path) -> None:
    again = compare(parse_study(raw_study(data, fit={"lr": 0.01})), both[0].path, jobs=1, stack=True)
    assert again.trained == []


def test_a_cell_that_diverges_is_published_as_that(data: Path, tmp_path: Path) -> None:
    grid: dict[str, list[Any]] = {"representation": ["final_hidden", "mean_output"], "fit.lr": [0.05, 1e38]}
    study = compare(parse_study(raw_study(data, grid, seeds=1)), tmp_path / "out", jobs=1, stack=True)
    status = {id_: verify(study.path / "cells" / id_)["status"] for id_ in study.planned}
    assert sorted(status.values()) == ["diverged", "diverged", "finished", "finished"]
    assert {id_ for id_, own in status.items() if own == "diverged"} == {i for i in study.planned if "lr-1e38" in i}


def test_cells_that_cannot_be_stacked_train_alone_and_the_reason_is_told(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    grid: dict[str, list[Any]] = {"representation": ["final_hidden", "mean_output"], "encoder.cell": ["lstm", "gru"]}
    with caplog.at_level(logging.WARNING, "seqtwin"):
        study = compare(parse_study(raw_study(data, grid, seeds=1)), tmp_path / "out", jobs=1, stack=True)
    assert not study.failed
    manifests = [verify(study.path / "cells" / id_) for id_ in study.planned]
    assert sum("stacked" in one for one in manifests) == 2
    assert "2 study cells are trained one by one: only LSTM cells" in caplog.text


@pytest.mark.parametrize(("device", "sizes"), [("cuda", [64, 16]), ("cpu", [8] * 10)])
def test_stacks_have_one_shape_of_encoder_and_a_largest_size(
    data: Path, device: str, sizes: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_stacks, "pick_device", lambda _: torch.device(device))
    grid = {**GRID, "encoder.hidden": [8, 9]}
    stacks = stacks_of(expand_grid(parse_study(raw_study(data, grid, seeds=20))).cells)
    assert [len(stack) for stack in stacks] == 2 * sizes
    assert all(len({cell.config.encoder.hidden for cell in stack}) == 1 for stack in stacks)


def test_wide_encoders_are_not_stacked_on_a_cpu(data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    grid: dict[str, list[Any]] = {"representation": ["final_hidden", "max_output"]}
    raw = raw_study(data, grid, seeds=1, encoder={"hidden": 65}, fit={"epochs": 1})
    with caplog.at_level(logging.WARNING, "seqtwin"):
        assert not compare(parse_study(raw), tmp_path / "out", jobs=1, stack=True).failed
    assert "2 study cells are trained one by one: on a CPU encoders with outputs wider than 64" in caplog.text


def test_cells_of_one_seed_are_in_one_stack(data: Path) -> None:
    stacks = stacks_of(expand_grid(parse_study(raw_study(data, seeds=4))).cells)
    assert [sorted({cell.factors["seed"] for cell in stack}) for stack in stacks] == [[0, 1], [2, 3]]


def test_a_study_within_minutes_cannot_be_stacked(data: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="ends some of its cells early") as refused:
        api.compare(raw_study(data), tmp_path / "out", minutes=1, stack=True)
    assert refused.value.code == "STACK_MINUTES"


@pytest.mark.parametrize(("switch", "code"), [("yes", 2), ("on", 0)])
def test_the_command_knows_on_and_off(data: Path, tmp_path: Path, monkeypatch: Any, switch: str, code: int) -> None:
    path, out = tmp_path / "study.yaml", tmp_path / "out"
    path.write_text(yaml.safe_dump(raw_study(data, {"representation": ["final_hidden", "mean_output"]}, seeds=1)))
    monkeypatch.setattr(sys, "argv", ["seqtwin", "compare", str(path), "--stack", switch, "--out", str(out)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert int(ended.value.code or 0) == code
    assert [verify(cell)["stacked"] for cell in out.glob("cells/*")] == [2] * 2 * (code == 0)
