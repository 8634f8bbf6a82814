"""Every error of a command becomes one message and a code; no control character of data reaches a terminal."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqtwin.cli import console, run_command


def ended(error: BaseException, capsys: pytest.CaptureFixture[str]) -> tuple[object, str]:
    def fails() -> None:
        raise error

    with pytest.raises(SystemExit) as caught:
        run_command(fails)
    return caught.value.code, capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code", "name"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), 5, "STORAGE"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), 5, "MEMORY"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "a" * 5000), 2, "PATH_UNUSABLE"),
        (NotADirectoryError(errno.ENOTDIR, "Not a directory", "data.csv"), 2, "PATH_UNUSABLE"),
        (MemoryError(), 5, "MEMORY"),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 5, "MEMORY"),
    ],
)
def test_errors_of_the_machine_are_one_message(
    error: BaseException, code: int, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found, message = ended(error, capsys)
    assert found == code
    assert name in message
    assert len(message) < 500
    assert "Traceback" not in message


def test_a_bug_is_not_hidden() -> None:
    def fails() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        run_command(fails)


@pytest.mark.parametrize("command", [["list"], ["schema"], ["list", "losses", "--json"]])
def test_a_full_disk_under_the_output_is_one_line(command: list[str]) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "seqtwin", *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert done.returncode == 5
    assert done.stderr.startswith("error: the disk is full")
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_control_characters_are_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_line("a\x1b[31mb\x07\x9b\u202ec\ttab\nline")
    console.print_notice("\x1b]0;title\x07")
    console.print_json({"\x1b[31m": "\x7f\x9b\u202e"})
    printed = capsys.readouterr()
    assert printed.out.startswith("a\\x1b[31mb\\x07\\x9b\\u202ec\ttab\nline\n")
    assert printed.err == "\\x1b]0;title\\x07\n"
    assert not set("\x1b\x07\x7f\x9b\u202e") & set(printed.out + printed.err)


def test_drawn_lines_keep_their_colours_alone(capsys: pytest.CaptureFixture[str]) -> None:
    console.print_drawn("\x1b[1;31mred\x1b[0m\x1b[2J\n")
    assert capsys.readouterr().out == "\x1b[1;31mred\x1b[0m\\x1b[2J\n"
