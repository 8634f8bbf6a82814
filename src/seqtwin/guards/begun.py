"""Traces of a study before its first published file, for `seqtwin status`: the command, and the cells it plans."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from seqtwin.errors import ResourceError
from seqtwin.files import dump_json, publish_text
from seqtwin.guards.typed_command import ORIGIN, origin


def begun_file(out: Path) -> Path:
    """The file next to the folder of a study that reads its data."""
    return out.with_name(f".{out.name}.begun.json")


@contextmanager
def beginning(out: Path) -> Iterator[None]:
    """In this block a study begins. Until it has its folder, a file next to that names the command.

    Data that are refused leave nothing, so the folder is not made before they are read.
    """
    path = begun_file(out.absolute())
    absent = [parent for parent in path.parents if not parent.exists()]
    with suppress(ResourceError, OSError):  # the study will meet the same fault, and report it
        publish_text(path, dump_json(origin()))
    try:
        yield
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for parent in absent:
                parent.rmdir()


def sign(out: Path, plan: Mapping[str, object]) -> None:
    """Keep the command in the folder of a study that this process has locked. `plan`: keys of the later study.json.

    Raises: ResourceError.
    """
    publish_text(out / ORIGIN, dump_json({**origin(), "study": plan}))
    if (path := begun_file(out.absolute())).exists():
        path.unlink(missing_ok=True)
