"""Outputs that exist already: refused, unless a block moves them away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

Move = Callable[[Path], None]
_move: ContextVar[Move | None] = ContextVar("move", default=None)


@contextmanager
def replacing(move: Move) -> Iterator[None]:
    """In this block an output that exists is not refused: `move` is called, which has to move it away."""
    token = _move.set(move)
    try:
        yield
    finally:
        _move.reset(token)


def move_replaced(path: Path) -> None:
    """Move a path away, in a block of `replacing`. Elsewhere it stays."""
    move = _move.get()
    if move is not None:
        move(path)
