"""The command that continues interrupted work, where it was recorded."""

import os
import shlex
from collections.abc import Sequence

from seqtwin.progress.peek import Content, texts


def command(origin: Content, option: str = "") -> str:
    """The command that was typed, with a further option; empty where the work was started from Python.

    It begins with `cd` where it was typed in another folder.
    """
    arguments = texts(origin.get("command"))
    if not arguments:
        return ""
    line = typed(arguments if not option or option in arguments else [*arguments, option])
    folder = str(origin.get("folder", ""))
    return line if folder in ("", os.getcwd()) else f"cd {shlex.quote(folder)} && {line}"


def typed(arguments: Sequence[str]) -> str:
    """A command as one line for a shell.

    >>> typed(["report", "my study"])
    "seqtwin report 'my study'"
    """
    return shlex.join(["seqtwin", *arguments])
