"""predict and probe on the command line: what they read, what they write, what they refuse."""

import csv
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
import tiny_examples as toy
from seqtwin import cli
from seqtwin.config import parse_run
from seqtwin.inference.trained_encoder import load
from seqtwin.run.train import train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: Any, capsys: Any) -> Run:
    """Runs a command line and returns its exit code, stdout and stderr."""

    def command(*arguments: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return command


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The run folder of a kind, trained once. Its data are in the parent folder."""
    folder, done = tmp_path_factory.mktemp("cli_predicting"), {}

    def of(kind: str) -> Path:
        if kind not in done:
            raw = toy.raw_run(kind, toy.write(kind, folder / f"{kind}.csv"), fit={"epochs": 1})
            done[kind] = train(parse_run(raw), folder / kind).path
        return done[kind]

    return of


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def refused(run: Run, code: str, *arguments: Any) -> str:
    """One message with this code, exit code 2, and nothing on the other stream."""
    found, out, err = run(*arguments)
    assert (found, out) == (2, "")
    assert err.count("error: ") == 1
    assert f"[{code}]" in err
    assert "Traceback" not in err
    return err


def test_texts_of_a_column_keep_their_rows(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data, out = trained("classes").parent / "classes.csv", tmp_path / "said.csv"
    code, said, _ = run("predict", trained("classes"), data, "--column", "text", "-o", out)
    assert (code, said) == (0, f"60 rows: {out}\n")
    rows, given = rows_of(out), rows_of(data)
    assert list(rows[0]) == ["text", "label", "predicted", "probability"]
    assert [(row["text"], row["label"]) for row in rows] == [(row["text"], row["label"]) for row in given]
    found = load(trained("classes")).predict([row["text"] for row in given])
    assert [row["predicted"] for row in rows] == [one.answer for one in found]
    np.testing.assert_allclose(
        [float(row["probability"]) for row in rows], [one.probability for one in found], rtol=1e-5
    )


def test_lines_of_a_text_file(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    (tmp_path / "lines.txt").write_text('a, "b"\ncd\n', encoding="utf-8")
    code, said, _ = run("predict", trained("classes"), tmp_path / "lines.txt", "-o", tmp_path / "o.csv", "--json")
    assert code == 0
    assert json.loads(said) == {
        "rows": 2,
        "out": str(tmp_path / "o.csv"),
        "encoder": load(trained("classes")).fingerprint,
    }
    assert [row["text"] for row in rows_of(tmp_path / "o.csv")] == ['a, "b"', "cd"]


def test_the_only_column_needs_no_name_and_taken_names_are_kept(
    trained: Callable[[str], Path], run: Run, tmp_path: Path
) -> None:
    data = toy.table(tmp_path / "one.csv", ["predicted"], [["ab"], ["cd"]])
    assert run("predict", trained("classes"), data, "-o", tmp_path / "o.csv")[0] == 0
    assert list(rows_of(tmp_path / "o.csv")[0]) == ["predicted", "encoder_predicted", "probability"]


def test_rows_of_words_have_a_tag_each(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data, out = trained("steps").parent / "steps.csv", tmp_path / "o.csv"
    assert run("predict", trained("steps"), data, "--sequence", "s", "--token", "w", "-o", out)[0] == 0
    rows, given = rows_of(out), rows_of(data)
    assert [(row["s"], row["w"]) for row in rows] == [(row["s"], row["w"]) for row in given]
    words = {name: [row["w"] for row in given if row["s"] == name] for name in ("s3", "s6")}
    for name, said in zip(words, load(trained("steps")).predict(list(words.values())), strict=True):
        assert [row["predicted"] for row in rows if row["s"] == name] == list(said.answer)


def test_a_table_of_words_is_read_as_in_training(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    given = rows_of(trained("steps").parent / "steps.csv")
    words = [[row["s"], row["w"], row["tag"]] for row in given]
    usual = toy.table(tmp_path / "usual.csv", ["sent_id", "token", "note"], words)
    assert run("predict", trained("steps"), usual, "-o", tmp_path / "usual_out.csv")[0] == 0
    own = toy.table(tmp_path / "own.csv", ["s", "w", "note"], words)
    assert (
        run("predict", trained("steps"), own, "--sequence", "s", "--token", "w", "-o", tmp_path / "own_out.csv")[0] == 0
    )
    predicted = [[row["predicted"] for row in rows_of(tmp_path / f"{name}_out.csv")] for name in ("usual", "own")]
    assert predicted[0] == predicted[1]
    told = refused(run, "PREDICT_COLUMN", "predict", trained("steps"), own, "-o", tmp_path / "no.csv")
    assert "--sequence NAME --token NAME" in told


def test_a_text_that_is_labelled_has_a_row_a_token(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data = toy.table(tmp_path / "t.csv", ["text", "id"], [["ab cd!", "1"], ["f", "2"]])
    assert run("predict", trained("steps"), data, "--column", "text", "-o", tmp_path / "o.csv")[0] == 0
    rows = rows_of(tmp_path / "o.csv")
    assert [(row["id"], row["token"]) for row in rows] == [("1", "ab"), ("1", "cd"), ("1", "!"), ("2", "f")]


@pytest.mark.parametrize("kind", ["series", "series_steps"])
def test_series_are_named_by_their_ids(kind: str, trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data = trained(kind).parent / f"{kind}.csv"
    assert run("predict", trained(kind), data, "-o", tmp_path / "o.csv")[0] == 0
    rows, given = rows_of(tmp_path / "o.csv"), rows_of(data)
    ids = [row["series_id"] for row in given]
    assert [row["series_id"] for row in rows] == (ids if kind == "series_steps" else list(dict.fromkeys(ids)))
    assert {row["predicted"] for row in rows} <= set("pnz")


def test_what_is_written_has_no_probability(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data = trained("texts").parent / "texts.csv"
    assert run("predict", trained("texts"), data, "--column", "text", "-o", tmp_path / "o.csv")[0] == 0
    assert {row["probability"] for row in rows_of(tmp_path / "o.csv")} == {""}


def test_what_cannot_be_predicted_is_one_message(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    classes, out = trained("classes"), tmp_path / "o.csv"
    data = classes.parent / "classes.csv"
    assert "text, label" in refused(run, "PREDICT_COLUMN", "predict", classes, data, "-o", out)
    assert "'texx'" in refused(run, "DATA_COLUMN", "predict", classes, data, "--column", "texx", "-o", out)
    refused(run, "DATA_MISSING", "predict", classes, tmp_path / "no.csv", "--column", "text", "-o", out)
    refused(run, "NO_ENCODER", "predict", tmp_path, data, "--column", "text", "-o", out)
    refused(run, "NO_HEAD", "predict", tiny.saved_encoder(tmp_path / "pairs"), data, "--column", "text", "-o", out)
    blank = toy.table(tmp_path / "blank.csv", ["text"], [["ab"], [" "]])
    refused(run, "DATA_ROWS", "predict", classes, blank, "-o", out)
    steps = trained("steps").parent / "steps.csv"
    refused(run, "DATA_COLUMN", "predict", trained("steps"), steps, "--token", "w", "-o", out)
    refused(run, "TOKENS_NO_WORDS", "predict", classes, steps, "--sequence", "s", "--token", "w", "-o", out)
    assert not out.exists()


def test_wrong_channels_are_one_message(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    data = toy.table(tmp_path / "s.csv", ["series_id", "t", "ch0"], [["a", 0, 1.5], ["a", 1, 2.5]])
    code, out, err = run("predict", trained("series"), data, "-o", tmp_path / "o.csv")
    assert (code, out) == (2, "")
    assert "channels" in err


def test_nothing_is_overwritten(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    out.write_text("mine", encoding="utf-8")
    data = trained("classes").parent / "classes.csv"
    refused(run, "OUT_EXISTS", "predict", trained("classes"), data, "--column", "text", "-o", out)
    assert out.read_text(encoding="utf-8") == "mine"
    code, said, _ = run("predict", trained("classes"), data, "--column", "text", "-o", out, "--json")
    assert (code, json.loads(said)["error"]["code"]) == (2, "OUT_EXISTS")


# probe


def test_probe_says_what_is_in_the_vector(trained: Callable[[str], Path], run: Run) -> None:
    code, said, _ = run("probe", trained("classes"), trained("classes").parent / "classes.csv")
    assert code == 0
    assert all(word in said for word in ("linear", "two layers", "similarity", "as trained", "mean_output"))
    assert "In the vector: " in said
    assert "note: 60 items of 3 classes" in said
    assert "note: the encoder was trained on classes" in said


def test_probe_for_machines(trained: Callable[[str], Path], run: Run) -> None:
    code, said, _ = run("probe", trained("series"), trained("series").parent / "series.csv", "--json")
    found = json.loads(said)
    assert (code, found["metric"], found["rows"]) == (0, "accuracy", 45)
    assert {"representation", "head", "value", "low", "high"} == set(found["probes"][0])
    assert found["verdict"]


def test_probe_of_pairs(run: Run, tmp_path: Path) -> None:
    encoder = tiny.saved_encoder(tmp_path / "encoder")
    data = tiny.write_pairs(tmp_path / "data", (40, 20, 60)) / "test.csv"
    code, said, _ = run("probe", encoder, data)
    assert code == 0
    assert "roc_auc" in said


def test_what_cannot_be_probed_is_one_message(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    classes = trained("classes")
    refused(run, "NO_ENCODER", "probe", tmp_path, classes.parent / "classes.csv")
    refused(run, "DATA_MISSING", "probe", classes, tmp_path / "no.csv")
    trained("series")
    refused(run, "PROBE_INPUTS", "probe", classes, classes.parent / "series.csv")
    few = toy.table(tmp_path / "few.csv", ["text", "label"], [["a", "x"], ["b", "x"], ["c", "y"], ["d", "y"]])
    refused(run, "PROBE_TOO_FEW", "probe", classes, few)


# the other commands, with an objective


def test_check_and_explain_know_objectives(trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    classes = trained("classes")
    code, said, _ = run("check", classes / "config.yaml")
    assert code == 0
    assert "train 43 sequences, dev 7 sequences, test 10 sequences" in said
    assert "primary metric accuracy" in said
    code, said, err = run("explain", classes)
    assert "classes: " in said
    assert code == 2
    assert err.count("error: ") == 1
    assert "[EXPLAIN_OBJECTIVE]" in err
    code, said, _ = run("explain", classes, "--json")
    assert (code, json.loads(said)["error"]["code"]) == (2, "EXPLAIN_OBJECTIVE")


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ("objective.layerz=2", "did you mean 'layers'"),
        ("objective=clasify", "did you mean 'classify'"),
        ("data.label=lable", "did you mean 'label'"),
        ("encoder.form=x", "did you mean 'from'"),
    ],
)
def test_a_slip_is_named(change: str, word: str, trained: Callable[[str], Path], run: Run, tmp_path: Path) -> None:
    code, out, err = run("train", trained("classes") / "config.yaml", change, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert word in err
    assert not (tmp_path / "out").exists()
