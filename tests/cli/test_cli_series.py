"""Every command that takes an encoder, with an encoder of series: input, output and errors."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from seqtwin import cli
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load

Run = Callable[..., tuple[int, str, str]]
HEAD = ["series_id", "t", "ch0", "ch1", "ch2", "label"]


def drawn(count: int = 12) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(3 * (n % 2), 1, (1 + n % 5, 3)).astype(np.float32) for n in range(count)]


def long_table(path: Path, series: list[np.ndarray], columns: list[str] = HEAD, first: int = 0) -> Path:
    rows = [
        {"series_id": f"s{n}", "t": t, **{f"ch{c}": float(v) for c, v in enumerate(step)}, "label": "ab"[n % 2]}
        for n, one in enumerate(series, first)
        for t, step in enumerate(one)
    ]
    delimiter = "\t" if path.suffix == ".tsv" else ","
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, columns, extrasaction="ignore", delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def json_lines(path: Path, series: list[np.ndarray]) -> Path:
    table = long_table(path.with_suffix(".csv"), series)
    with table.open(encoding="utf-8") as file:
        path.write_text("".join(json.dumps(row) + "\n" for row in csv.DictReader(file)), encoding="utf-8")
    return path


def archive(path: Path, series: list[np.ndarray]) -> Path:
    lines = [":".join(",".join(map(str, channel)) for channel in one.T.tolist()) for one in series]
    classes = [f"{line}:{'ab'[n % 2]}" for n, line in enumerate(lines)]
    path.write_text("\n".join(["@classLabel true a b", "@data", *classes]) + "\n", encoding="utf-8")
    return path


WRITERS: dict[str, Callable[[Path, list[np.ndarray]], Path]] = {
    ".csv": long_table,
    ".tsv": long_table,
    ".jsonl": json_lines,
    ".ts": archive,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.saved_encoder(tmp_path / "encoder", series=True)


@pytest.fixture
def encoder(folder: Path) -> TrainedEncoder:
    return load(folder)


@pytest.fixture
def run(monkeypatch: Any, capsys: Any) -> Run:
    def asked(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return asked


@pytest.mark.parametrize("ending", WRITERS)
def test_a_vector_a_series(tmp_path: Path, folder: Path, encoder: TrainedEncoder, run: Run, ending: str) -> None:
    file, out = WRITERS[ending](tmp_path / f"some{ending}", drawn()), tmp_path / "v.npy"
    assert run("encode", folder, file, "-o", out)[:2] == (0, f"12 vectors of width 5: {out}\n")
    np.testing.assert_allclose(np.load(out), encoder.encode(drawn()), atol=1e-6)


def test_many_series_are_written_in_blocks(
    tmp_path: Path, folder: Path, encoder: TrainedEncoder, run: Run, monkeypatch: Any
) -> None:
    monkeypatch.setattr("seqtwin.inference.encode_files.SERIES", 5)
    file, out = long_table(tmp_path / "some.csv", drawn()), tmp_path / "v.csv"
    assert run("encode", folder, file, "-o", out)[0] == 0
    found = pd.read_csv(out)
    np.testing.assert_allclose(found.filter(regex=r"^d\d+$").to_numpy(), encoder.encode(drawn()), atol=1e-6)
    assert found["series_id"].tolist() == [f"s{n}" for n in range(12)]
    assert found["label"].tolist() == ["ab"[n % 2] for n in range(12)]


def test_ids_and_labels_are_found_again(tmp_path: Path, folder: Path, encoder: TrainedEncoder, run: Run) -> None:
    corpus, queries = drawn(), drawn()[:2]
    assert run("index", folder, long_table(tmp_path / "some.csv", corpus), "-o", tmp_path / "index")[0] == 0
    file = long_table(tmp_path / "asked.csv", queries, [name for name in HEAD if name != "label"], first=70)
    code, said, _ = run("search", tmp_path / "index", "--queries", file, "-k", 3, "--json")
    found = json.loads(said)["results"]
    assert code == 0
    expected = Index.build(encoder, corpus, [f"s{n}" for n in range(12)]).search(queries, 3)
    assert [one["query"] for one in found] == ["s70", "s71"]
    assert [[hit["id"] for hit in one["hits"]] for one in found] == expected.ids
    assert [hit["metadata"]["label"] for one in found for hit in one["hits"]] == [
        "ab"[int(name[1:]) % 2] for names in expected.ids for name in names
    ]
    code, said, _ = run("search", tmp_path / "index", "--queries", file, "-k", 1)
    assert said.splitlines()[1].split() == ["score", "id", "label"]
    assert said.splitlines()[2].split() == ["1.0000", "s0", "a"]
    assert run("search", tmp_path / "index", "--queries", file, "-o", tmp_path / "found.csv")[0] == 0


def test_series_without_names_can_be_added_twice(tmp_path: Path, folder: Path, run: Run) -> None:
    file, out = archive(tmp_path / "some.ts", drawn()), tmp_path / "index"
    for more in ([], ["--add"], ["--add"]):
        assert run("index", folder, file, "-o", out, *more)[0] == 0
    assert Index.load(out).ids == [str(n) for n in range(36)]
    (tmp_path / "gone.txt").write_text("3\n35\n")
    assert run("index", folder, tmp_path / "gone.txt", "-o", out, "--remove")[0] == 0
    assert len(Index.load(out)) == 34


def test_evaluate_makes_pairs_and_searches(tmp_path: Path, folder: Path, encoder: TrainedEncoder, run: Run) -> None:
    series = drawn(30)
    code, said, _ = run("evaluate", folder, long_table(tmp_path / "some.csv", series), "--json")
    found = json.loads(said)["test"]
    assert code == 0
    scores = encoder.similarity(*[encoder.encode(series)] * 2)
    np.fill_diagonal(scores, -np.inf)
    right = scores.argmax(axis=1) % 2 == np.arange(30) % 2
    assert found["hit_rate@1"] == pytest.approx(right.mean())
    assert {"roc_auc", "accuracy", "mrr", "map_at_r"} <= set(found)
    (tmp_path / "test.csv").write_bytes((tmp_path / "some.csv").read_bytes())
    for split in ("train", "dev"):
        long_table(tmp_path / f"{split}.csv", drawn(4))
    assert json.loads(run("evaluate", folder, tmp_path, "--json")[1])["test"] == found


def test_evaluate_takes_texts_with_their_class(tmp_path: Path, run: Run) -> None:
    folder = tiny.saved_encoder(tmp_path / "texts")
    words = ["abc", "abd", "abe", "fed", "fee", "fef", "abf", "fea"]
    path = tmp_path / "words.csv"
    path.write_text("text,label\n" + "".join(f"{word},{word[0]}\n" for word in words))
    code, said, _ = run("evaluate", folder, path, "--json")
    assert code == 0
    vectors = load(folder).encode(words)
    scores = load(folder).similarity(vectors, vectors)
    np.fill_diagonal(scores, -np.inf)
    right = [words[n][0] == words[best][0] for n, best in enumerate(scores.argmax(axis=1))]
    assert json.loads(said)["test"]["hit_rate@1"] == np.mean(right)


REFUSED = {
    "pairs in one table": (["score", "{encoder}", "{file}", "-o", "x.csv"], "a table cannot contain pairs"),
    "a column": (["encode", "{encoder}", "{file}", "--column", "t", "-o", "x.npy"], "no column of texts"),
    "another width": (["encode", "{encoder}", "{narrow}", "-o", "x.npy"], "expected 3 channels"),
    "texts": (["evaluate", "{encoder}", "{texts}"], "expected series with one class each, found items"),
    "ids by option": (["index", "{encoder}", "{file}", "--id", "t", "-o", "x"], "a file of series has its own ids"),
    "a narrow corpus": (["index", "{encoder}", "{narrow}", "-o", "x"], "expected 3 channels"),
    "dedupe": (["dedupe", "{encoder}", "{file}"], "needs an encoder of texts"),
    "link": (["link", "{encoder}", "{file}", "{file}", "-o", "x.csv"], "needs an encoder of texts"),
    "mine": (["mine", "{encoder}", "{file}", "-o", "x.csv"], "needs an encoder of texts"),
    "why": (["why", "{encoder}", "a", "b"], "needs an encoder of texts"),
    "a typed query": (["search", "{index}", "hello"], "expects a file of series"),
    "no query": (["search", "{index}"], "expects a file of series"),
    "a column of queries": (["search", "{index}", "--queries", "{file}", "--column", "t"], "expects a file of series"),
    "narrow queries": (["search", "{index}", "--queries", "{narrow}"], "expected 3 channels"),
    "no file of series": (["encode", "{encoder}", "{texts}", "-o", "x.npy"], "no channel columns"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_is_one_clear_message(
    case: str, tmp_path: Path, folder: Path, encoder: TrainedEncoder, run: Run, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    Index.build(encoder, drawn()).save("index", encoder_at=folder)
    (tmp_path / "texts.csv").write_text("text,label\n" + "".join(f"t{n},{n % 2}\n" for n in range(8)))
    names = {
        "encoder": folder,
        "index": "index",
        "file": long_table(tmp_path / "some.csv", drawn()),
        "narrow": long_table(tmp_path / "narrow.csv", [one[:, :2] for one in drawn()], HEAD[:4]),
        "texts": "texts.csv",
    }
    arguments, said = REFUSED[case]
    code, out, complained = run(*(argument.format(**names) for argument in arguments))
    assert (code, out) == (2, "")
    assert said in complained
    assert not list(tmp_path.glob("x*"))


def test_arrays_in_an_index_of_python(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, drawn(), metadata={"label": [n % 2 for n in range(12)]})
    assert index.search(drawn()[3:4], 1)[0][0].id == "3"
    assert index.search([drawn()[4].tolist()], 1)[0][0].metadata == {"label": 0}


@pytest.mark.parametrize("command", ["encode", "index", "evaluate"])
def test_gaps_are_refused_or_filled_as_asked(
    command: str, tmp_path: Path, folder: Path, run: Run, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    lines = long_table(tmp_path / "whole.csv", drawn()).read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if not line.startswith("s4,2,")]
    assert len(kept) == len(lines) - 1
    (tmp_path / "gap.csv").write_text("\n".join(kept) + "\n", encoding="utf-8")
    out = {"encode": ["-o", "v.npy"], "index": ["-o", "found"]}.get(command, [])
    code, _, noted = run(command, folder, "gap.csv", *out)
    assert code == 2
    assert "--gaps" in noted
    code, _, noted = run(command, folder, "gap.csv", *out, "--gaps", "interpolate")
    assert code == 0, noted
    assert run(command, folder, "gap.csv", *out, "--gaps", "guess")[0] == 2
