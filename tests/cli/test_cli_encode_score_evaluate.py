"""The commands encode, score and evaluate: files, output and errors."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from seqtwin import cli
from seqtwin.inference.trained_encoder import load


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "encoder")


@pytest.fixture
def names(tmp_path: Path) -> Path:
    (tmp_path / "names.csv").write_text("id,name\n1,cafe\n2,be\n")
    return tmp_path / "names.csv"


def run(monkeypatch: Any, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return int(caught.value.code or 0)


NOT_LOADED = [
    ("encode", "names.csv", "-o", "v.npy"),
    ("encode", "names.csv", "--column", "nme", "-o", "v.npy"),
    ("encode", "names.csv", "--column", "name", "-o", "v.xyz"),
    ("encode", "list.txt", "--column", "name", "-o", "v.npy"),
    ("score", "names.csv", "-o", "s.txt"),
    ("score", "list.txt", "-o", "s.csv"),
    ("index", "names.csv", "-o", "index"),
    ("index", "names.csv", "--column", "nme", "-o", "index"),
]


@pytest.mark.parametrize("typed", NOT_LOADED, ids=" ".join)
def test_arguments_are_checked_before_the_encoder_is_loaded(
    tmp_path: Path, monkeypatch: Any, capsys: Any, typed: tuple[str, ...]
) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    (folder / "model.safetensors").write_bytes(b"")  # whoever loads it reports that
    (tmp_path / "names.csv").write_text("id,name,city\n1,cafe,a\n2,face,b\n", encoding="utf-8")
    (tmp_path / "list.txt").write_text("cafe\nface\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    command, *rest = typed
    assert run(monkeypatch, command, str(folder), *rest) == 2
    assert "DAMAGED" not in capsys.readouterr().err
    assert run(monkeypatch, "encode", str(folder), "list.txt", "-o", "v.npy") != 0
    assert "DAMAGED" in capsys.readouterr().err


def test_encode_writes_vectors_and_says_how_many(
    tmp_path: Path, folder: Path, names: Path, monkeypatch: Any, capsys: Any
) -> None:
    out = tmp_path / "v.npy"
    assert run(monkeypatch, "encode", folder, names, "--column", "name", "-o", out) == 0
    understood = "names.csv: 2 rows; text = name; not used: id\n"
    assert capsys.readouterr() == (f"2 vectors of width 5: {out}\n", understood), "bars are for terminals"
    np.testing.assert_allclose(np.load(out), load(folder).encode(["cafe", "be"]), atol=1e-6)
    again = tmp_path / "w.parquet"
    assert run(monkeypatch, "encode", folder, names, "--column", "name", "-o", again, "--resume", "--json") == 0
    said = json.loads(capsys.readouterr().out)
    facts = {"vectors": 2, "dim": 5, "out": str(again), "encoder": load(folder).fingerprint}
    assert said == {**facts, "blank_rows": 0, "zero_vectors": 0}


def test_encode_takes_a_precision(tmp_path: Path, names: Path, monkeypatch: Any, capsys: Any) -> None:
    def encode(hidden: int, precision: str) -> int:
        folder = tiny.saved_encoder(tmp_path / f"{hidden}-{precision}", hidden=hidden)
        named = ("--column", "name", "--precision", precision)
        return run(monkeypatch, "encode", folder, names, *named, "-o", tmp_path / f"{precision}.npy")

    assert [encode(32, precision) for precision in ("fp32", "bf16")] == [0, 0]
    exact, near = (np.load(tmp_path / f"{precision}.npy") for precision in ("fp32", "bf16"))
    assert not np.array_equal(exact, near)
    np.testing.assert_allclose(near, exact, rtol=0, atol=0.01)
    assert encode(32, "fp16") == 2
    (tmp_path / "bf16.npy").unlink()
    assert encode(16, "bf16") == 2
    assert "a multiple of 32" in capsys.readouterr().err


def test_score_keeps_the_table(tmp_path: Path, folder: Path, monkeypatch: Any, capsys: Any) -> None:
    (tmp_path / "pairs.csv").write_text("id,a,b\n7,cafe,be\n8,a,a\n")
    out = tmp_path / "scores.csv"
    assert run(monkeypatch, "score", folder, tmp_path / "pairs.csv", "--left", "a", "--right", "b", "-o", out) == 0
    assert capsys.readouterr().out == f"2 scores: {out}\n"
    found = pd.read_csv(out)
    assert list(found.columns) == ["id", "a", "b", "score", "same"]
    assert found["score"][1] == pytest.approx(1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["names.csv", "-o", "v.npy"], 2, "ENCODE_COLUMN"),
        (["names.csv", "-o", "names.csv", "--column", "name"], 2, "OUT_IS_INPUT"),
        (["names.csv", "-o", "v.xyz", "--column", "name"], 2, "CONFIG_UNKNOWN_NAME"),
        (["gone.csv", "-o", "v.npy", "--column", "name"], 2, "DATA_MISSING"),
    ],
)
def test_what_cannot_be_is_one_line(
    tmp_path: Path, folder: Path, names: Path, monkeypatch: Any, capsys: Any, arguments: list[str], code: int, said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "encode", folder, *arguments) == code
    written = capsys.readouterr()
    assert written.out == ""
    assert f"[{said}]" in written.err
    assert len(written.err.strip().splitlines()) <= 2
    assert not list(tmp_path.glob(".*")), "something half-written stays"


def test_a_terminal_sees_a_bar(tmp_path: Path, folder: Path, names: Path) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "seqtwin", "encode", folder, names, "--column", "name", "-o", tmp_path / "v.npy"]
    terminal = {**os.environ, "TERM": "xterm"}
    found = subprocess.run(command, stdout=subprocess.PIPE, stderr=theirs, check=False, env=terminal)
    os.close(theirs)
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    assert found.returncode == 0
    assert "encoding" in shown
    assert "2/2" in shown


@pytest.mark.parametrize("raw", [False, True])
def test_cells_that_a_spreadsheet_would_run_are_counted_aloud(
    tmp_path: Path, folder: Path, monkeypatch: Any, capsys: Any, raw: bool
) -> None:
    (tmp_path / "pairs.csv").write_text("left,right\n=ab,be\ncafe,@be\nab,be\n")
    options = ["-o", tmp_path / "scored.csv", *(["--raw"] if raw else [])]
    assert run(monkeypatch, "score", folder, tmp_path / "pairs.csv", *options) == 0
    written = (tmp_path / "scored.csv").read_text()
    assert ("'=ab" in written) is not raw
    assert ("note: 2 cells begin with =, +, - or @" in capsys.readouterr().err) is not raw
