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


def test_an_encoder_goes_to_the_web_with_texts_to_search(encoder: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "web", tmp_path / "names.csv"
    table.write_text("name,id\ncafe,1\n,2\nfed,3\n", encoding="utf-8")
    asked = [str(encoder), "--to", "web", "-o", str(out), "--texts", str(table), "--column", "name"]
    done = CliRunner().invoke(app, asked)
    assert done.exit_code == 0, done.exception
    assert done.stdout == f"{out}: load it with open() of {out}/seqtwin.mjs, see {out}/README.md\n"
    assert json.loads((out / "texts.json").read_text()) == ["cafe", "fed"]  # the row without a text is left out
    vectors = np.fromfile(out / "vectors.bin", dtype="<f4").reshape(2, -1)
    np.testing.assert_array_equal(vectors, load_torch(encoder).encode(["cafe", "fed"]))
    assert {"index.html", "seqtwin.mjs", "model.onnx", "README.md"} <= {path.name for path in out.iterdir()}


@pytest.mark.parametrize("options", [["--texts", "a.txt"], ["--column", "name"]])
def test_texts_are_for_the_web(encoder: Path, tmp_path: Path, options: list[str]) -> None:
    done = CliRunner().invoke(app, [str(encoder), "--to", "onnx", "-o", str(tmp_path / "out"), *options])
    assert isinstance(done.exception, ConfigError)
    assert "--texts is for --to web" in str(done.exception)
    assert not (tmp_path / "out").exists()


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
