"""Frames in memory, kept as files: the rows as JSON lines, in a folder that is named after their content.

Everything that works with a file then works with a frame: worker processes, an interrupted training that is continued,
and a published config that is read again.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeAlias

from seqtwin.data.files.memory_frames import Frame, frame_rows, is_frame
from seqtwin.errors import DataError, SeqTwinError
from seqtwin.files import publish_bytes

Frames: TypeAlias = Frame | Mapping[str, Frame]
NAME = "frame"
SPLITS = {"train": "train", "dev": "dev", "validation": "dev", "valid": "dev", "val": "dev", "test": "test"}
PLACE = "the frame; line 1 is its first row"


def has_frames(value: object) -> bool:
    """Whether a value is a frame, or a mapping from splits to frames.

    >>> has_frames([("a", "b", 1)]), has_frames({"train": [("a", "b", 1)]}), has_frames({"data": {"name": "digits"}})
    (True, True, False)
    """
    return is_frame(value) or _is_by_split(value)


def _is_by_split(value: object) -> bool:
    return isinstance(value, Mapping) and len(value) > 0 and all(is_frame(frame) for frame in value.values())


def kept_folder(out: Path) -> Path:
    """The folder for the frames of a run or a study: next to it, with `.data` at the end of its name.

    >>> kept_folder(Path("runs/mine")).as_posix()
    'runs/mine.data'
    """
    return out.with_name(f"{out.name}.data")


def keep_frames(frames: object, folder: Path) -> Path:
    """Write a frame to `folder/HASH/frame.jsonl`, or one per split to `folder/HASH/frame/SPLIT.jsonl`; the new path.

    `frames`: a frame, or frames by split: train, dev (or validation) and test; a mapping with train alone is one frame.
    HASH: the first 12 digits of the sha256 of all rows. A file that exists already is not written again.

    Raises: DataError for an unknown split, and for rows that cannot be kept; ResourceError.
    """
    parts = _by_split(frames)
    contents = {split: _lines_of(frame, split) for split, frame in parts.items()}
    home = folder / _digest(contents)
    places = {split: home / (f"{NAME}.jsonl" if split == NAME else f"{NAME}/{split}.jsonl") for split in contents}
    for split, path in places.items():
        if not path.exists():
            publish_bytes(path, contents[split])
    return places[NAME] if NAME in places else home / NAME


def _by_split(frames: object) -> dict[str, object]:
    if not isinstance(frames, Mapping):
        return {NAME: frames}
    unknown = [name for name in frames if name not in SPLITS]
    if unknown or "train" not in frames:
        cause = f"found the splits {', '.join(map(str, frames))}"
        remedy = "expected train, test and, if there is one, dev (or validation)"
        raise DataError("FRAME_SPLITS", cause, place="the frames", remedy=remedy)
    if list(frames) == ["train"]:
        return {NAME: frames["train"]}
    return {SPLITS[name]: frame for name, frame in frames.items()}


def _lines_of(frame: object, split: str) -> bytes:
    try:
        rows = frame_rows(frame)
    except DataError as error:
        error.place = error.place if split == NAME else f"{split} of {error.place.removeprefix('the ')}"
        raise
    return "".join(json.dumps(row, ensure_ascii=False, allow_nan=False) + "\n" for row in rows).encode()


def _digest(contents: Mapping[str, bytes]) -> str:
    listed = [[split, hashlib.sha256(data).hexdigest()] for split, data in sorted(contents.items())]
    return hashlib.sha256(json.dumps(listed).encode()).hexdigest()[:12]


def check_kept(folder: Path) -> Iterator[tuple[Path, bool]]:
    """The kept files in a folder, and whether each has the rows that the name of its folder is the hash of."""
    for home in sorted(path for path in folder.glob("*") if path.is_dir()):
        files = sorted([*home.glob("*.jsonl"), *home.glob(f"{NAME}/*.jsonl")])
        same = _digest({path.stem: path.read_bytes() for path in files}) == home.name
        yield from ((path, same) for path in files)


@contextmanager
def data_file(data: object, folder: Path | None = None) -> Iterator[Path]:
    """The path of data: of frames, that of the files they are kept in; otherwise `data` itself as a path.

    `folder`: where frames are kept. None: only for this block. An error in the block names the frame instead of its
    file, and removes the files that were written for the block.

    Raises: DataError, ResourceError.
    """
    if not has_frames(data):
        yield Path(str(data))
        return
    with TemporaryDirectory() as temporary:
        home = Path(temporary) if folder is None else folder
        before = {*home.rglob("*.jsonl")}
        path = keep_frames(data, home)
        try:
            yield path
        except SeqTwinError as error:
            _remove({*home.rglob("*.jsonl")} - before, home)
            raise _about_frame(error, path) from error


def _about_frame(error: SeqTwinError, path: Path) -> SeqTwinError:
    """The same error with the frame as its place, where that was its file."""
    if not error.place.startswith(str(path)):
        return error
    split = f"{Path(error.place).stem} of " if path.is_dir() else ""
    return type(error)(error.code, error.cause, place=f"{split}{PLACE}", remedy=error.remedy)


def _remove(files: Iterable[Path], home: Path) -> None:
    """Remove kept files, and the folders that are empty then."""
    folders = {parent for file in files for parent in file.parents if parent.is_relative_to(home)}
    for file in files:
        file.unlink()
    for folder in sorted(folders, reverse=True):
        with suppress(OSError):
            folder.rmdir()
