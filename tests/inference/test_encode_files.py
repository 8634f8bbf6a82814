"""Whole files encoded and scored in blocks: the same results as at once; killed and resumed, the same bytes."""

import csv
import functools
import io
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.data.reading.series import read_series_file
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.files import sha256
from seqtwin.inference import encode_files, kept_columns
from seqtwin.inference.encode_files import encode_file, score_file
from seqtwin.inference.kept_columns import read_inputs
from seqtwin.inference.trained_encoder import TrainedEncoder, load

TEXTS = ["".join(np.random.default_rng(i).choice(list("abcdef"), 1 + i % 9)) for i in range(50)]

READ: dict[str, Callable[[Path], np.ndarray]] = {
    ".npy": lambda path: np.asarray(np.load(path, allow_pickle=False)),
    ".csv": lambda path: pd.read_csv(path).filter(regex=r"^d\d+$").to_numpy(np.float32),
    ".parquet": lambda path: stacked(pd.read_parquet(path)["vector"].tolist()),
}


def stacked(vectors: list[Any]) -> np.ndarray:
    """Vectors as rows; a missing one is NaN."""
    width = max(len(vector) for vector in vectors if vector is not None)
    return np.stack([np.full(width, np.nan) if vector is None else vector for vector in vectors]).astype(np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TrainedEncoder:
    return load(folder)


@pytest.fixture
def names(tmp_path: Path) -> Path:
    path = tmp_path / "names.csv"
    pd.DataFrame({"id": range(50), "name": TEXTS}).to_csv(path, index=False)
    return path


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: Any) -> None:
    monkeypatch.setattr(encode_files, "read_blocks", functools.partial(read_blocks, rows=8))


@pytest.mark.parametrize("ending", [".npy", ".csv", ".parquet"])
def test_a_file_has_the_vectors_of_its_texts_in_order(
    tmp_path: Path, encoder: TrainedEncoder, names: Path, ending: str
) -> None:
    seen: list[tuple[int, int]] = []
    out = tmp_path / f"v{ending}"
    assert encode_file(encoder, names, out, column="name", on_rows=lambda *now: seen.append(now)) == 50
    np.testing.assert_allclose(READ[ending](out), encoder.encode(TEXTS), atol=1e-6, rtol=0)
    assert seen == [(min(done, 50), 50) for done in range(8, 57, 8)]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["names.csv", out.name]


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_every_column_is_kept_next_to_its_vector(tmp_path: Path, encoder: TrainedEncoder, ending: str) -> None:
    rows = [{"id": f"00{i}", "name": text, "note": f'a,"{i}"\nb'} for i, text in enumerate(TEXTS)]
    pd.DataFrame(rows).to_csv(tmp_path / "in.csv", index=False)
    out = tmp_path / f"v{ending}"
    encode_file(encoder, tmp_path / "in.csv", out, column="name")
    found = pd.read_csv(out, dtype={"id": str}) if ending == ".csv" else pd.read_parquet(out)
    assert found[["id", "name", "note"]].to_dict("records") == rows
    np.testing.assert_allclose(READ[ending](out), encoder.encode(TEXTS), atol=1e-6, rtol=0)


def test_parquet_records_its_inputs(tmp_path: Path, encoder: TrainedEncoder, names: Path) -> None:
    pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "v.parquet"
    encode_file(encoder, names, out, column="name")
    expected = {"work": "encode", "encoder": encoder.fingerprint, "input": sha256(names), "columns": ["name"]}
    assert read_inputs(out) == expected
    pd.DataFrame({"name": TEXTS}).to_parquet(tmp_path / "other.parquet")
    assert read_inputs(tmp_path / "other.parquet") is None
    out.write_bytes(out.read_bytes()[:-9])
    with pytest.raises(DamagedError, match="not a whole parquet file"):
        read_inputs(out)


def test_parquet_keeps_types(tmp_path: Path, encoder: TrainedEncoder) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    day = pd.Timestamp("2024-02-29")
    frame = pd.DataFrame({"name": TEXTS, "n": range(50), "day": [day] * 50, "vector": [0.5] * 50})
    frame.to_parquet(tmp_path / "in.parquet")
    encode_file(encoder, tmp_path / "in.parquet", tmp_path / "v.parquet", column="name")
    found = parquet.read_table(tmp_path / "v.parquet")
    assert found.schema.names == ["name", "n", "day", "vector", "encoder_vector"]
    pd.testing.assert_frame_equal(found.select(list(frame)).to_pandas(), frame)
    lines = ['{"name": "ab", "n": 1, "x": 1, "ok": true, "mixed": 1, "big": 1}'] * 20
    lines += [
        '{"name": "ba", "n": null, "x": 0.5, "ok": false, "mixed": "a", "big": 9223372036854775808, "k": [1]}'
    ] * 20
    (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
    encode_file(encoder, tmp_path / "in.jsonl", tmp_path / "w.parquet", column="name")
    table = parquet.read_table(tmp_path / "w.parquet")
    types = {field.name: str(field.type) for field in table.schema}
    whole = {"n": "int64", "x": "double", "ok": "bool", "mixed": "string", "big": "string", "k": "string"}
    assert {name: types[name] for name in whole} == whole
    assert table.column("k").to_pylist()[20:] == ["[1]"] * 20
    assert table.column("big").to_pylist()[0] == "1"


def test_parquet_has_a_dictionary_of_the_texts_but_none_of_the_vectors(tmp_path: Path, encoder: TrainedEncoder) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    pd.DataFrame({"name": TEXTS}).to_csv(tmp_path / "in.csv", index=False)
    encode_file(encoder, tmp_path / "in.csv", tmp_path / "v.parquet", column="name")
    group = parquet.ParquetFile(tmp_path / "v.parquet").metadata.row_group(0)
    columns = [group.column(place) for place in range(group.num_columns)]
    assert {one.path_in_schema: one.has_dictionary_page for one in columns} == {
        "name": True, "vector.list.element": False,
    }  # fmt: skip


def test_a_column_called_as_a_vector_is_not_overwritten(tmp_path: Path, encoder: TrainedEncoder) -> None:
    (tmp_path / "in.csv").write_text("name,d0\nab,7\n", encoding="utf-8")
    encode_file(encoder, tmp_path / "in.csv", tmp_path / "v.csv", column="name")
    found = pd.read_csv(tmp_path / "v.csv")
    assert found["d0"].tolist() == [7]
    assert found.filter(regex="^encoder_d").shape == (1, encoder.dim)


def test_zero_vectors_are_counted(tmp_path: Path, encoder: TrainedEncoder, names: Path, monkeypatch: Any) -> None:
    encode = encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda texts: encode(texts) * (np.arange(len(texts)) % 4 > 0)[:, None])
    zero: list[int] = []
    encode_file(encoder, names, tmp_path / "v.npy", column="name", on_zero=zero.append)
    assert sum(zero) == int((~np.load(tmp_path / "v.npy").any(axis=1)).sum()) == 13
    zero.clear()
    interrupt(encoder, names, tmp_path / "w.npy")
    encode_file(encoder, names, tmp_path / "w.npy", column="name", resume=True, on_zero=zero.append)
    assert sum(zero) == 13, "those of the interrupted run are counted too"


def test_a_text_a_line(tmp_path: Path, encoder: TrainedEncoder) -> None:
    (tmp_path / "a.txt").write_text("cafe\n")
    assert encode_file(encoder, tmp_path / "a.txt", tmp_path / "v.npy") == 1
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), encoder.encode("cafe"))


@pytest.mark.parametrize("ending", [".npy", ".csv", ".parquet"])
@pytest.mark.parametrize("policy", ["error", "drop"])
def test_a_blank_text_keeps_its_place_and_has_no_vector(tmp_path: Path, policy: str, ending: str) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", empty=policy))
    (tmp_path / "a.txt").write_text("cafe\n\nbe\n \n", encoding="utf-8")
    blank: list[int] = []
    out = tmp_path / f"v{ending}"
    assert encode_file(encoder, tmp_path / "a.txt", out, on_blank=blank.append) == 4
    vectors = READ[ending](out)
    assert sum(blank) == 2
    assert np.isnan(vectors).any(axis=1).tolist() == [False, True, False, True]
    assert np.isnan(vectors[[1, 3]]).all()
    np.testing.assert_allclose(vectors[[0, 2]], encoder.encode(["cafe", "be"]), atol=1e-6)


def test_an_encoder_trained_on_blank_texts_has_a_vector_for_them(tmp_path: Path) -> None:
    lenient = load(tiny.saved_encoder(tmp_path / "encoder", empty="unk"))
    (tmp_path / "a.txt").write_text("cafe\n\nbe\n", encoding="utf-8")
    blank: list[int] = []
    assert encode_file(lenient, tmp_path / "a.txt", tmp_path / "v.npy", on_blank=blank.append) == 3
    assert sum(blank) == 1
    np.testing.assert_array_equal(np.load(tmp_path / "v.npy"), lenient.encode(["cafe", "", "be"]))


def test_a_file_of_blank_texts_alone(tmp_path: Path, encoder: TrainedEncoder) -> None:
    (tmp_path / "a.txt").write_text("\n\n", encoding="utf-8")
    assert encode_file(encoder, tmp_path / "a.txt", tmp_path / "v.npy") == 2
    assert np.isnan(np.load(tmp_path / "v.npy")).all()


@pytest.mark.parametrize("policy", ["error", "drop", "unk"])
def test_a_pair_with_a_blank_text_has_no_score(tmp_path: Path, policy: str) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", empty=policy))
    rows = [("cafe", "cafe"), ("", "cafe"), ("cafe", " "), ("", ""), ("be", "dead")]
    pd.DataFrame(rows, columns=["left", "right"]).to_csv(tmp_path / "pairs.csv", index=False)
    blank: list[int] = []
    assert score_file(encoder, tmp_path / "pairs.csv", tmp_path / "out.csv", on_blank=blank.append) == 5
    found = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert sum(blank) == 3
    empty = {name: (found[name] == "").tolist() for name in {"score", "same"} & set(found.columns)}
    assert set(map(tuple, empty.values())) == {(False, True, True, True, False)}
    np.testing.assert_allclose(
        found["score"][[0, 4]].astype(float), encoder.score(["cafe", "be"], ["cafe", "dead"]), rtol=1e-6
    )


def test_other_problems_of_rows_are_still_refused_with_a_remedy_that_exists(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "a.csv").write_text("name,id\ncafe,1\n,2\nbe\n", encoding="utf-8")
    with pytest.raises(DataError, match="line 4") as caught:
        encode_file(load(folder), tmp_path / "a.csv", tmp_path / "v.npy", column="name")
    assert "tokens.empty" not in str(caught.value)
    assert "line 3" not in str(caught.value)


def test_a_text_without_a_token_names_its_lines(tmp_path: Path, encoder: TrainedEncoder, monkeypatch: Any) -> None:
    def refuse(_: Any) -> None:
        raise DataError("DATA_EMPTY_TEXT", "no token", place="tokens")

    (tmp_path / "a.txt").write_text("a\n" * 20)
    monkeypatch.setattr(encoder, "encode", refuse)
    with pytest.raises(DataError) as caught:
        encode_file(encoder, tmp_path / "a.txt", tmp_path / "v.npy")
    assert caught.value.place == f"{tmp_path / 'a.txt'}, lines 1 to 8"


KILLED = """
import functools, os, signal, sys
from pathlib import Path
from seqtwin.data.reading.blocks import read_blocks
from seqtwin.inference import encode_files, resumable_file
from seqtwin.inference.trained_encoder import load
encode_files.read_blocks = functools.partial(read_blocks, rows=8)
add, calls = resumable_file.Growing.add, int(sys.argv[4])
def dying(self, block, *counts, **times):
    global calls
    calls -= 1
    if calls == 0:
        with self.data.open("ab") as file:
            file.write(block[: len(block) // 2])
            file.flush()
            os.kill(os.getpid(), signal.SIGKILL)
    add(self, block, *counts, **times)
resumable_file.Growing.add = dying
encode_files.encode_file(load(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), column="name")
"""


@pytest.mark.long
@pytest.mark.parametrize("ending", [".npy", ".csv", ".parquet"])
def test_killed_and_resumed_it_has_the_same_bytes(
    tmp_path: Path, folder: Path, encoder: TrainedEncoder, names: Path, ending: str
) -> None:
    encode_file(encoder, names, tmp_path / f"whole{ending}", column="name")
    out = tmp_path / f"v{ending}"
    command = [sys.executable, "-c", KILLED, str(folder), str(names), str(out), "4"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    killed = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not out.exists()
    encoded: list[int] = []

    class Watched(TrainedEncoder):
        def encode(self, texts: Any, **named: Any) -> np.ndarray:
            encoded.append(len(texts))
            return encoder.encode(texts, **named)

    encode_file(Watched(encoder._stored), names, out, column="name", resume=True)
    assert encoded == [8, 8, 8, 2], "blocks that were done are done again"
    assert out.read_bytes() == (tmp_path / f"whole{ending}").read_bytes()


def interrupt(encoder: TrainedEncoder, names: Path, out: Path) -> None:
    class StopError(Exception):
        pass

    def stop(done: int, total: int) -> None:
        if done > 20:
            raise StopError

    with pytest.raises(StopError):
        encode_file(encoder, names, out, column="name", on_rows=stop)
    assert not out.exists()


def test_an_input_that_changed_is_not_resumed(tmp_path: Path, encoder: TrainedEncoder, names: Path) -> None:
    interrupt(encoder, names, tmp_path / "v.npy")
    names.write_text(names.read_text().replace("\n9,", "\n9,f"))
    with pytest.raises(ConfigError, match="interrupted run had another input"):
        encode_file(encoder, names, tmp_path / "v.npy", column="name", resume=True)
    assert encode_file(encoder, names, tmp_path / "v.npy", column="name") == 50


def test_another_encoder_and_another_column_do_not_resume(tmp_path: Path, encoder: TrainedEncoder, names: Path) -> None:
    interrupt(encoder, names, tmp_path / "v.npy")
    other = load(tiny.saved_encoder(tmp_path / "encoder", layers=2))
    with pytest.raises(ConfigError, match="interrupted run had another encoder"):
        encode_file(other, names, tmp_path / "v.npy", column="name", resume=True)
    with pytest.raises(ConfigError, match="interrupted run had another columns"):
        encode_file(encoder, names, tmp_path / "v.npy", column="id", resume=True)


def test_another_precision_does_not_resume(tmp_path: Path, names: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "wide", hidden=32))
    interrupt(encoder, names, tmp_path / "v.npy")
    encoder.precision = "bf16"
    with pytest.raises(ConfigError, match="interrupted run had another precision"):
        encode_file(encoder, names, tmp_path / "v.npy", column="name", resume=True)


@pytest.mark.parametrize("at", [8, 50])
def test_an_input_that_changes_meanwhile_publishes_nothing(
    tmp_path: Path, encoder: TrainedEncoder, names: Path, at: int
) -> None:
    def change(done: int, total: int) -> None:
        if done == at:
            os.utime(names, ns=(1, 1))

    with pytest.raises(DataError, match="changed while it was being read"):
        encode_file(encoder, names, tmp_path / "v.npy", column="name", on_rows=change)
    assert not (tmp_path / "v.npy").exists()


@pytest.mark.parametrize(
    ("file", "out", "column", "code"),
    [
        ("names.csv", "v.npy", None, "ENCODE_COLUMN"),
        ("names.csv", "v.npy", "nome", "DATA_COLUMN"),
        ("names.csv", "v.npz", "name", "CONFIG_UNKNOWN_NAME"),
        ("names.csv", "names.csv", "name", "OUT_EXISTS"),
        ("names.txt", "v.npy", "name", "ENCODE_COLUMN"),
        ("none.csv", "v.npy", "name", "DATA_MISSING"),
    ],
)
def test_what_cannot_be_done_is_said_first(
    tmp_path: Path, encoder: TrainedEncoder, names: Path, file: str, out: str, column: str | None, code: str
) -> None:
    with pytest.raises((ConfigError, DataError)) as caught:
        encode_file(encoder, tmp_path / file, tmp_path / out, column=column)
    assert caught.value.code == code


def test_an_encoder_of_series_reads_no_texts(tmp_path: Path, names: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    with pytest.raises(ConfigError, match="encoder of series") as caught:
        encode_file(encoder, names, tmp_path / "v.npy", column="name")
    assert caught.value.code == "ENCODE_INPUTS"


def series_file(path: Path, label: bool) -> Path:
    """Three series of two steps, the first two with one step of the other in between."""
    steps = [("b", 0), ("a7", 0), ("b", 1), ("a7", 1), ("001", 5), ("001", 6)]
    rows = [
        {"series_id": name, "t": t, "ch0": n, "ch1": 0.5, "ch2": t, "label": name[0]}
        for n, (name, t) in enumerate(steps)
    ]
    pd.DataFrame(rows).drop(columns=[] if label else "label").to_csv(path, index=False)
    return path


@pytest.mark.parametrize("label", [True, False])
@pytest.mark.parametrize("ending", [".npy", ".csv", ".parquet"])
def test_vectors_of_series_are_next_to_their_ids(tmp_path: Path, monkeypatch: Any, ending: str, label: bool) -> None:
    monkeypatch.setattr(encode_files, "SERIES", 2)
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    source = series_file(tmp_path / "long.csv", label)
    out = tmp_path / f"v{ending}"
    monkeypatch.setattr(encoder, "encode", lambda series, encode=encoder.encode: encode(series) * (len(series) > 1))
    zero: list[int] = []
    assert encode_file(encoder, source, out, on_zero=zero.append) == 3
    assert sum(zero) == 1, "the second block"
    series = read_series_file(source).series
    vectors = READ[ending](out)
    np.testing.assert_allclose(vectors[:2], encoder.encode(series[:2]), atol=1e-6)
    assert not vectors[2].any()
    if ending != ".npy":
        found = pd.read_csv(out, dtype=str) if ending == ".csv" else pd.read_parquet(out)
        assert found["series_id"].tolist() == ["b", "a7", "001"]
        assert found.get("label", pd.Series()).tolist() == (["b", "a", "0"] if label else [])
        number = "d0" if ending == ".csv" else "vector"
        assert [*found.columns][: 2 + label] == ["series_id", *(["label"] if label else []), number]


def test_parquet_has_all_series_in_groups_of_rows(tmp_path: Path, monkeypatch: Any) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    monkeypatch.setattr(kept_columns, "GROUP", 2)
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    encode_file(encoder, series_file(tmp_path / "long.csv", True), tmp_path / "v.parquet")
    table = parquet.read_table(tmp_path / "v.parquet")
    assert parquet.ParquetFile(tmp_path / "v.parquet").num_row_groups == 2
    assert str(table.schema.field("vector").type) == f"fixed_size_list<element: float>[{encoder.dim}]"
    assert table.column("series_id").to_pylist() == ["b", "a7", "001"]


# scores


def test_scores_stand_beside_every_column_of_the_pairs(tmp_path: Path, encoder: TrainedEncoder) -> None:
    sides = enumerate(zip(TEXTS, TEXTS[::-1], strict=True))
    rows = [{"left": a, "score": f"s{i}", "right": b, "note": f"x,{i}\ny"} for i, (a, b) in sides]
    pd.DataFrame(rows).to_csv(tmp_path / "pairs.csv", index=False)
    assert score_file(encoder, tmp_path / "pairs.csv", tmp_path / "out.csv") == 50
    found = list(csv.DictReader(io.StringIO((tmp_path / "out.csv").read_text(), newline="")))
    assert list(found[0]) == ["left", "score", "right", "note", "encoder_score", "same"]
    assert [{name: row[name] for name in rows[0]} for row in found] == rows
    expected = encoder.score(TEXTS, TEXTS[::-1])
    np.testing.assert_allclose([float(row["encoder_score"]) for row in found], expected, atol=1e-6)
    assert [row["same"] == "1" for row in found] == [float(row["encoder_score"]) >= 0.25 for row in found]


def test_pairs_of_jsonl_whose_rows_differ(tmp_path: Path, encoder: TrainedEncoder) -> None:
    lines = [f'{{"left": "a", "right": "be"{extra}}}\n' for extra in ["", ', "n": 3'] * 10]
    (tmp_path / "p.jsonl").write_text("".join(lines))
    assert score_file(encoder, tmp_path / "p.jsonl", tmp_path / "out.csv") == 20
    found = pd.read_csv(tmp_path / "out.csv", dtype=str, keep_default_na=False)
    assert found["n"].tolist() == ["", "3"] * 10


def test_scores_are_written_as_csv_alone(tmp_path: Path, encoder: TrainedEncoder, names: Path) -> None:
    with pytest.raises(ConfigError, match="scores are written as") as caught:
        score_file(encoder, names, tmp_path / "out.npy")
    assert caught.value.code == "SCORE_FORMAT"


def test_texts_that_were_cut_are_warned_of(tmp_path: Path, encoder: TrainedEncoder, caplog: Any) -> None:
    (tmp_path / "a.txt").write_text("a\n" + "b" * 1_000_000 + "\n")
    with caplog.at_level(logging.WARNING):
        assert encode_file(encoder, tmp_path / "a.txt", tmp_path / "v.npy") == 2
    assert "1 of 2 texts were too long" in caplog.text


SENTENCE = "1\t{0}\t_\t_\t_\t_\t0\troot\t_\t_\n\n"


def test_sentences_are_encoded_not_the_lines_of_their_file(tmp_path: Path, encoder: TrainedEncoder) -> None:
    text = "# sent_id = a\n# text = ab cd\n" + SENTENCE.format("ab") + SENTENCE.format("be")
    (tmp_path / "a.conllu").write_text(text)
    assert encode_file(encoder, tmp_path / "a.conllu", tmp_path / "v.npy") == 2
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), encoder.encode(["ab cd", "be"]), atol=1e-6)
    assert encode_file(encoder, tmp_path / "a.conllu", tmp_path / "w.npy", column="token") == 2
    np.testing.assert_allclose(np.load(tmp_path / "w.npy"), encoder.encode(["ab", "be"]), atol=1e-6)
    assert score_file(encoder, tmp_path / "a.conllu", tmp_path / "s.csv", left="text", right="token") == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.conllu", "line 1: expected 10 fields"),
        ("a.ts", "expected @data"),
        ("a.json", "not JSON"),
        ("a.csv.gz", "not compressed with gzip"),
        ("a.xlsx", "is a spreadsheet"),
        ("a.yaml", "is a config"),
    ],
)
def test_known_files_that_are_no_lines_of_text_are_refused(
    tmp_path: Path, encoder: TrainedEncoder, name: str, words: str
) -> None:
    (tmp_path / name).write_text("ab\ncd\n")
    with pytest.raises((DataError, ConfigError), match=words):
        encode_file(encoder, tmp_path / name, tmp_path / "v.npy")
    assert not (tmp_path / "v.npy").exists()


def test_quotes_of_a_tsv_stay_in_its_texts(tmp_path: Path, encoder: TrainedEncoder) -> None:
    (tmp_path / "a.tsv").write_text('name\tid\n"ab\t1\ncd"\t2\n')
    assert encode_file(encoder, tmp_path / "a.tsv", tmp_path / "v.npy", column="name") == 2
    np.testing.assert_allclose(np.load(tmp_path / "v.npy"), encoder.encode(['"ab', 'cd"']), atol=1e-6)
    assert encode_file(encoder, tmp_path / "a.tsv", tmp_path / "w.npy", column="name", quoting="csv") == 1
