"""Every block of docs/recipes.md runs, in order, in one folder; what is not run says why, and at least parses."""

import os
import subprocess
from pathlib import Path

import pytest

import tiny
from test_readme import Block, blocks_of

RECIPES = Path(__file__).parent.parent / "docs" / "recipes.md"
BLOCKS = blocks_of(RECIPES.read_text(encoding="utf-8"))


def is_run(block: Block) -> bool:
    return (block.note or ("", ""))[0] != "not run"


def run_python(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    names: dict[str, object] = {"__name__": "recipes"}
    for block in BLOCKS:
        if block.language == "python" and is_run(block):
            exec(compile("\n" * block.line + block.body, RECIPES.name, "exec"), names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recipes")
    tiny.saved_encoder(root / "encoder")
    return root


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_every_python_block_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_python(folder, monkeypatch)
    assert (folder / "names.csv").exists()


@pytest.mark.parametrize("block", [b for b in BLOCKS if not is_run(b)], ids=lambda b: f"line {b.line}")
def test_a_block_that_is_not_run_says_why_and_parses(block: Block) -> None:
    assert len((block.note or ("", ""))[1].split()) >= 2
    assert block.language in {"python", "sql", "js"}
    if block.language == "python":
        compile(block.body, RECIPES.name, "exec")


def test_everything_else_is_python_that_runs() -> None:
    assert {block.language for block in BLOCKS if is_run(block)} == {"python"}


@pytest.mark.skipif("SEQTWIN_POSTGRES" not in os.environ, reason="SEQTWIN_POSTGRES names no server")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_a_postgresql_server_gives_the_scores_of_the_encoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from seqtwin.inference.trained_encoder import load

    (sql,) = (b.body for b in BLOCKS if b.language == "sql" and "SEQTWIN_POSTGRES" in (b.note or ("", ""))[1])
    if not (folder / "names.csv").exists():
        run_python(folder, monkeypatch)
    command = ["psql", os.environ["SEQTWIN_POSTGRES"], "-qAt", "-F", "\t", "-v", "ON_ERROR_STOP=1"]
    done = subprocess.run(command, input=sql, cwd=folder, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    found = {name: float(score) for name, score in (line.split("\t") for line in done.stdout.splitlines())}
    assert len(found) == 5
    encoder = load(folder / "encoder")
    assert list(found.values()) == sorted(found.values(), reverse=True)
    for name, score in found.items():
        assert score == pytest.approx(encoder.score("cafe", name)[0], abs=1e-6)
