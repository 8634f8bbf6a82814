"""`init` and `train` show the best free baseline: printed, in floors.json and in the model card."""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sklearn.metrics import roc_auc_score

import seqtwin
import tiny
from seqtwin import cli
from seqtwin.baselines.pairs import TEXT_FLOORS
from seqtwin.config import read_run
from seqtwin.run.prepare import prepare_pairs

Run = Callable[..., str]
SMALL = ("encoder.hidden=6", "encoder.embedding=6", "fit.epochs=1")
WORDS = ("red", "blue", "green", "gold", "pink", "grey")


@pytest.fixture
def run(monkeypatch: Any, capsys: Any, tmp_path: Path) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said, noted = capsys.readouterr()
        assert caught.value.code == 0, noted
        return said

    return command


def same_words(folder: Path) -> Path:
    """Pairs that are the same if their words are, in reverse order: overlap finds them, the first words do not."""
    rows = []
    for i in range(120):
        left = f"{WORDS[i % 6]} {WORDS[i % 5]} number {i} of them"
        right = " ".join(reversed(left.split())) if i % 2 else f"another {WORDS[i % 4]} text here about {i + 1000}"
        rows.append(f"{left},{right},{i % 2}")
    path = folder / "pairs.csv"
    path.write_text("left,right,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_train_says_that_a_free_baseline_is_better(run: Run, tmp_path: Path) -> None:
    first = ("representation=first_output", "encoder.bidirectional=false", "encoder.lexical=null")
    said = run("train", same_words(tmp_path), *SMALL, *first, "--out", "run")
    written = json.loads(Path("run/floors.json").read_text(encoding="utf-8"))
    scores = json.loads(Path("run/scores.json").read_text(encoding="utf-8"))
    name, primary = written["best"], written["primary"]
    best = written["floors"][name]
    assert best["dev"][primary] == max(floor["dev"][primary] for floor in written["floors"].values())
    assert best["test"][primary] > scores["test"][primary]
    (line,) = [line for line in said.splitlines() if line.startswith("A free baseline is better: ")]
    assert f"ROC-AUC {best['test'][primary]:.3f}".replace(" 0.", " .") in line
    (row,) = [line.split() for line in said.splitlines() if line.startswith("roc_auc")]
    every = (scores["dev"], scores["test"], best["dev"], best["test"])
    assert row[1:] == [f"{values[primary]:.4f}" for values in every]
    assert line in Path("run/encoder/README.md").read_text(encoding="utf-8")
    run("verify", "run")


def test_train_says_that_the_encoder_is_better(run: Run, tmp_path: Path) -> None:
    """The label is that of the first letter, which no baseline without labels can know."""
    folder = tiny.write_pairs(tmp_path / "data")
    said = run("train", folder, "tokens.unit=char", "representation=first_output", "encoder.hidden=16",
               "fit.epochs=15", "fit.batch=16", "fit.lr=0.02", "--out", "run")  # fmt: skip
    assert "The encoder is better than the best free baseline, " in said
    assert "A free baseline is better" not in said


def test_the_published_scores_are_those_of_the_baselines_on_all_rows(run: Run, tmp_path: Path) -> None:
    run("train", tiny.write_pairs(tmp_path / "data"), *SMALL, "--out", "run")
    written = json.loads(Path("run/floors.json").read_text(encoding="utf-8"))
    data = prepare_pairs(read_run(Path("run/config.yaml"))).data
    part = data.part("test")
    assert written["sampled"] == written["rows"] == {"train": 96, "dev": 40, "test": 40}
    assert set(written["floors"]) == set(TEXT_FLOORS)
    for name, scorer in TEXT_FLOORS.items():
        expected = roc_auc_score(part["target"], scorer(data, part))
        assert written["floors"][name]["test"]["roc_auc"] == pytest.approx(expected), name


def test_for_machines_the_baselines_are_in_the_answer(run: Run, tmp_path: Path) -> None:
    answer = json.loads(run("train", same_words(tmp_path), *SMALL, "--out", "run", "--json"))
    assert answer["baselines"] == json.loads(Path("run/floors.json").read_text(encoding="utf-8"))


def test_init_prints_the_best_baseline_on_dev_and_nothing_of_test(run: Run, tmp_path: Path) -> None:
    said = run("init", same_words(tmp_path), "-o", "c.yaml")
    (line,) = [line for line in said.splitlines() if line.startswith("a free baseline: ")]
    assert line.endswith("has ROC-AUC 1.000 on the dev split")
    assert "test" not in line


def test_in_python_they_can_be_left_out(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    raw = tiny.raw_run(tiny.write_pairs(tmp_path / "data"), fit={"epochs": 1})
    with_them, without = seqtwin.train(raw, "a"), seqtwin.train(raw, "b", baselines=False)
    assert with_them.baselines is not None
    assert with_them.baselines.best is not None
    assert without.baselines is None
    assert (tmp_path / "a/floors.json").exists()
    assert not (tmp_path / "b/floors.json").exists()
    assert "free baseline" not in (tmp_path / "b/encoder/README.md").read_text(encoding="utf-8")
    assert with_them.scores == without.scores
