"""--force: an output that exists is moved aside, and moved back if the command fails. Nothing is overwritten."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from seqtwin.cli import console


@contextmanager
def moved_aside(force: bool) -> Iterator[None]:
    """In this block, what exists at the place of an output is moved to `.retired/` next to it, if `force`.

    If the block ends with an error and nothing new is in its place, it is moved back.
    """
    from seqtwin.files import publish_file, retire
    from seqtwin.guards.replaced import replacing

    if not force:
        yield
        return
    moves: dict[Path, Path] = {}

    def move(final: Path) -> None:
        moves[final] = retire(final)

    try:
        with replacing(move):
            yield
    except BaseException:
        for final, moved in moves.items():
            if not final.exists():
                publish_file(moved, final)
        raise
    for final, moved in moves.items():
        console.print_notice(f"the old {final} is now {moved}")
