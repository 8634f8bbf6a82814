"""The commands that take an encoder exported to ONNX, without torch in their process."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tomllib

import tiny
from seqtwin.inference.trained_encoder import load
from seqtwin.interop.onnx_folder import export_onnx

REPOSITORY = Path(__file__).parent.parent.parent
NAMES = ["abc", "fed", "cafe", "a", "abd"]
# runs a command in a process that has no torch, and reports whether something tried to import it
WITHOUT_TORCH = """
import sys
import tomllib
sys.modules["torch"] = None
from seqtwin.cli import main
sys.argv = ["seqtwin", *sys.argv[1:]]
try:
    main()
finally:
    assert sys.modules["torch"] is None
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tiny.saved_encoder(tmp_path / "encoder", empty="unk")
    pd.DataFrame({"name": NAMES, "other": NAMES[::-1]}).to_csv(tmp_path / "names.csv", index=False)
    return export_onnx(load(tmp_path / "encoder"), tmp_path / "onnx")


def run(*arguments: object) -> str:
    command = [sys.executable, "-c", WITHOUT_TORCH, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_encode_and_score_give_the_numbers_of_the_encoder(folder: Path, tmp_path: Path) -> None:
    names, encoder = tmp_path / "names.csv", load(tmp_path / "encoder")
    run("encode", folder, names, "--column", "name", "-o", tmp_path / "v.npy")
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), encoder.encode(NAMES), atol=1e-5)
    run("score", folder, names, "--left", "name", "--right", "other", "-o", tmp_path / "s.csv")
    scores = pd.read_csv(tmp_path / "s.csv")
    np.testing.assert_allclose(scores["score"], encoder.score(NAMES, NAMES[::-1]), atol=1e-5)
    assert scores["same"].tolist() == encoder.is_same(NAMES, NAMES[::-1]).astype(int).tolist()


@pytest.mark.parametrize("kind", ["exact", "hnsw"])
def test_index_and_search(folder: Path, tmp_path: Path, kind: str) -> None:
    index = tmp_path / "index"
    run("index", folder, tmp_path / "names.csv", "--column", "name", "--kind", kind, "-o", index)
    found = json.loads(run("search", index, "abc", "-k", 2, "--json"))["results"][0]["hits"]
    assert found[0]["text"] == "abc"
    assert found[0]["score"] == pytest.approx(1.0, abs=1e-5)


def test_an_index_of_the_encoder_is_searched_by_its_export(folder: Path, tmp_path: Path) -> None:
    from seqtwin.index.index import Index

    Index.build(load(tmp_path / "encoder"), NAMES).save(tmp_path / "index")
    found = json.loads(run("search", tmp_path / "index", "fed", "--encoder", folder, "--json"))["results"][0]["hits"]
    assert found[0]["text"] == "fed"


def test_a_command_that_needs_the_model_itself_names_the_remedy(folder: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "seqtwin", "evaluate", str(folder), str(tmp_path / "names.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 2
    assert "exported to ONNX" in done.stderr
    assert "Traceback" not in done.stderr


SERVED = """
import json, sys
from pathlib import Path
sys.modules.update(dict.fromkeys(sys.argv[2:]))
from starlette.testclient import TestClient
from seqtwin.serve.access import LOOPBACK, Access
from seqtwin.serve.app import build_app
from seqtwin.serve.limits import Limits
from seqtwin.serve.open_folder import open_folder
app = build_app(open_folder(Path(sys.argv[1])), Limits(), Access(LOOPBACK, None))
with TestClient(app, base_url="http://127.0.0.1") as client:
    vectors = client.post("/v1/embeddings", json={"input": ["cafe"]}).json()
    explained = client.post("/explain", json={"left": "a", "right": "b"})
    page = client.get("/").status_code
print(json.dumps([vectors["data"][0]["embedding"], explained.status_code, explained.text, page]))
"""


def names_of(requirements: list[str]) -> set[str]:
    """The names of packages, without versions."""
    found = (re.match(r"[\w-]+", line) for line in requirements)
    return {name.group().lower() for name in found if name}


def left_out_of_the_image() -> list[str]:
    """The modules of every package that a user installs and docker/requirements.txt leaves out."""
    every = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    kept = names_of((REPOSITORY / "docker" / "requirements.txt").read_text(encoding="utf-8").splitlines())
    modules = {"pyyaml": "yaml", "scikit-learn": "sklearn"}
    return sorted(modules.get(name, name.replace("-", "_")) for name in names_of(every) - kept)


def test_serve_answers_with_the_packages_of_the_image_alone(folder: Path, tmp_path: Path) -> None:
    left_out = left_out_of_the_image()
    assert {"torch", "pandas", "scipy", "yaml"} <= set(left_out)
    command = [sys.executable, "-c", SERVED, str(folder), *left_out]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    vector, status, explained, page = json.loads(done.stdout)
    np.testing.assert_allclose(vector, load(tmp_path / "encoder").encode(["cafe"])[0], atol=1e-5)
    assert (status, page) == (400, 200)
    assert "EXPLAIN_BACKEND" in explained


def test_no_rows_never_reach_the_runtime(tmp_path: Path) -> None:
    from seqtwin.inference.load import load as load_onnx

    class Closed:
        def run(self, *_: object) -> list[np.ndarray]:
            raise AssertionError("the runtime was called")

    folder = tiny.saved_encoder(tmp_path / "encoder")
    encoder = load_onnx(export_onnx(load(folder), tmp_path / "onnx"), backend="onnx")
    encoder._session = Closed()
    assert encoder.encode([]).shape == encoder.encode_batch([]).shape == (0, encoder.dim)
    assert encoder.score([], []).shape == (0,)
