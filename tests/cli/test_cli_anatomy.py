"""The command anatomy: configs and encoders, texts and series, the terminal, the page, the JSON, what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import tiny
from seqtwin import cli
from seqtwin.anatomy.pytorch_runs import beside_longer, run_plain
from seqtwin.store import load_encoder


def run(monkeypatch: Any, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["seqtwin", "anatomy", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    raw = tiny.raw_run(tiny.write_pairs(tmp_path / "data"))
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(raw))
    return tmp_path / "tiny.yaml"


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "run" / "encoder")


def told(monkeypatch: Any, capsys: Any, *arguments: object) -> dict[str, Any]:
    assert run(monkeypatch, *arguments, "--json") == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_config_is_dissected_untrained(config: Path, monkeypatch: Any, capsys: Any) -> None:
    found = told(monkeypatch, capsys, config, "cafe")
    assert found["source"] == f"{config}, untrained, seed 0"
    assert (found["steps"], found["body"]["directions"]) == (list("cafe"), 2)
    assert np.shape(found["outputs"]) == (4, 2, 8)
    assert told(monkeypatch, capsys, config, "cafe")["outputs"] == found["outputs"], "the seed decides"
    other = told(monkeypatch, capsys, config, "cafe", "--set", "fit.seed=1", "--set", "encoder.layers=2")
    assert np.shape(other["hidden"]) == (2, 2, 8)


def test_without_a_text_a_short_one_of_the_training_data_is_taken(config: Path, monkeypatch: Any, capsys: Any) -> None:
    found = told(monkeypatch, capsys, config)
    lefts = [left for left, *_ in tiny.drawn_pairs(4 * 96, 0)]
    assert found["text"] == next(text for text in lefts if len(text) >= 4)


def test_a_trained_encoder_is_dissected_with_its_weights(encoder: Path, monkeypatch: Any, capsys: Any) -> None:
    found = told(monkeypatch, capsys, encoder.parent, "cafe")
    stored = load_encoder(encoder)
    assert stored.tokens is not None
    both = beside_longer(stored.tokens.encode(["cafe"])[0])
    expected = run_plain(stored.model.encoder.rnn, stored.model.encoder.inputs(both)[:1, :4]).output[0]
    np.testing.assert_allclose(np.reshape(found["outputs"], (4, -1)), expected.detach(), atol=1e-5)
    assert found["source"].endswith(", trained")
    assert [one["name"] for one in found["readings"] if one["own"]] == ["join"]
    assert len(told(monkeypatch, capsys, encoder)["steps"]) == 5, "letters of its own vocabulary"


def test_series(tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", series=True, cell="gru", bidirectional=False)
    assert told(monkeypatch, capsys, folder)["text"] == "sine waves"
    path = tmp_path / "one.csv"
    path.write_text("series_id,t,ch0,ch1,ch2\na,0,1,2,3\na,1,1,3,3\na,2,2,2,1\n")
    found = told(monkeypatch, capsys, folder, path)
    assert (found["text"], found["steps"], found["unit"]) == ("series a", ["1", "2", "3"], "steps")
    path.write_text("series_id,t,ch0\na,0,1\n")
    assert run(monkeypatch, folder, path) == 2
    assert "channels" in capsys.readouterr().err


def test_the_page_is_written_once(config: Path, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    page = tmp_path / "cafe.html"
    assert run(monkeypatch, config, "cafe", "--html", page) == 0
    assert capsys.readouterr().out == f"page: {page}\n"
    assert page.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert run(monkeypatch, config, "cafe", "--html", page) == 2
    assert "OUT_EXISTS" in capsys.readouterr().err


def test_a_study_is_its_base(config: Path, monkeypatch: Any, capsys: Any) -> None:
    study = config.parent / "study.yaml"
    study.write_text(yaml.safe_dump({"base": config.name, "grid": {"representation": ["mean_output", "max_output"]}}))
    assert told(monkeypatch, capsys, study, "cafe")["outputs"] == told(monkeypatch, capsys, config, "cafe")["outputs"]


@pytest.mark.long
def test_a_pipe_gets_plain_lines_of_80_columns(config: Path) -> None:
    command = [sys.executable, "-m", "seqtwin", "anatomy", str(config), "cafe"]
    environment = {key: value for key, value in os.environ.items() if key not in ("COLUMNS", "FORCE_COLOR")}
    found = subprocess.run(command, capture_output=True, check=False, timeout=120, env=environment)
    assert found.returncode == 0, found.stderr
    lines = found.stdout.decode().splitlines()
    assert "\x1b" not in found.stdout.decode()
    assert max(map(len, lines)) <= 80
    assert "In this encoder, output[-1] is not h_n." in lines


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["tiny.yaml", "  "], 2, "DATA_EMPTY_TEXT"),
        (["gone.yaml", "a"], 2, "gone.yaml"),
        (["data", "a"], 2, "NO_ENCODER"),
        (["run", "a", "--set", "encoder.layers=2"], 2, "ANATOMY_SET"),
        (["tiny.yaml", "a", "--set", "encoder.layrs=2"], 2, "did you mean 'layers'"),
    ],
)
def test_what_cannot_be_is_one_message(
    config: Path, encoder: Path, monkeypatch: Any, capsys: Any, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(config.parent)
    assert run(monkeypatch, *arguments) == code
    assert said in capsys.readouterr().err
