"""The command export: files, output and errors."""

import json
from pathlib import Path

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import tiny
from seqtwin.cli.export import HOW_TO_LOAD, TARGETS, export
from seqtwin.errors import ConfigError
from seqtwin.inference.load import load
from seqtwin.inference.trained_encoder import load as load_torch

app = typer.Typer(rich_markup_mode=None)
app.command()(export)


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "encoder")


def test_an_encoder_goes_to_onnx(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "onnx"
    done = CliRunner().invoke(app, [str(encoder), "--to", "onnx", "-o", str(out)])
    assert (done.exit_code, done.stdout) == (0, f'{out}: load it with seqtwin.load("{out}", backend="onnx")\n')
    vectors = load(out, backend="onnx").encode(["cafe", "b"])
    np.testing.assert_allclose(vectors, load_torch(encoder).encode(["cafe", "b"]), atol=1e-5)


def test_the_answer_for_machines(encoder: Path, tmp_path: Path) -> None:
    out = tmp_path / "onnx"
    done = CliRunner().invoke(app, [str(encoder), "--to", "onnx", "-o", str(out), "--json"])
    answer = json.loads(done.stdout)
    assert answer == {
        "to": "onnx",
        "out": str(out),
        "dim": 5,
        "fingerprint": load_torch(encoder).fingerprint,
        "load": f'seqtwin.load("{out}", backend="onnx")',
    }


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_encoder_goes_to_sentence_transformers(encoder: Path, tmp_path: Path) -> None:
    pytest.importorskip("sentence_transformers")
    out = tmp_path / "st"
    done = CliRunner().invoke(app, [str(encoder), "--to", "sentence-transformers", "-o", str(out)])
    assert done.exit_code == 0, done.exception
    assert (out / "modules.json").exists()


@pytest.mark.parametrize(
    ("to", "taken", "match"), [("onxn", False, "did you mean 'onnx'"), ("onnx", True, "never overwritten")]
)
def test_refusals_leave_nothing(encoder: Path, tmp_path: Path, to: str, taken: bool, match: str) -> None:
    out = tmp_path / "out"
    if taken:
        out.mkdir()
    done = CliRunner().invoke(app, [str(encoder), "--to", to, "-o", str(out)])
    assert isinstance(done.exception, ConfigError)
    assert match in str(done.exception)
    assert not out.exists() or not list(out.iterdir())


def test_help_names_every_target_and_ends_in_an_example() -> None:
    shown = CliRunner().invoke(app, ["--help"]).stdout
    assert all(target in shown for target in TARGETS)
    assert "seqtwin export runs/small/encoder --to onnx -o small-onnx" in shown
    assert set(TARGETS) == set(HOW_TO_LOAD)
