"""dedupe, link and mine from the command line, on a tiny saved encoder."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import typer
from typer.testing import CliRunner, Result

import tiny
from seqtwin.cli import dedupe_link, encode_score_evaluate, index_search
from seqtwin.cli.entry import output_groups
from seqtwin.cli.mine import mine
from seqtwin.data.inspect_file import inspect_data
from seqtwin.errors import SeqTwinError

WORDS = ["cafe", "caffe", "face", "cafe", "beef", "a" * 10_000, "dead", "ded", "bead"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture
def names(tmp_path: Path) -> Path:
    pd.DataFrame({"name": WORDS, "id": range(len(WORDS))}).to_csv(tmp_path / "names.csv", index=False)
    return tmp_path / "names.csv"


def run(command: Any, *arguments: object) -> Result:
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def code_of(result: Result) -> str:
    assert isinstance(result.exception, SeqTwinError), result.output
    return result.exception.code


@pytest.mark.parametrize("command", ["dedupe", "link", "encode", "index"])
def test_a_folder_without_dask_is_refused_with_the_option(encoder: Path, tmp_path: Path, command: str) -> None:
    folder = tmp_path / "parts"
    folder.mkdir()
    functions = {"encode": encode_score_evaluate.encode, "index": index_search.index}
    function = functions.get(command) or getattr(dedupe_link, command)
    inputs = [folder, folder] if command == "link" else [folder]
    done = run(function, encoder, *inputs, "-o", tmp_path / "out.csv")
    assert code_of(done) == "CORPUS_FOLDER"
    assert "--dask" in str(done.exception)


def test_dedupe_review_decide_and_dedupe_again(encoder: Path, names: Path, tmp_path: Path) -> None:
    out, review = tmp_path / "clusters.csv", tmp_path / "review.csv"
    common = [encoder, names, "--column", "name"]
    done = run(dedupe_link.dedupe, *common, "--threshold", 0.99, "-o", out, "--review", review, "--json")
    assert done.exit_code == 0, done.output
    facts = json.loads(done.stdout)
    table = pd.read_csv(out)
    assert (facts["rows"], facts["written"]) == (9, [str(out), str(review)])
    assert table["id"].tolist() == list(range(9))
    assert table["cluster"][0] == table["cluster"][3]
    assert facts["clusters"] == (table.groupby("cluster").size() > 1).sum()
    decided = pd.read_csv(review, encoding="utf-8-sig")
    apart = decided["joined"] == "no"
    assert apart.any()
    decided["decision"] = apart.map({True: "same", False: ""})
    decided.to_csv(review, index=False)
    again = run(dedupe_link.dedupe, *common, "--threshold", 2, "--decisions", review, "-o", tmp_path / "two.csv")
    assert again.exit_code == 0, again.output
    cluster = dict(zip(WORDS, pd.read_csv(tmp_path / "two.csv")["cluster"], strict=True))
    assert all(cluster[a] == cluster[b] for a, b in decided.loc[apart, ["left", "right"]].to_numpy())


def test_link_writes_every_row(encoder: Path, names: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("cafe\nfed\n", encoding="utf-8")
    out = tmp_path / "links.csv"
    done = run(dedupe_link.link, encoder, names, other, "--left-column", "name", "--one-to-one", "-o", out, "--json")
    assert done.exit_code == 0, done.output
    table = pd.read_csv(out)
    assert table["left"].tolist() == WORDS
    assert table["right_row"].dropna().is_unique
    assert json.loads(done.stdout)["matched"] == table["right_row"].notna().sum()
    assert table["right"][0] == "cafe"
    assert (
        run(dedupe_link.link, encoder, names, other, "--left-column", "name", "-o", tmp_path / "l.csv").exit_code == 0
    )


def test_what_is_mined_can_be_trained_on(encoder: Path, tmp_path: Path) -> None:
    pairs = tiny.write_pairs(tmp_path / "data", (200, 8, 8)) / "train.csv"
    out, suspects = tmp_path / "harder.csv", tmp_path / "suspects.csv"
    done = run(mine, encoder, pairs, "-o", out, "--suspects", suspects, "--margin", 0.5, "--json")
    assert done.exit_code == 0, done.output
    facts, table = json.loads(done.stdout), pd.read_csv(out)
    assert table["label"].value_counts().to_dict() == {1: facts["positives"], 0: facts["negatives"]}
    assert facts["negatives"] > 0
    found = inspect_data(out)
    assert (found.kind, found.rows, found.duplicates) == ("pairs", len(table), 0)
    assert len(pd.read_csv(suspects)) == facts["suspects"]


def test_results_never_overwrite(encoder: Path, names: Path, tmp_path: Path) -> None:
    taken, free = tmp_path / "taken.csv", tmp_path / "free.csv"
    taken.write_text("mine", encoding="utf-8")
    for result in (
        run(dedupe_link.dedupe, encoder, names, "--column", "name", "-o", free, "--review", taken),
        run(dedupe_link.link, encoder, names, names, "-o", taken),
        run(mine, encoder, names, "-o", free, "--suspects", taken),
    ):
        assert code_of(result) == "OUT_EXISTS"
    assert code_of(run(dedupe_link.dedupe, encoder, names, "-o", free, "--review", free)) == "OUT_TWICE"
    assert taken.read_text(encoding="utf-8") == "mine"
    assert not free.exists()


def test_bad_input_is_one_error(encoder: Path, names: Path, tmp_path: Path) -> None:
    assert code_of(run(dedupe_link.dedupe, encoder, names)) == "MATCH_COLUMN"
    assert code_of(run(dedupe_link.dedupe, tmp_path / "none", names, "--column", "name")) == "NO_ENCODER"
    assert code_of(run(dedupe_link.link, encoder, names, names, "-o", tmp_path / "x.csv", "--left-column", "q")) == (
        "DATA_COLUMN"
    )


def test_a_lump_and_strangers_are_told(encoder: Path, tmp_path: Path) -> None:
    many, review = tmp_path / "many.txt", tmp_path / "review.csv"
    texts = [left for left, _, _ in tiny.drawn_pairs(300, 5)]
    many.write_text("\n".join(texts) + "\n", encoding="utf-8")
    review.write_text("left,right,decision\nno,where,same\n", encoding="utf-8")
    done = run(dedupe_link.dedupe, encoder, many, "--threshold", -1, "--decisions", review)
    assert done.exit_code == 0, done.output
    assert "--threshold" in done.stderr
    assert "not in the list: 1" in done.stderr


@pytest.mark.parametrize("command", [dedupe_link.dedupe, dedupe_link.link, mine])
def test_help_ends_in_an_example(command: Any) -> None:
    last = (command.__doc__ or "").strip().splitlines()[-1].strip()
    assert last.startswith(f"seqtwin {command.__name__} ")


def test_after_an_interruption_between_two_outputs_the_command_goes_on(
    encoder: Path, tmp_path: Path, monkeypatch: Any
) -> None:
    (tmp_path / "names.txt").write_text("abcd\nabba\ncafe\nface\n", encoding="utf-8")
    out, review = tmp_path / "clusters.csv", tmp_path / "review.csv"
    typed = (dedupe_link.dedupe, encoder, tmp_path / "names.txt", "--threshold", "0.5", "-o", out, "--review", review)
    assert run(*typed).exit_code == 0
    expected = out.read_bytes(), review.read_bytes()
    publish = output_groups.files.publish_text

    def stop(path: Path, text: str) -> None:
        if path == review:
            raise KeyboardInterrupt
        publish(path, text)

    def interrupt() -> None:
        out.unlink()
        review.unlink()
        with monkeypatch.context() as patched:
            patched.setattr(output_groups.files, "publish_text", stop)
            run(*typed)
        assert (out.read_bytes(), review.exists()) == (expected[0], False)

    interrupt()
    assert run(*typed).exit_code == 0
    assert (out.read_bytes(), review.read_bytes()) == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["clusters.csv", "names.txt", "review.csv"]
    assert code_of(run(*typed)) == "OUT_EXISTS", "what is finished is not replaced"
    interrupt()
    out.write_text("mine", encoding="utf-8")
    assert code_of(run(*typed)) == "OUT_EXISTS", "nor what was changed since"
    assert out.read_text() == "mine"
