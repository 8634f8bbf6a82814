"""Every command that reads a data file first prints a summary: rows, columns, labels or scale, splits."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import tiny
from seqtwin import cli

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(monkeypatch: Any, capsys: Any, tmp_path: Path) -> Run:
    """Exit code, stdout and stderr of a command, called in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        return (int(caught.value.code or 0), *capsys.readouterr())

    return command


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("encoder") / "encoder")


def pairs(folder: Path, head: str = "pair_id,name_1,name_2,label", count: int = 80) -> Path:
    rows = [f"P-{n},{left},{right},{label}" for n, (left, right, label) in enumerate(tiny.drawn_pairs(count, 0))]
    path = folder / "pairs.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


SIDES = "80 rows; left = name_1, right = name_2, label = label; not used: pair_id"
SMALL = ("encoder.hidden=6", "encoder.embedding=6", "fit.epochs=1")


def test_init_and_check_say_it_on_stdout(run: Run, tmp_path: Path) -> None:
    for command in (("check", pairs(tmp_path)), ("init", pairs(tmp_path), "-o", "c.yaml")):
        code, said, _ = run(*command)
        assert code == 0
        for words in (SIDES, "1 = same", "0 = different", "train ", "note: split 70% / 15% / 15%"):
            assert words in said, (command[0], words)
    assert yaml.safe_load(Path("c.yaml").read_text(encoding="utf-8"))["data"]["left"] == "name_1"


def test_init_writes_a_config_for_classes_where_there_are_classes(run: Run, tmp_path: Path) -> None:
    code, _, said = run("init", pairs(tmp_path), "--classify", "-o", "c.yaml")
    assert code == 2
    assert "expected texts or series with a class, found pairs of texts" in said
    assert not Path("c.yaml").exists()
    rows = "".join(f"the {'east' if n % 2 else 'west'} gate of town {n},{'ew'[n % 2]}\n" for n in range(60))
    (tmp_path / "texts.csv").write_text("text,label\n" + rows, encoding="utf-8")
    assert run("init", "texts.csv", "--classify", "-o", "c.yaml")[0] == 0
    assert yaml.safe_load(Path("c.yaml").read_text(encoding="utf-8"))["objective"]["name"] == "classify"
    assert run("train", "c.yaml", "fit.epochs=1", "encoder.hidden=6", "encoder.embedding=6", "--out", "run")[0] == 0


def test_train_and_compare_say_it_before_they_begin(run: Run, tmp_path: Path, monkeypatch: Any) -> None:
    code, said, noted = run("train", pairs(tmp_path), *SMALL, "--out", "run")
    assert code == 0
    assert noted.index(SIDES) < noted.index("train ") < noted.index("config used: ")
    assert SIDES not in said, "stdout has the result alone"
    from seqtwin import api

    monkeypatch.setattr(api, "compare", lambda *_args, **_named: pytest.fail("printed before any training"))
    with pytest.raises(pytest.fail.Exception):
        run("compare", tmp_path / "pairs.csv", *SMALL, "--out", "study")


def test_a_config_says_the_same(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    data = {"file": str(pairs(tmp_path)), "left": "name_1", "right": "name_2", "label": "label"}
    path.write_text(yaml.safe_dump(tiny.raw_run(tmp_path, fit={"epochs": 1}) | {"data": data}), encoding="utf-8")
    code, _, noted = run("train", path, "--out", "run")
    assert code == 0
    assert "pairs.csv: 80 rows; left = name_1, right = name_2, label = label" in noted


@pytest.mark.parametrize("command", ["evaluate", "probe", "mine"])
def test_commands_of_an_encoder_say_it(command: str, run: Run, tmp_path: Path, encoder: Path) -> None:
    out = ["-o", "mined.csv"] if command == "mine" else []
    code, _, noted = run(command, encoder, pairs(tmp_path), *out)
    assert code == 0
    assert SIDES in noted


@pytest.mark.parametrize("command", ["init", "check", "train", "compare", "evaluate", "probe", "mine"])
def test_every_such_command_takes_the_columns(command: str, run: Run) -> None:
    _, said, _ = run(command, "--help")
    assert all(option in said for option in ("--left", "--right", "--label", "--labels", "--text", "--scale"))


@pytest.mark.parametrize("command", ["check", "train", "evaluate", "probe", "mine", "init"])
def test_what_is_unclear_is_refused_with_its_candidates_and_a_choice_is_taken(
    command: str, run: Run, tmp_path: Path, encoder: Path
) -> None:
    path = tmp_path / "pairs.csv"
    rows = [f"{a},brand {a},{b},brand {b},{label}" for a, b, label in tiny.drawn_pairs(80, 0)]
    path.write_text("title_l,brand_l,title_r,brand_r,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    before = [encoder] if command in ("evaluate", "probe", "mine") else []
    after = {"mine": ["-o", "m.csv"], "init": ["-o", "c.yaml"], "train": [*SMALL, "--out", "run"]}.get(command, [])
    code, _, noted = run(command, *before, path, *after)
    assert code == 2
    assert "title_l + title_r; brand_l + brand_r" in noted
    assert not (tmp_path / "run").exists()
    code, said, noted = run(command, *before, path, *after, "--left", "title_l,brand_l", "--right", "title_r,brand_r")
    assert code == 0, noted
    assert "left = title_l + brand_l, right = title_r + brand_r" in said + noted


def test_labels_of_ones_own_are_said_on_the_command_line(run: Run, tmp_path: Path) -> None:
    path = pairs(tmp_path)
    path.write_text(path.read_text().replace(",1\n", ",dup\n").replace(",0\n", ",other\n"), encoding="utf-8")
    code, _, noted = run("check", path)
    assert code == 2
    assert "unknown label words 'dup', 'other'" in noted
    assert "--labels" in noted
    for said_so in ("data.labels={dup: 1, other: 0}", "--labels=dup=1,other=0"):
        code, said, _ = run("check", path, said_so)
        assert code == 0
        assert "dup = same" in said
    code, _, noted = run("train", path, "data.labels={dup: 1, other: 0}", *SMALL, "--out", "run")
    assert code == 0, noted


def test_options_for_data_are_refused_beside_a_config(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(yaml.safe_dump(tiny.raw_run(tiny.write_pairs(tmp_path / "data"))), encoding="utf-8")
    for option in (("--left", "left"), ("--scale", "0", "5")):
        code, _, noted = run("check", path, *option)
        assert code == 2
        assert "for data files" in noted


def test_check_refuses_what_train_refuses(run: Run, tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data")
    bad = (folder / "dev.csv").read_text(encoding="utf-8").replace("left", "lfet", 1)
    (folder / "dev.csv").write_text(bad, encoding="utf-8")
    answers = [run("check", folder), run("train", folder, *SMALL, "--out", "run")]
    assert [code for code, *_ in answers] == [2, 2]
    assert answers[0][2] == answers[1][2]
    assert "dev.csv" in answers[0][2]


@pytest.mark.parametrize(
    ("only", "word", "effect"),
    [(1, "the same", "only losses such as in_batch and triplet"), (0, "different", "there is nothing to learn")],
)
def test_one_class_is_refused_by_check_and_by_train(
    only: int, word: str, effect: str, run: Run, tmp_path: Path
) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": only})
    code, said, noted = run("check", folder, "loss=mse")
    assert code == 2
    assert f"training pairs are {word.removeprefix('the ')}" in noted
    assert f"note: all pairs of train are {word}: {effect}" in said
    code, _, noted = run("train", folder, *SMALL, "loss=mse", "--out", "run")
    assert code == 2
    assert f"training pairs are {word.removeprefix('the ')}" in noted
    assert not (tmp_path / "run").exists()


def test_same_pairs_only_are_trained_with_in_batch_and_judged_on_the_files_as_they_are(
    run: Run, tmp_path: Path
) -> None:
    folder = tiny.write_pairs(tmp_path / "data", only={"train": 1})
    code, _, noted = run("train", folder, *SMALL, "--out", "run")
    assert code == 0
    assert "random different pairs" not in noted
    kept = yaml.safe_load((tmp_path / "run.yaml").read_text(encoding="utf-8"))
    assert (kept["loss"], kept["data"].get("negatives")) == ("in_batch", None)


def test_a_split_of_one_class_has_no_perfect_scores(run: Run, tmp_path: Path) -> None:
    code, said, noted = run("train", tiny.write_pairs(tmp_path / "data", only={"test": 1}), *SMALL, "--out", "run")
    assert code == 0
    assert "all pairs of test are the same: metrics of two classes are undefined" in noted
    assert "accuracy " not in said.split("undefined")[0]
    assert "only one class is present: all pairs are same" in said


def test_few_pairs_of_a_kind_are_said(run: Run, tmp_path: Path) -> None:
    _, said, _ = run("check", tiny.write_pairs(tmp_path / "data", (96, 40, 8)))
    assert "The metrics rest on very few pairs" in said


def test_an_encoder_to_start_from_decides_the_shape(run: Run, tmp_path: Path) -> None:
    folder = tiny.write_pairs(tmp_path / "data")
    assert run("train", folder, "encoder.hidden=7", "encoder.embedding=5", "fit.epochs=1", "--out", "first")[0] == 0
    code, _, noted = run("train", folder, "encoder.from=first", "loss=contrastive", "fit.epochs=1", "--out", "second")
    assert code == 0, noted
    kept = yaml.safe_load(Path("second.yaml").read_text(encoding="utf-8"))
    assert (kept["encoder"]["hidden"], kept["encoder"]["embedding"], kept["loss"]) == (7, 5, "contrastive")
    assert run("check", "second.yaml")[0] == 0


LISTS = {
    "dedupe": ["names.csv", "--column", "title,brand"],
    "encode": ["names.csv", "--column", "title,brand", "-o", "v.npy"],
    "index": ["names.csv", "--column", "title,brand", "-o", "index"],
}


def names(folder: Path, count: int = 12) -> Path:
    rows = [f"{n},{left},{right}" for n, (left, right, _) in enumerate(tiny.drawn_pairs(count, 0))]
    (folder / "names.csv").write_text("id,title,brand\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return folder / "names.csv"


@pytest.mark.parametrize("command", ["dedupe", "encode", "index"])
def test_lists_say_which_columns_are_their_texts(command: str, run: Run, tmp_path: Path, encoder: Path) -> None:
    names(tmp_path)
    threshold = ["--threshold", "0.5"] if command == "dedupe" else []
    code, _, noted = run(command, encoder, *LISTS[command], *threshold)
    assert code == 0, noted
    assert noted.startswith("names.csv: 12 rows; text = title")
    assert "brand" in noted.splitlines()[0]


def test_link_says_both_lists(run: Run, tmp_path: Path, encoder: Path) -> None:
    names(tmp_path)
    sides = ["--left", "title", "--right", "brand", "--threshold", "0.5"]
    code, _, noted = run("link", encoder, "names.csv", "names.csv", *sides, "-o", "links.csv")
    assert code == 0, noted
    assert noted.splitlines()[:2] == [
        "names.csv: 12 rows; text = title; not used: id, brand",
        "names.csv: 12 rows; text = brand; not used: id, title",
    ]


def test_score_finds_its_sides_and_says_them(run: Run, tmp_path: Path, encoder: Path) -> None:
    path = pairs(tmp_path)
    code, _, noted = run("score", encoder, path, "-o", "scores.csv")
    assert code == 0, noted
    assert noted.startswith("pairs.csv: 80 rows; left = name_1, right = name_2; not used: pair_id, label")
    path.write_text("x,y,z\n1,2,3\n", encoding="utf-8")
    code, _, noted = run("score", encoder, path, "-o", "more.csv")
    assert code == 2
    assert "cannot determine the two columns to compare among: x, y, z" in noted


def test_joined_columns_are_one_text_for_every_command(run: Run, tmp_path: Path, encoder: Path) -> None:
    from seqtwin.inference.load import load

    names(tmp_path)
    assert run("encode", encoder, "names.csv", "--column", "title,brand", "-o", "v.npy")[0] == 0
    texts = [f"{left} {right}" for left, right, _ in tiny.drawn_pairs(12, 0)]
    np.testing.assert_allclose(np.load("v.npy"), load(encoder).encode(texts), atol=1e-6)


@pytest.mark.parametrize("command", ["encode", "score", "dedupe", "evaluate"])
def test_the_meaning_of_quotes_is_said_and_can_be_told(command: str, run: Run, tmp_path: Path, encoder: Path) -> None:
    rows = [f'"{a}" x\t{b}\t{label}' for a, b, label in tiny.drawn_pairs(40, 0)]
    (tmp_path / "p.tsv").write_text("left\tright\tlabel\n" + "\n".join(rows) + "\n", encoding="utf-8")
    more = {"encode": ["--column", "left", "-o", "v.npy"], "score": ["-o", "s.csv"]}
    more["dedupe"] = ["--column", "left", "--threshold", "0.9"]
    code, _, noted = run(command, encoder, "p.tsv", *more.get(command, []))
    assert code == 0, noted
    assert "quotes are ordinary characters in this .tsv (quoting: none)" in noted
    more |= {"encode": ["--column", "left", "-o", "w.npy"], "score": ["-o", "w.csv"]}
    code, _, noted = run(command, encoder, "p.tsv", *more.get(command, []), "--quoting", "none")
    assert code == 0, noted
    assert run(command, encoder, "p.tsv", *more.get(command, []), "--quoting", "maybe")[0] == 2


def test_an_option_comes_before_an_override_and_what_is_shown_is_what_is_trained(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pairs.csv"
    rows = [f"{a},{b},{label},{1 - label}" for a, b, label in tiny.drawn_pairs(80, 0)]
    path.write_text("left,right,gold,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, _, noted = run("train", path, "--label", "gold", "data.label=label", *SMALL, "--out", "run")
    assert code == 0, noted
    assert "label = gold; not used: label" in noted
    used, kept = (yaml.safe_load(Path(name).read_text(encoding="utf-8")) for name in ("run/config.yaml", "run.yaml"))
    assert (used["data"]["label"], kept["data"]["label"]) == ("gold", "gold")
    assert (kept["encoder"]["hidden"], kept["fit"]["epochs"]) == (6, 1), (
        "the config that is kept is the one that was used"
    )
    code, _, noted = run("train", path, "--label", "gold", "data.file=other.csv", "--out", "more")
    assert code == 2
    assert "names other data" in noted


@pytest.mark.parametrize(
    "override",
    ["loss=nope", "similarity=nope", "representation=nope", "encoder.cell=nope", "encoder.vectors=nope.txt",
     "data.labels=[1,0]", "data.labels={a: 0.5}", "data.scale=5", "data.left=5", "data.label=[label]", "data.cut=0",
     "data.negatives=1000"],
)  # fmt: skip
def test_check_and_train_refuse_the_same_overrides_and_leave_nothing(override: str, run: Run, tmp_path: Path) -> None:
    path = pairs(tmp_path)
    for command, more in (("check", []), ("train", ["--out", "run"])):
        code, _, noted = run(command, path, override, *more)
        assert code == 2, (command, noted)
        assert noted.splitlines()[-1]
    assert not (tmp_path / "run").exists()
    assert not (tmp_path / "run.yaml").exists()


def test_a_config_of_a_study_is_checked_part_by_part(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(
        yaml.safe_dump(tiny.raw_run(tiny.write_pairs(tmp_path / "data"), loss="nonsense")), encoding="utf-8"
    )
    code, _, noted = run("check", path)
    assert code == 2
    assert "nonsense" in noted


def test_a_config_of_a_run_is_checked_with_what_train_would_be_given(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump(tiny.raw_run(tiny.write_pairs(tmp_path / "data"))), encoding="utf-8")
    code, said, noted = run("check", config, "representation={name: join, parts: [mean_output, max_output]}")
    assert (code, said.splitlines()[-1]) == (0, "OK"), noted
    code, _, noted = run("check", config, "representation={name: join, parts: [mean_output, nonsense]}")
    assert code == 2
    assert "nonsense" in noted


def test_a_column_name_with_a_line_end_or_an_emoji_harms_nothing(run: Run, tmp_path: Path) -> None:
    rows = [f"{a},{b},{label},n" for a, b, label in tiny.drawn_pairs(80, 0)]
    head = 'left \U0001f600,right \U0001f600,label,"Notes\n(old)"'
    (tmp_path / "p.csv").write_text(head + "\n" + "\n".join(rows) + "\n", encoding="utf-8")
    code, _, noted = run("train", "p.csv", *SMALL, "--out", "run")
    assert code == 0, noted


def test_data_of_another_kind_is_refused_by_evaluate(run: Run, tmp_path: Path, encoder: Path) -> None:
    rows = "".join(f"s{i},w{t},N\n" for i in range(6) for t in range(3))
    (tmp_path / "words.csv").write_text(f"sent_id,token,upos\n{rows}", encoding="utf-8")
    code, _, noted = run("evaluate", encoder, "words.csv")
    assert code == 2
    assert "found steps" in noted


@pytest.mark.parametrize("command", ["evaluate", "mine", "probe"])
def test_rows_without_a_text_are_left_out_by_commands_of_an_encoder(
    command: str, run: Run, tmp_path: Path, encoder: Path
) -> None:
    path = pairs(tmp_path)
    path.write_text(path.read_text(encoding="utf-8") + "P-x, ,abc,1\n", encoding="utf-8")
    code, _, noted = run(command, encoder, path, *(["-o", "m.csv"] if command == "mine" else []))
    assert code == 0, noted
    assert "1 of 81 rows has an empty text and is left out" in noted
