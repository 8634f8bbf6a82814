"""The commands index and search: from a table to hits, changed in place, asked in every way there is."""

import csv
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer

import tiny
from seqtwin import cli
from seqtwin.cli import index_search
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import load

ROWS = [("a1", "abc", "FR"), ("a2", "bcd", ""), ("a3", "f", "DE"), ("a4", "abd", "FR")]


@pytest.fixture
def asked(monkeypatch: Any, capsys: Any) -> Any:
    """Runs a command line and returns its exit code, stdout and stderr."""
    app = typer.Typer(pretty_exceptions_enable=False, rich_markup_mode=None)
    app.command()(index_search.index)
    app.command()(index_search.search)
    monkeypatch.setattr(cli, "app", app)

    def run(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture
def encoder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "run" / "encoder")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    path.write_text("\n".join(["key,name,country", *(",".join(row) for row in ROWS)]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def index(tmp_path: Path, asked: Any, encoder: Path, table: Path) -> Path:
    options = ["--column", "name", "--id", "key", "--metadata", "country"]
    code, said, _ = asked("index", encoder.parent, table, "-o", tmp_path / "index", *options)
    assert (code, said) == (0, f"4 vectors of width 5 (exact): {tmp_path / 'index'} gen-000001\n")
    return tmp_path / "index"


def test_from_a_table_to_hits(asked: Any, index: Path, encoder: Path) -> None:
    code, said, _ = asked("search", index, "abc", "f", "-k", 2)
    assert code == 0
    first, second = said.strip().split("\n\n")
    assert first.splitlines()[0] == "abc"
    assert first.splitlines()[1].split() == ["score", "id", "country"]
    assert first.splitlines()[2].split() == ["abc", "1.0000", "a1", "FR"]
    assert second.splitlines()[2].split() == ["f", "1.0000", "a3", "DE"]
    assert len(first.splitlines()) == len(second.splitlines()) == 4


def test_json_and_csv_hold_the_same(asked: Any, index: Path, tmp_path: Path, encoder: Path) -> None:
    code, said, _ = asked("search", index, "abc", "f", "-k", 3, "--json")
    found = json.loads(said)
    assert (code, found["k"], found["threshold"]) == (0, 3, 0.25)
    assert asked("search", index, "abc", "f", "-k", 3, "-o", tmp_path / "found.csv")[0] == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "found.csv").read_text(encoding="utf-8"))))
    flat = [(one["query"], rank, hit) for one in found["results"] for rank, hit in enumerate(one["hits"], 1)]
    assert len(rows) == len(flat) == 6
    scores = load(encoder).score([row["query"] for row in rows], [row["text"] for row in rows])
    for row, (query, rank, hit), score in zip(rows, flat, scores, strict=True):
        assert (row["query"], int(row["rank"]), row["id"], row["text"]) == (query, rank, hit["id"], hit["text"])
        assert row["country"] == hit["metadata"]["country"]
        assert float(row["score"]) == pytest.approx(hit["score"], abs=1e-6) == pytest.approx(score, abs=1e-5)
    code, _, complaint = asked("search", index, "abc", "-o", tmp_path / "found.csv")
    assert (code, "OUT_EXISTS" in complaint) == (2, True)


@pytest.mark.parametrize("ending", [".jsonl", ".parquet"])
def test_ids_and_metadata_can_be_numbers(asked: Any, encoder: Path, tmp_path: Path, ending: str) -> None:
    frame = pd.DataFrame({"key": [7, 8, 9], "name": ["abc", "bcd", "f"], "year": [1999.0, None, 2001.5]})
    path = tmp_path / f"places{ending}"
    frame.to_parquet(path) if ending == ".parquet" else frame.to_json(path, orient="records", lines=True)
    columns = ["--column", "name", "--id", "key", "--metadata", "year"]
    code, _, said = asked("index", encoder, path, "-o", tmp_path / "index", *columns)
    assert (code, "3 rows; text = name, id = key, metadata = year" in said) == (0, True)
    hits = json.loads(asked("search", tmp_path / "index", "abc", "-k", 3, "--json")[1])["results"][0]["hits"]
    assert {hit["id"]: hit["metadata"]["year"] for hit in hits} == {"7": "1999", "8": "", "9": "2001.5"}
    gone = tmp_path / f"gone{ending}"
    frame[:2].to_parquet(gone) if ending == ".parquet" else frame[:2].to_json(gone, orient="records", lines=True)
    assert asked("index", encoder, gone, "--remove", "--id", "key", "-o", tmp_path / "index")[0] == 0
    assert Index.load(tmp_path / "index", load(encoder)).ids == ["9"]


def test_lists_are_no_ids(asked: Any, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "places.jsonl").write_text('{"key": [1], "name": "abc"}\n', encoding="utf-8")
    options = ["-o", tmp_path / "index", "--column", "name", "--id", "key"]
    code, _, complaint = asked("index", encoder, tmp_path / "places.jsonl", *options)
    assert (code, "line 1: column 'key': expected a text, a number or a date, found [1]" in complaint) == (2, True)


def test_a_file_of_queries(asked: Any, index: Path, table: Path, tmp_path: Path) -> None:
    (tmp_path / "queries.txt").write_text("abc\nf\n", encoding="utf-8")
    by_line = asked("search", index, "--queries", tmp_path / "queries.txt", "--json")[1]
    assert [one["query"] for one in json.loads(by_line)["results"]] == ["abc", "f"]
    by_column = asked("search", index, "--queries", table, "--column", "name", "-k", 1, "--json")[1]
    assert [one["hits"][0]["id"] for one in json.loads(by_column)["results"]] == ["a1", "a2", "a3", "a4"]


def test_a_conversation_ends_with_an_empty_line(asked: Any, index: Path, monkeypatch: Any) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    encode = load(index.parent / "run").encode
    monkeypatch.setattr(sys, "stdin", Terminal("abc\nf\n\nnever\n"))
    code, said, prompts = asked("search", index, "-k", 1)
    assert encode("abc").shape == (1, 5)
    assert code == 0
    assert [part.splitlines()[0] for part in said.strip().split("\n\n")] == ["abc", "f"]
    assert prompts.count(index_search.PROMPT) == 3
    monkeypatch.setattr(sys, "stdin", Terminal(""))
    assert asked("search", index)[0] == 0


def test_add_and_remove(asked: Any, index: Path, encoder: Path, tmp_path: Path) -> None:
    more = tmp_path / "more.csv"
    more.write_text("key,name,country\nb1,fed,IT\n", encoding="utf-8")
    options = ["--column", "name", "--id", "key", "--metadata", "country"]
    assert "never overwritten" in asked("index", encoder, more, "-o", index, *options)[2]
    code, said, _ = asked("index", encoder, more, "-o", index, *options, "--add", "--json")
    facts = {
        "generation": "gen-000002",
        "count": 5,
        "dim": 5,
        "kind": "exact",
        "recall": None,
        "blank_rows": 0,
        "zero_vectors": 0,
    }
    assert (code, json.loads(said)) == (0, {"out": str(index), **facts})
    (tmp_path / "gone.txt").write_text("a1\nb1\n", encoding="utf-8")
    assert asked("index", encoder, tmp_path / "gone.txt", "-o", index, "--remove")[0] == 0
    assert asked("index", encoder, more, "-o", index, "--id", "key", "--remove")[0] == 2  # b1 is gone already
    assert Index.load(index).ids == ["a2", "a3", "a4"]
    assert "expected --add or --remove" in asked("index", encoder, more, "-o", index, "--add", "--remove")[2]


def test_a_change_keeps_the_kind_and_names_ids_of_another_form(
    asked: Any, index: Path, encoder: Path, table: Path
) -> None:
    options = ["-o", index, "--column", "name", "--metadata", "country", "--add"]
    code, _, told = asked("index", encoder, table, *options, "--kind", "hnsw")
    assert (code, Index.load(index).kind) == (2, "exact")
    assert "of kind exact, which --add and --remove do not change to hnsw [INDEX_KIND]" in told
    code, _, told = asked("index", encoder, table, *options, "--kind", "exact")
    assert (code, Index.load(index).ids[3:6]) == (0, ["a4", "4", "5"])
    assert "ids such as 'a1', but the new texts get row numbers" in told


def test_the_recall_of_an_approximate_index_is_said(asked: Any, encoder: Path, tmp_path: Path) -> None:
    (tmp_path / "many.txt").write_text("\n".join(left for left, *_ in tiny.drawn_pairs(300, 5)), encoding="utf-8")
    code, said, _ = asked("index", encoder, tmp_path / "many.txt", "-o", tmp_path / "i", "--kind", "hnsw")
    assert code == 0
    assert said.startswith("300 vectors of width 5 (hnsw, recall@10 ")
    assert "against exact search, on 200 of its items" in said


def test_a_moved_encoder_and_a_re_ranker(asked: Any, index: Path, encoder: Path, tmp_path: Path) -> None:
    shutil.move(encoder.parent, tmp_path / "moved")
    code, _, complaint = asked("search", index, "abc")
    assert (code, "name it: --encoder DIR" in complaint) == (2, True)
    moved = ["--encoder", tmp_path / "moved", "--rerank", tmp_path / "moved"]
    assert json.loads(asked("search", index, "abc", *moved, "--json")[1])["results"][0]["hits"][0]["id"] == "a1"


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["search", "INDEX", ""], 2, "is empty"),
        (["search", "INDEX", "abc", "-k", "0"], 2, "expected a positive integer, got 0"),
        (["search", "INDEX"], 2, "no query, and no terminal"),
        (["search", "INDEX", "abc", "--queries", "TABLE"], 2, "got both"),
        (["search", "INDEX", "--queries", "TABLE"], 2, "--column NAME"),
        (["search", "INDEX", "abc", "-o", "found.txt"], 2, "expected a .csv"),
        (["search", "TABLE", "abc"], 2, "no index here"),
        (["search", "INDEX", "abc", "--encoder", "nowhere"], 2, "no encoder.json"),
        (["index", "ENCODER", "TABLE", "-o", "out"], 2, "--column NAME"),
        (["index", "ENCODER", "EMPTY", "-o", "out"], 2, "empty"),
        (["index", "ENCODER", "LINES", "-o", "out", "--id", "key"], 2, "need a table"),
        (["index", "ENCODER", "TABLE", "-o", "out", "--column", "nam"], 2, "did you mean 'name'"),
        (["index", "ENCODER", "TABLE", "-o", "out", "--column", "name", "--id", "country"], 2, "empty"),
        (["index", "ENCODER", "LINES", "-o", "out", "--kind", "ivfpq"], 2, "expected 1024 or more, got 2"),
        (["index", "ENCODER", "LINES", "-o", "out", "--add"], 2, "no index here"),
        (["index", "ENCODER", "LINES", "-o", "TABLE"], 2, "OUT_EXISTS"),
        (["search", "DAMAGED", "abc"], 3, "build the index again"),
    ],
)
def test_bad_input_is_one_error(
    asked: Any, index: Path, table: Path, encoder: Path, monkeypatch: Any, arguments: list[str], code: int, message: str
) -> None:
    folder = table.parent
    (folder / "empty.txt").write_text("", encoding="utf-8")
    (folder / "lines.txt").write_text("abc\nf\n", encoding="utf-8")
    shutil.copytree(index, folder / "damaged")
    (folder / "damaged" / "gen-000001" / "items.jsonl").write_bytes(b"")
    names = {"INDEX": index, "TABLE": table, "ENCODER": encoder, "EMPTY": folder / "empty.txt"}
    names |= {"LINES": folder / "lines.txt", "DAMAGED": folder / "damaged"}
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    found, said, complaint = asked(*(names.get(one, one) for one in arguments))
    assert (found, said) == (code, "")
    assert message in complaint
    assert "\nerror: " in f"\n{complaint}"
    assert not (folder / "out").exists()


@pytest.mark.parametrize("command", ["index", "search"])
def test_help_has_an_example(asked: Any, command: str) -> None:
    code, said, _ = asked(command, "--help")
    assert code == 0
    assert f"seqtwin {command} runs/" in said
