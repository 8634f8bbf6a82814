"""Lists with blank rows and equal texts on the command line: every row is written, one line counts the rest."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from seqtwin import cli
from seqtwin.inference.base_encoder import no_threshold
from seqtwin.store import load_encoder, save_encoder

NAMES = "id,name\n1,abc\n2,\n3,cab\n4, \n5,fed\n"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture
def seqtwin(monkeypatch: Any, capsys: Any, tmp_path: Path) -> Any:
    """Runs a command line in an empty folder and gives its exit code, stdout and stderr."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "names.csv").write_text(NAMES, encoding="utf-8")
    (tmp_path / "names.txt").write_text("abc\n\ncab\n \nfed\n", encoding="utf-8")

    def run(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


def table(path: str) -> pd.DataFrame:
    return pd.read_csv(path, dtype=str, keep_default_na=False)


@pytest.mark.parametrize("file", ["names.csv", "names.txt"])
def test_dedupe(seqtwin: Any, encoder: Path, file: str) -> None:
    column = ["--column", "name"] if file.endswith("csv") else []
    code, said, told = seqtwin("dedupe", encoder, file, *column, "--threshold", 2, "-o", "out.csv", "--json")
    assert (code, json.loads(said)["blank_rows"]) == (0, 2)
    assert "2 of 5 rows have no text: each stays in a cluster of its own" in told.splitlines()
    found = table("out.csv")
    assert found["cluster"].tolist() == list("01234")
    assert found["text"].tolist() == ["abc", "", "cab", " ", "fed"]
    assert found["score"][[1, 3]].tolist() == ["", ""]
    assert found["rows_in_cluster"].tolist() == ["1"] * 5


def test_link(seqtwin: Any, encoder: Path) -> None:
    options = ["--left-column", "name", "--threshold", -1, "-o", "out.csv", "--json"]
    code, said, told = seqtwin("link", encoder, "names.csv", "names.txt", *options)
    assert (code, json.loads(said)["blank_rows"]) == (0, {"left": 2, "right": 2})
    assert "4 of 10 rows have no text: no match" in told
    found = table("out.csv")
    assert found["right_row"].tolist() == ["0", "", "2", "", "4"]
    assert found["left_id"].tolist() == list("12345")


def test_index_and_more_of_it(seqtwin: Any, encoder: Path) -> None:
    options = ["--column", "name", "--metadata", "id", "-o", "index", "--json"]
    code, said, told = seqtwin("index", encoder, "names.csv", *options)
    facts = json.loads(said)
    assert (code, facts["count"], facts["blank_rows"]) == (0, 3, 2)
    assert "2 of 5 rows have no text: left out of the index" in told
    code, said, told = seqtwin("index", encoder, "names.csv", *options, "--add")
    assert (code, json.loads(said)["count"], json.loads(said)["blank_rows"]) == (0, 6, 2)
    found = json.loads(seqtwin("search", "index", "fed", "--encoder", encoder, "-k", 6, "--json")[1])
    ids = {hit["id"]: hit["metadata"]["id"] for hit in found["results"][0]["hits"]}
    assert ids == {"0": "1", "2": "3", "4": "5", "5": "1", "7": "3", "9": "5"}


def test_a_row_without_a_text_needs_no_id(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name\nx,abc\n,\ny,fed\n", encoding="utf-8")
    code, said, _ = seqtwin("index", encoder, "a.csv", "--column", "name", "--id", "id", "-o", "index", "--json")
    assert (code, json.loads(said)["count"]) == (0, 2)
    (tmp_path / "b.csv").write_text("id,name\nx,abc\n,fed\n", encoding="utf-8")
    code, _, told = seqtwin("index", encoder, "b.csv", "--column", "name", "--id", "id", "-o", "other")
    assert code == 2
    assert "column 'id': the id is empty in 1 rows with a text, first in row 2" in told


def test_encode_and_score(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    code, said, told = seqtwin("encode", encoder, "names.csv", "--column", "name", "-o", "v.npy", "--json")
    assert (code, json.loads(said)["blank_rows"]) == (0, 2)
    seen = "names.csv: 5 rows; text = name; not used: id\n"
    assert told == f"{seen}2 of 5 rows have no text: the vector is NaN\n"
    assert np.isnan(np.load("v.npy")).all(axis=1).tolist() == [False, True, False, True, False]
    (tmp_path / "pairs.csv").write_text("left,right\nabc,abc\n,abc\nfed,\n", encoding="utf-8")
    code, said, told = seqtwin("score", encoder, "pairs.csv", "-o", "scores.csv", "--json")
    facts = json.loads(said)
    assert (code, facts["blank_rows"], facts["no_same"]) == (0, 2, "")
    assert told == "pairs.csv: 3 rows; left = left, right = right\n2 of 3 rows have no text: no score\n"
    assert table("scores.csv")["same"].tolist() == ["1", "", ""]


def test_an_encoder_trained_with_unk_has_a_vector_but_no_match_for_blank_rows(seqtwin: Any, tmp_path: Path) -> None:
    lenient = tiny.saved_encoder(tmp_path / "lenient", empty="unk")
    _, _, told = seqtwin("encode", lenient, "names.txt", "-o", "v.npy")
    assert told.endswith("\n2 of 5 rows have no text: the vector is that of one unknown token\n")
    assert np.isfinite(np.load("v.npy")).all()
    seqtwin("dedupe", lenient, "names.txt", "--threshold", -1, "-k", 1, "-o", "out.csv")
    clusters = table("out.csv")["cluster"]
    assert (clusters[[1, 3]].map(clusters.value_counts()) == 1).all()


def test_a_list_without_blank_rows_is_not_spoken_of(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "full.txt").write_text("abc\nfed\n", encoding="utf-8")
    code, said, told = seqtwin("dedupe", encoder, "full.txt", "--threshold", 2, "--json")
    assert (code, told) == (0, "full.txt: 2 rows; text = the whole line\n")
    assert {name: json.loads(said)[name] for name in ("blank_rows", "unread_rows", "links_cut_by_k")} == {
        "blank_rows": 0, "unread_rows": 0, "links_cut_by_k": 0,
    }  # fmt: skip


@pytest.mark.parametrize("command", ["dedupe", "encode", "index"])
def test_an_empty_file_is_refused_and_no_remedy_is_a_setting_of_the_training(
    seqtwin: Any, encoder: Path, tmp_path: Path, command: str
) -> None:
    (tmp_path / "none.txt").write_text("", encoding="utf-8")
    code, _, told = seqtwin(command, encoder, "none.txt", "-o", {"encode": "v.npy"}.get(command, "out"))
    assert code == 2
    assert "DATA_NO_ROWS" in told
    assert "tokens.empty" not in told


@pytest.mark.parametrize("command", ["dedupe", "encode", "index"])
def test_a_short_row_is_refused_beside_blank_ones(seqtwin: Any, encoder: Path, tmp_path: Path, command: str) -> None:
    (tmp_path / "bad.csv").write_text("id,name\n1,abc\n2,\n3\n", encoding="utf-8")
    out = {"encode": "v.npy"}.get(command, "out")
    code, _, told = seqtwin(command, encoder, "bad.csv", "--column", "name", "-o", out)
    assert code == 2
    assert "line 4" in told
    assert "line 3" not in told
    assert "tokens.empty" not in told


def test_unread_rows_are_told(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "greek.txt").write_text("\u03b1\n\u03b2\n\u03b1\nabc\n", encoding="utf-8")
    code, said, told = seqtwin("dedupe", encoder, "greek.txt", "--threshold", -1, "-k", 1, "-o", "out.csv", "--json")
    assert (code, json.loads(said)["unread_rows"]) == (0, 3)
    assert "the encoder knows no token in 3 of 4 rows: they only match texts with the same spelling" in told
    clusters = table("out.csv")["cluster"].tolist()
    assert clusters[0] == clusters[2] != clusters[1]


def test_links_that_k_cut_are_told_with_a_k_that_links_them(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    texts = sorted({left for left, _, _ in tiny.drawn_pairs(60, 5)})
    (tmp_path / "many.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    code, said, told = seqtwin("dedupe", encoder, "many.txt", "--threshold", 0.9, "-k", 1, "--json")
    cut = json.loads(said)["links_cut_by_k"]
    [line] = [line for line in told.splitlines() if "left out because of k" in line]
    assert (code, cut > 0, str(cut) in line) == (0, True, True)
    more = line.split("-k ")[1].split()[0]
    _, said, told = seqtwin("dedupe", encoder, "many.txt", "--threshold", 0.9, "-k", more, "--json")
    assert json.loads(said)["links_cut_by_k"] == 0
    assert "left out because of k" not in told


def test_score_says_why_there_is_no_column_same(seqtwin: Any, encoder: Path, tmp_path: Path) -> None:
    stored = load_encoder(encoder)
    save_encoder(tmp_path / "open", replace(stored, facts={**stored.facts, "threshold": None}), "# card\n")
    (tmp_path / "pairs.csv").write_text("left,right\nabc,abc\n", encoding="utf-8")
    code, said, told = seqtwin("score", tmp_path / "open", "pairs.csv", "-o", "scores.csv", "--json")
    facts = json.loads(said)
    assert (code, facts["threshold"]) == (0, None)
    assert "\nno column 'same': the encoder has no threshold" in told
    assert facts["no_same"] in told
    assert list(table("scores.csv").columns) == ["left", "right", "score"]


@pytest.mark.parametrize(
    ("threshold", "objective", "reason"),
    [(0.5, "pairs", ""), (0.0, "pairs", ""), (None, "pairs", "dev pairs of both labels"),
     (None, "classify", "trained to classify"), (None, "label_steps", "trained to label steps"),
     (None, "decode", "trained to decode")],
)  # fmt: skip
def test_why_there_is_no_threshold(threshold: float | None, objective: str, reason: str) -> None:
    predicts = None if objective == "pairs" else "class"
    encoder = SimpleNamespace(threshold=threshold, objective=objective, predicts=predicts)
    why = no_threshold(encoder)  # type: ignore[arg-type]
    assert reason in why
    assert bool(why) == (threshold is None)
