"""Paths on the command line: `~`, empty paths, names that are too long, and outputs that are inputs."""

import json
import sys
from inspect import signature
from pathlib import Path
from typing import Any

import pytest

import seqtwin
import tiny
from seqtwin import cli
from seqtwin.cli.entry.force import moved_aside
from seqtwin.cli.entry.typed_paths import is_output, is_path, read_output, read_path
from seqtwin.errors import ConfigError
from seqtwin.files import publish_text, refuse_existing
from seqtwin.inference.encode_files import encode_file, score_file
from seqtwin.inference.onnx_encoder import load_onnx
from seqtwin.inference.resumable_file import publish_growing
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.interop.web_folder import export_web
from seqtwin.matching.decisions import read_decisions
from seqtwin.matching.labelled_list import read_labelled_list
from seqtwin.matching.match_files import read_listed
from seqtwin.serve.open_folder import open_folder
from seqtwin.verify import verify_folder

PATHS = [
    (name, parameter)
    for name, command in cli.COMMANDS.items()
    for parameter in signature(command).parameters.values()
    if is_path(parameter)
]
OUTPUTS = [(name, f"--{parameter.name}") for name, parameter in PATHS if is_output(parameter)]
SMALL = ["encoder.embedding=3", "encoder.hidden=4", "fit.epochs=1"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: Any) -> Path:
    """The current folder, with a table of pairs, next to the home folder."""
    (tmp_path / "home").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path / "here")
    lines = [f"{left},{right},{label}" for left, right, label in tiny.drawn_pairs(96, 0)]
    Path("pairs.csv").write_text("\n".join(["left,right,label", *lines, ""]), encoding="utf-8")
    return tmp_path / "here"


def run(monkeypatch: Any, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def arguments_of(command: str, place: Path) -> list[str]:
    """The inputs that a command cannot do without; they exist."""
    parameters = [one for name, one in PATHS if name == command and not is_output(one)]
    needed = [one for one in parameters if one.default is one.empty]
    return [*[str(place) for _ in needed], *(["--to", "onnx"] if command == "export" else [])]


def test_the_outputs_are_known() -> None:
    commands = {name for name, _ in OUTPUTS}
    assert commands == {*cli.WRITES, "compare", "report", "status", "explain", "index"}
    assert {option for _, option in OUTPUTS} == {"--out", "--review", "--sample", "--suspects", "--html", "--page"}


@pytest.mark.parametrize(("command", "option"), OUTPUTS)
@pytest.mark.parametrize(("typed", "code"), [("", "PATH_EMPTY"), ("y" * 251, "BAD_NAME"), ("y" * 300, "BAD_NAME")])
def test_every_output_needs_a_name(
    monkeypatch: Any, capsys: Any, here: Path, command: str, option: str, typed: str, code: str
) -> None:
    assert run(monkeypatch, command, *arguments_of(command, here / "pairs.csv"), f"{option}={typed}") == 2
    printed = capsys.readouterr().err
    assert (printed.startswith("error: "), f"[{code}]" in printed) == (True, True)
    assert len(printed.splitlines()) == 2  # the error and its remedy
    assert [path.name for path in here.iterdir()] == ["pairs.csv"]


def test_an_empty_input_is_not_the_current_folder() -> None:
    with pytest.raises(ConfigError, match="empty"):
        read_path("", "ENCODER")


def test_a_home_folder_and_variables_are_expanded(here: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("PLACE", "somewhere")
    assert read_path("~/a", "--out") == here.parent / "home" / "a"
    assert read_path("${PLACE}/a", "--out") == Path("somewhere/a")
    assert read_path("a~/b", "--out") == Path("a~/b")


def test_an_output_always_has_a_name(here: Path) -> None:
    assert read_output(".", "--out", is_folder=True) == here
    assert read_output("..", "--out", is_folder=True) == here.parent
    with pytest.raises(ConfigError, match="cannot be an output"):
        read_output("/", "--out", is_folder=True)


def test_training_and_encoding_agree_about_the_home_folder(here: Path, monkeypatch: Any, capsys: Any) -> None:
    home = here.parent / "home"
    assert run(monkeypatch, "train", "pairs.csv", *SMALL, "--out=~/run1") == 0, capsys.readouterr().err
    assert {"run1", "run1.yaml"} <= {path.name for path in home.iterdir()}
    assert run(monkeypatch, "score", "~/run1", "pairs.csv", "--out=~/scores.csv") == 0, capsys.readouterr().err
    assert (home / "scores.csv").exists()
    assert not (here / "~").exists()
    assert seqtwin.load("~/run1").fingerprint == seqtwin.load(home / "run1").fingerprint
    frame = seqtwin.evaluate("~/run1", "pairs.csv")
    assert frame.equals(seqtwin.evaluate(home / "run1", here / "pairs.csv"))


def test_every_python_function_expands_the_home_folder(here: Path, monkeypatch: Any) -> None:
    home = here.parent / "home"
    tiny.saved_encoder(home / "encoder")
    encoder, texts = seqtwin.load("~/encoder"), ["abcd", "abba", "cafe"]
    (home / "names.csv").write_text("name\nabcd\nabba\ncafe\n", encoding="utf-8")
    (home / "pairs.csv").write_text("left,right,label\nabcd,abba,1\ncafe,abba,0\n", encoding="utf-8")
    (home / "review.csv").write_text("left,right,decision\nabcd,abba,same\n", encoding="utf-8")
    assert encode_file(encoder, "~/names.csv", "~/v.npy", column="name") == 3
    assert score_file(encoder, "~/pairs.csv", "~/s.csv") == 2
    assert load_onnx(export_onnx(encoder, "~/onnx")).dim == encoder.dim
    assert load_onnx("~/onnx").dim == encoder.dim
    assert export_web(encoder, "~/web", texts) == home / "web"
    assert verify_folder("~/encoder").kind == verify_folder(home / "encoder").kind
    assert read_listed("~/names.csv").texts == texts
    assert len(read_decisions("~/review.csv")) == 1
    assert read_labelled_list("~/pairs.csv", 0.5).same == [True, False]
    assert open_folder("~/encoder").encoder.dim == encoder.dim
    seqtwin.Index.build(encoder, texts).save("~/index", encoder_at="~/encoder")
    assert len(seqtwin.Index.load("~/index")) == 3
    assert encoder.map(texts * 4).save("~/map.html") == home / "map.html"
    assert not (here / "~").exists()


@pytest.mark.parametrize("name", ["-x", "-", " ", "a\nb", "y" * 201, "y" * 240, "y" * 251])
def test_a_bad_name_of_a_run_leaves_no_file(here: Path, monkeypatch: Any, capsys: Any, name: str) -> None:
    assert run(monkeypatch, "train", "pairs.csv", *SMALL, f"--out={name}") == 2
    printed = capsys.readouterr().err
    assert "[BAD_NAME]" in printed
    assert len(printed.splitlines()) == 2
    with pytest.raises(ConfigError, match="folder name"):
        seqtwin.train("pairs.csv", name, settings={"fit.epochs": 1})
    assert [path.name for path in here.iterdir()] == ["pairs.csv"]


def test_the_longest_names_can_be_written(tmp_path: Path) -> None:
    longest, longer = tmp_path / ("y" * 230), tmp_path / ("y" * 231)
    publish_text(longest, "a")
    assert longest.read_text() == "a"
    with pytest.raises(ConfigError, match="file name has 231 bytes; expected at most 230"):
        publish_text(longer, "a")
    with pytest.raises(ConfigError, match="file name has 231 bytes"), publish_growing(longer, {}, resume=False):
        pass
    assert list(tmp_path.iterdir()) == [longest]


OVERWRITING = [
    ("init", "pairs.csv", "-o", "pairs.csv"),
    ("encode", "m1", "pairs.csv", "--column", "left", "-o", "pairs.csv"),
    ("score", "m1", "pairs.csv", "-o", "../here/pairs.csv"),
    ("mine", "m1", "pairs.csv", "-o", "new.csv", "--suspects", "pairs.csv"),
    ("link", "m1", "pairs.csv", "pairs.csv", "-o", "pairs.csv"),
    ("dedupe", "m1", "pairs.csv", "--labels", "s.csv", "-o", "s.csv"),
    ("dedupe", "m1", "pairs.csv", "--decisions", "s.csv", "--review", "s.csv"),
    ("train", "pairs.csv", "--out", "pairs.csv"),
    ("train", "run.yaml", "--out", "sets"),
    ("train", "run.yaml", "--out", "sets/more"),
    ("train", "run.yaml", "data.train=other/a.csv", "--out", "other"),
    ("train", "pairs.csv", "encoder.from=m1", "--out", "m1"),
    ("anatomy", "run.yaml", "--html", "sets/train.csv"),
    ("export", "m1", "--to", "onnx", "-o", "m1"),
    ("export", "m1", "--to", "onnx", "-o", "m1/encoder"),
    ("export", "m1", "--to", "onnx", "-o", "."),
    ("export", "m1", "--to", "onnx", "-o", ".."),
]


@pytest.mark.parametrize("typed", OVERWRITING, ids=" ".join)
def test_an_input_is_never_moved_for_an_output(here: Path, monkeypatch: Any, capsys: Any, typed: tuple[str]) -> None:
    tiny.saved_encoder(here / "m1" / "encoder")
    (here / "s.csv").write_text("left,right,decision\n", encoding="utf-8")
    for name in ("sets/train.csv", "sets/more/more.csv", "other/a.csv"):
        (here / name).parent.mkdir(parents=True, exist_ok=True)
        (here / name).write_bytes((here / "pairs.csv").read_bytes())
    data = {"train": "sets/train.csv", "more": ["sets/more/more.csv"], "test": "pairs.csv", "label": "label"}
    (here / "run.yaml").write_text(json.dumps({"data": data, "fit": {"epochs": 1}}), encoding="utf-8")
    before = sorted(path.relative_to(here.parent) for path in here.parent.rglob("*"))
    assert run(monkeypatch, *typed, "--force") == 2
    printed = capsys.readouterr().err
    assert "[OUT_IS_INPUT]" in printed
    assert len(printed.splitlines()) == 2
    assert sorted(path.relative_to(here.parent) for path in here.parent.rglob("*")) == before


def test_an_output_that_contains_the_current_folder_is_refused(here: Path) -> None:
    with pytest.raises(ConfigError, match="contains the current folder"), moved_aside(True):
        refuse_existing(here.parent)
    assert here.exists()


def test_an_output_in_a_folder_of_inputs_can_be_replaced(here: Path) -> None:
    (here / "old").mkdir()
    with moved_aside(True, [here]):
        refuse_existing(here / "old")
    assert (here / ".retired").exists()
