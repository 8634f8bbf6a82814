"""One process that runs many `seqtwin` commands, as a shell would: most of the time of a short command is its start."""

import json
import os
import subprocess
import sys
from functools import cached_property
from pathlib import Path
from threading import Timer
from types import TracebackType

LOOP = """
import contextlib, io, json, os, sys, traceback
from seqtwin.cli import main

def run(folder, words):
    os.chdir(folder)
    sys.argv = words
    try:
        main()
    except SystemExit as done:
        return done.code or 0
    except Exception:
        traceback.print_exc()
        return 1
    return 0

if __name__ == "__main__":
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what workers print is no answer
    for line in sys.stdin:
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = run(*json.loads(line))
        print(json.dumps([code, said.getvalue()]), file=answers, flush=True)
"""


class Shell:
    """`with Shell() as shell: code, output = shell.run(["seqtwin", "check", "pairs.yaml"], folder)`.

    Its process starts with the first command. A command that takes longer than `seconds` is killed.
    """

    def __init__(self, *, seconds: float = 300.0) -> None:
        self.seconds = seconds

    def __enter__(self) -> "Shell":
        return self

    @cached_property
    def process(self) -> subprocess.Popen[str]:
        environment = {**os.environ, "COLUMNS": "120"}
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
        return subprocess.Popen([sys.executable, "-c", LOOP], env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if "process" in vars(self):
            self.process.kill()
            self.process.communicate()

    def run(self, words: list[str], folder: Path) -> tuple[int, str]:
        """The exit code of a command and all that it printed."""
        late = Timer(self.seconds, self.process.kill)
        late.start()
        try:
            print(json.dumps([str(folder), words]), file=self.process.stdin, flush=True)
            answer = self.process.stdout.readline()
        finally:
            late.cancel()
        assert answer, f"the process of {words} ended, or took longer than {self.seconds:g} seconds"
        code, output = json.loads(answer)
        return code, output
