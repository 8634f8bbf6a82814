"""What every command shares: help in groups, checks of the inputs before imports, --version, completion, --force."""

import io
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from seqtwin import cli
from seqtwin.cli import console
from seqtwin.cli.entry.force import moved_aside
from seqtwin.cli.entry.waiting import end_waiting, waiting
from seqtwin.errors import ConfigError
from seqtwin.files import publish_text, refuse_existing
from seqtwin.index.generations import CURRENT
from seqtwin.study.worker import Progress
from seqtwin.version import __version__

PAIRS = "left,right,score\nab,ab,1\nab,cd,0\n"


def run(monkeypatch: Any, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_every_command_has_one_heading() -> None:
    listed = [name for names in cli.GroupedCommands.groups.values() for name in names]
    assert sorted(listed) == sorted(command.name or "" for command in cli.app.registered_commands)


@pytest.mark.parametrize("columns", [60, 80, 100])
def test_help_never_cuts_a_sentence_and_shows_no_python_type(monkeypatch: Any, capsys: Any, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for name in ("", *cli.COMMANDS):
        assert run(monkeypatch, *[name] * bool(name), "--help") == 0
        lines = capsys.readouterr().out.splitlines()
        assert not [line for line in lines if len(line) > max(columns, 80) or re.search(r"\w\.\.\.$|<\w+", line)], name


def test_options_are_in_groups(monkeypatch: Any, capsys: Any) -> None:
    assert run(monkeypatch, "train", "--help") == 0
    sections = re.findall(r"^(\w[\w ]+):$", capsys.readouterr().out, re.M)
    assert sections == ["Arguments", "Columns and rows", "Output", "Options"]


def test_version(monkeypatch: Any, capsys: Any) -> None:
    assert run(monkeypatch, "--version") == 0
    assert capsys.readouterr().out == f"seqtwin {__version__}\n"


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_of_a_shell_names_commands_and_options(shell: str) -> None:
    code = "import sys; sys.argv = ['seqtwin']; from seqtwin.cli import main; main()"

    def completed(words: str) -> str:
        typed = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_TYPER_COMPLETE_ARGS": words}
        environment = {
            **os.environ,
            **typed,
            "_SEQTWIN_COMPLETE": f"complete_{shell}",
            "_TYPER_COMPLETE_FISH_ACTION": "get-args",
        }
        command = [sys.executable, "-c", code]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout

    assert "train" in completed("seqtwin tr")
    assert "compare" not in completed("seqtwin tr")
    assert "--resume" in completed("seqtwin train --re")


def inputs(folder: Path) -> dict[str, list[str]]:
    """A call of each command that has inputs, with the first one missing."""
    pairs = folder / "pairs.csv"
    pairs.write_text(PAIRS, encoding="utf-8")
    gone, there, out = str(folder / "gone"), str(pairs), str(folder / "out.csv")
    return {
        "init": [f"{gone}.csv"],
        "train": [f"{gone}.yaml"],
        "compare": [f"{gone}.csv"],
        "check": [f"{gone}.csv"],
        "report": [gone],
        "status": [gone],
        "explain": [gone],
        "probe": [gone, there],
        "anatomy": [gone, "text"],
        "fit-reranker": [gone, there],
        "evaluate": [gone, there],
        "predict": [gone, there, "-o", out],
        "encode": [gone, there, "-o", out],
        "score": [gone, there, "-o", out],
        "why": [gone, "a", "b"],
        "index": [gone, there, "-o", out],
        "search": [gone, "a"],
        "dedupe": [gone, there, "-o", out],
        "link": [gone, there, there, "-o", out],
        "mine": [gone, there, "-o", out],
        "serve": [gone],
        "export": [gone, "--to", "onnx", "-o", out],
        "verify": [gone],
    }


def test_a_missing_input_is_one_line_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    calls = inputs(tmp_path)
    assert set(calls) == set(cli.COMMANDS) - {"list", "schema"}
    code = f"""
import sys
from seqtwin import cli
for name, arguments in {calls!r}.items():
    sys.argv = ["seqtwin", name, *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        print(name, ended.code)
print("imported", sorted({{"torch", "pandas", "sklearn", "scipy"}} & set(sys.modules)))
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert found.stdout.splitlines() == [*(f"{name} 2" for name in calls), "imported []"]
    errors = [line for line in found.stderr.splitlines() if line.startswith("error: ")]
    assert len(errors) == len(calls)
    assert not [line for line in errors if str(tmp_path / "gone") not in line or "no such file" not in line]


def test_a_name_that_is_nearly_right_is_hinted_at(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    (tmp_path / "pairs.csv").write_text(PAIRS, encoding="utf-8")
    assert run(monkeypatch, "check", str(tmp_path / "pair.csv")) == 2
    assert "did you mean 'pairs.csv'?" in capsys.readouterr().err


@pytest.mark.parametrize("command", ["score", "encode", "evaluate", "dedupe", "mine", "probe", "index", "predict"])
def test_exchanged_arguments_get_a_hint(monkeypatch: Any, capsys: Any, tmp_path: Path, command: str) -> None:
    pairs, encoder = tmp_path / "pairs.csv", tmp_path / "run"
    pairs.write_text(PAIRS, encoding="utf-8")
    (encoder / "encoder").mkdir(parents=True)
    (encoder / "encoder" / "encoder.json").write_text("{}", encoding="utf-8")
    out = [] if command in {"evaluate", "probe"} else ["-o", str(tmp_path / "out.csv")]
    assert run(monkeypatch, command, str(pairs), str(encoder), *out) == 2
    assert f"[ARGUMENTS_EXCHANGED]\n  remedy: seqtwin {command} {encoder} {pairs} ..." in capsys.readouterr().err


def test_an_index_and_a_query_that_were_exchanged_get_a_hint(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    index = tmp_path / "index"
    index.mkdir()
    (index / CURRENT).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "search", "cedra table", "index", "oak lamp") == 2
    assert "remedy: seqtwin search index 'cedra table' 'oak lamp'" in capsys.readouterr().err
    assert run(monkeypatch, "search", "cedra table", "oak lamp") == 2
    assert "[NO_INDEX]" in capsys.readouterr().err


def test_an_encoder_is_no_index_and_an_index_no_encoder(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    index, encoder, pairs = tmp_path / "index", tmp_path / "my run", tmp_path / "pairs.csv"
    index.mkdir()
    (index / CURRENT).write_text("", encoding="utf-8")
    (encoder / "encoder").mkdir(parents=True)
    (encoder / "encoder" / "encoder.json").write_text("{}", encoding="utf-8")
    pairs.write_text(PAIRS, encoding="utf-8")
    assert run(monkeypatch, "search", str(encoder), "x") == 2
    said = capsys.readouterr().err
    assert "this is an encoder, not an index [NO_INDEX]" in said
    assert f"seqtwin index '{encoder}' CORPUS -o DIR" in said
    assert run(monkeypatch, "score", str(index), str(pairs), "-o", str(tmp_path / "out.csv")) == 2
    assert "this is an index, not an encoder [NO_ENCODER]" in capsys.readouterr().err


def test_force_moves_an_output_aside_and_never_removes_it(tmp_path: Path, capsys: Any) -> None:
    out = tmp_path / "out.csv"
    out.write_text("old", encoding="utf-8")
    with moved_aside(True):
        refuse_existing(out)
        publish_text(out, "new")
    [kept] = (tmp_path / ".retired").iterdir()
    assert (out.read_text(), kept.read_text()) == ("new", "old")
    assert capsys.readouterr().err == f"the old {out} is now {kept}\n"
    with pytest.raises(ConfigError, match="never overwritten"), moved_aside(False):
        refuse_existing(out)


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_after_an_error_the_old_output_is_back(tmp_path: Path, error: type[BaseException]) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "a.txt").write_text("old", encoding="utf-8")

    def fails(*, late: bool) -> None:
        with moved_aside(True):
            refuse_existing(out)
            assert not out.exists()
            if late:
                publish_text(out, "new")
            raise error

    with pytest.raises(error):
        fails(late=False)
    assert (out / "a.txt").read_text() == "old"
    with pytest.raises(error):
        fails(late=True)
    [kept] = (tmp_path / ".retired").iterdir()
    assert (out.read_text(), (kept / "a.txt").read_text()) == ("new", "old")


def test_the_option_force_of_a_command(monkeypatch: Any, capsys: Any, tmp_path: Path) -> None:
    pairs, out = tmp_path / "pairs.csv", tmp_path / "a b.yaml"
    pairs.write_text(PAIRS * 1, encoding="utf-8")
    out.write_text("# mine", encoding="utf-8")
    assert run(monkeypatch, "init", str(pairs), "-o", str(out)) == 2
    assert "OUT_EXISTS" in capsys.readouterr().err
    assert run(monkeypatch, "init", str(pairs), "-o", str(out), "--force") == 0
    [kept] = (tmp_path / ".retired").iterdir()
    assert kept.read_text() == "# mine"
    assert out.read_text().startswith("# pairs.csv")


def test_the_refusal_names_force(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        refuse_existing(tmp_path)
    assert "--force" in caught.value.remedy


def test_a_piped_study_prints_a_line_per_finished_cell(capsys: Any) -> None:
    with console.study_bars() as progress:
        progress(Progress("a.s0", 1, 3, 0.5, of=2))
        progress(Progress("a.s0", 3, 3, done="finished", of=2))
        progress(Progress("b.s0", 1, 3, done="diverged", of=2))
    assert capsys.readouterr().err.splitlines() == [
        "study cells 1 of 2: a.s0 finished",
        "study cells 2 of 2: b.s0 diverged",
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_a_sign_of_life_until_something_is_printed(monkeypatch: Any) -> None:
    monkeypatch.setattr("seqtwin.cli.entry.waiting.QUIET", 0.01)
    monkeypatch.setattr(sys, "stderr", Terminal())
    with waiting("seqtwin train"):
        until = time.monotonic() + 20
        while not sys.stderr.getvalue() and time.monotonic() < until:  # type: ignore[attr-defined]
            time.sleep(0.01)
        console.print_notice("note")
        end_waiting()
    drawn = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "| seqtwin train (0 s)" in drawn
    assert drawn.endswith("\r\x1b[2Knote\n")


def test_without_a_terminal_nothing_is_drawn(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setattr("seqtwin.cli.entry.waiting.QUIET", 0.0)
    with waiting("seqtwin train"):
        time.sleep(0.05)
    assert capsys.readouterr().err == ""
