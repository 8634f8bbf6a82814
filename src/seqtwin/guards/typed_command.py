"""The command that was typed. It is kept in what an interrupted command leaves, for `seqtwin status`."""

import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

from typing_extensions import TypedDict

ORIGIN = ".origin.json"  # in the folder of a study
_typed: ContextVar[tuple[str, ...]] = ContextVar("typed", default=())


class Origin(TypedDict):
    """Where a result comes from: the arguments after `seqtwin` (none for a program in Python), folder and process."""

    command: list[str]
    folder: str
    pid: int
    host: str


@contextmanager
def typed(arguments: Sequence[str]) -> Iterator[None]:
    """In this block, the command line is run with these arguments."""
    token = _typed.set(tuple(arguments))
    try:
        yield
    finally:
        _typed.reset(token)


def origin() -> Origin:
    """The command and the process that run now."""
    return {"command": list(_typed.get()), "folder": os.getcwd(), "pid": os.getpid(), "host": socket.gethostname()}
