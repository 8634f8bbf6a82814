"""`init` for data without labels, with one kind of label, and with classes: each config trains as it was written."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from seqtwin import cli
from seqtwin.cli.entry.starter import read_starter
from seqtwin.data.inspect_file import NO_OPTIONS

NAMES = [
    f"{a} {b}"
    for a in ("amber", "cedar", "brass", "linen", "marble", "velvet")
    for b in ("lamp", "table", "chair", "vase", "rug")
]
SWAPPED = [f"{name[1]}{name[0]}{name[2:]}" for name in NAMES]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: Any) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(monkeypatch: Any, capsys: Any, *arguments: str) -> tuple[int, str, str]:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def table(name: str, head: str, rows: list[str]) -> None:
    Path(name).write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")


def write(kind: str) -> None:
    both = [f"{a},{b}" for a, b in zip(NAMES, SWAPPED, strict=True)]
    table("list.txt", NAMES[0], NAMES[1:])
    table("column.csv", "name", NAMES)
    table("named.csv", "id,name", [f"{n},{name}" for n, name in enumerate(NAMES)])
    table("same.csv", "left,right,label", [f"{pair},1" for pair in both])
    table("words.csv", "left,right,label", [f"{pair},yes" for pair in both])
    table("bare.csv", "left,right", both)
    table("classes.csv", "text,label", [f"{name},{'hard' if name < 'd' else 'soft'}" for name in NAMES])
    assert Path(kind).exists()


# arguments of init, what the config has, and a part of what is printed
SUGGESTIONS: dict[str, tuple[list[str], dict[str, Any], str]] = {
    "a list": (["list.txt"], {"loss": "mse"}, "a list of 30 texts without labels"),
    "a table with one column": (
        ["column.csv"],
        {"loss": "mse"},
        "then: seqtwin dedupe runs/c column.csv -o clusters.csv",
    ),
    "a column by name": (["named.csv", "--text", "name"], {"loss": "mse"}, "dedupe runs/c named.csv --column name"),
    "same pairs": (["same.csv"], {"loss": "in_batch"}, "30 random different pairs were added"),
    "same pairs in words": (["words.csv"], {"loss": "in_batch"}, "yes = same (30 rows)"),
    "pairs without labels": (["bare.csv", "--all-same"], {"loss": "in_batch"}, "all 30 pairs are labelled as the same"),
    "classes, as pairs": (["classes.csv"], {"loss": "mse"}, "seqtwin init classes.csv --classify"),
    "classes": (
        ["classes.csv", "--classify"],
        {"objective": {"name": "classify", "dropout": 0.5}},
        "seqtwin train c.yaml",
    ),
}


@pytest.mark.parametrize("kind", SUGGESTIONS)
def test_each_suggestion_trains_as_it_was_written(folder: Path, monkeypatch: Any, capsys: Any, kind: str) -> None:
    arguments, expected, printed = SUGGESTIONS[kind]
    write(arguments[0])
    code, out, err = run(monkeypatch, capsys, "init", *arguments, "-o", "c.yaml")
    assert (code, err) == (0, "")
    assert printed in out
    config = yaml.safe_load(Path("c.yaml").read_text(encoding="utf-8"))
    assert {key: config[key] for key in expected} == expected
    code, out, err = run(monkeypatch, capsys, "train", "c.yaml", "fit.epochs=1", "--out", "runs/c", "--json")
    assert code == 0, out + err
    assert json.loads(out)["scores"]["test"], "the test split has scores"


def test_an_encoder_of_a_list_has_a_threshold_and_dedupes_the_list(folder: Path, monkeypatch: Any, capsys: Any) -> None:
    write("list.txt")
    assert run(monkeypatch, capsys, "init", "list.txt", "-o", "c.yaml")[0] == 0
    assert run(monkeypatch, capsys, "train", "c.yaml", "fit.epochs=1", "--out", "runs/c")[0] == 0
    code, _, err = run(monkeypatch, capsys, "dedupe", "runs/c", "list.txt", "-o", "clusters.csv")
    assert code == 0, err
    assert Path("clusters.csv").exists()


def test_what_does_not_suit_is_refused(folder: Path, monkeypatch: Any, capsys: Any) -> None:
    write("bare.csv")
    for arguments, code, words in (
        (["bare.csv"], 2, "if all pairs are the same: seqtwin init --all-same"),
        (["same.csv", "--all-same"], 2, "column 'label' has labels, but --all-same"),
        (["column.csv", "--all-same"], 2, "there are no two columns of texts"),
    ):
        found, _, err = run(monkeypatch, capsys, "init", *arguments, "-o", "c.yaml")
        assert (found, words in err) == (code, True), err
    assert not Path("c.yaml").exists()
    assert not Path("c.pairs.jsonl").exists()


def test_made_pairs_are_never_overwritten(folder: Path, monkeypatch: Any, capsys: Any) -> None:
    write("list.txt")
    Path("c.pairs.jsonl").write_text("mine", encoding="utf-8")
    assert run(monkeypatch, capsys, "init", "list.txt", "-o", "c.yaml")[0] == 2
    assert Path("c.pairs.jsonl").read_text(encoding="utf-8") == "mine"


def counted(name: str) -> tuple[int, int, int]:
    """In the config that `init` wrote: the training rows in both comments, and the steps."""
    text = Path(name).read_text(encoding="utf-8")
    width = re.search(r"# for ([\d,]+) training", text)
    passes = re.search(r"# passes over ([\d,]+) \w+: ([\d,]+) steps", text)
    assert width is not None, text
    assert passes is not None, text
    rows, again, steps = (int(number.replace(",", "")) for number in (width[1], *passes.groups()))
    return rows, again, steps


def test_epochs_and_comments_come_from_the_rows_that_there_are(folder: Path, monkeypatch: Any, capsys: Any) -> None:
    few = [f"{name} {n},{n % 4}" for n, name in enumerate(NAMES * 2)]
    table("few.csv", "text,label", [*few, *few[:9]])  # repeated texts are left out, and are never in two splits
    table("list.txt", NAMES[0], NAMES[1:])
    series = [f"s{n},{t},{n + t},{n % 2}" for n in range(33) for t in range(2)]
    table("series.csv", "series_id,t,ch0,label", series)
    words = [f"s{n // 3},w{n % 7},T{n % 2}" for n in range(100)]
    table("words.csv", "sent_id,token,upos", words)
    for number, arguments in enumerate(
        (
            ["few.csv"],
            ["few.csv", "--classify"],
            ["list.txt"],
            ["series.csv"],
            ["series.csv", "--classify"],
            ["words.csv"],
        )
    ):
        code, out, err = run(monkeypatch, capsys, "init", *arguments, "-o", f"{number}.yaml")
        assert code == 0, err
        printed = re.search(r"^train ([\d,]+) ", out, re.MULTILINE)
        assert printed is not None, out
        there = int(printed[1].replace(",", ""))
        config = yaml.safe_load(Path(f"{number}.yaml").read_text(encoding="utf-8"))["fit"]
        steps = config["epochs"] * -(-there // config["batch"])
        assert counted(f"{number}.yaml") == (there, there, steps)
        assert steps >= 1000 or config["epochs"] == 500


def test_an_override_of_the_data_decides_the_epochs(folder: Path) -> None:
    table("few.csv", "text,label", [f"{name} {n},{n % 2}" for n, name in enumerate(NAMES * 4)])
    starter = read_starter(Path("few.csv"), NO_OPTIONS, ["data.pairs=200"], Path("runs/few"))
    assert "passes over 200 pairs" in starter.text
    assert starter.run.fit.epochs * -(-200 // starter.run.fit.batch) >= 1000


def test_texts_without_labels_get_the_options_that_name_their_columns(
    folder: Path, monkeypatch: Any, capsys: Any
) -> None:
    table("pos.csv", "en,de", [f"{a},{b}" for a, b in zip(NAMES, SWAPPED, strict=True)])
    code, _, err = run(monkeypatch, capsys, "init", "pos.csv")
    assert code == 2
    assert "--left en --right de --label NAME" in err
    assert "seqtwin init --left en --right de --all-same" in err
    code, _, err = run(monkeypatch, capsys, "init", "pos.csv", "--left", "en", "--right", "de", "--all-same")
    assert code == 0, err
    write("named.csv")
    code, _, err = run(monkeypatch, capsys, "init", "named.csv", "-o", "n.yaml")
    assert code == 2
    assert "seqtwin init --text name" in err
    for arguments in (["train", "my list.txt"], ["compare", "my list.txt"], ["check", "my list.txt"]):
        Path("my list.txt").write_text("\n".join(NAMES), encoding="utf-8")
        code, _, err = run(monkeypatch, capsys, *arguments)
        assert code == 2
        assert "remedy: make labelled pairs of it: seqtwin init 'my list.txt'" in err
