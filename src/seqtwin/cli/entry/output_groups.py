"""Several files that one command writes: after an interruption between two of them, the same command goes on.

A hidden record next to the first file has the hashes of all until the last one is written. A file with its hash in the
record is left from an interrupted command, and is written again instead of refused.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from pathlib import Path

from seqtwin import files
from seqtwin.errors import SeqTwinError


def publish_together(texts: Mapping[Path, str]) -> None:
    """Write text files, each whole or not at all.

    Raises: ResourceError.
    """
    if not texts:
        return
    record = _record_of(next(iter(texts)))
    if len(texts) > 1:
        hashes = {str(path.absolute()): sha256(text.encode("utf-8")).hexdigest() for path, text in texts.items()}
        files.publish_text(record, files.dump_json(hashes))
    for path, text in texts.items():
        files.publish_text(path, text)
    if record.exists():
        record.unlink()


def publish_wanted(texts: Mapping[Path | None, Callable[[], str]]) -> list[Path]:
    """Write those of the text files that have a path, as `publish_together`, and return their paths."""
    wanted = {path: text() for path, text in texts.items() if path}
    publish_together(wanted)
    return [*wanted]


def left_over(paths: Sequence[Path]) -> set[Path]:
    """Those of the outputs of a command, in its order, that an interrupted run of it has written."""
    record = _record_of(paths[0]) if paths else None
    if record is None or not record.exists():
        return set()
    try:
        hashes = files.read_json(record)
    except SeqTwinError:
        return set()
    return {path for path in paths if path.is_file() and hashes.get(str(path.absolute())) == _digest(path)}


def _digest(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest()


def _record_of(first: Path) -> Path:
    return first.with_name(f".{first.name}.outputs.json")
