"""Folders that are built here and published by another process, such as the driver of a cluster."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_handed: ContextVar[tuple[Path, list[Path]] | None] = ContextVar("handed", default=None)
_elsewhere: ContextVar[tuple[Path, str] | None] = ContextVar("elsewhere", default=None)


@contextmanager
def handing_over(parent: Path) -> Iterator[list[Path]]:
    """In this block a folder that belongs directly under `parent` is built and sealed, but not published.

    The list gets their temporary paths.
    """
    built: list[Path] = []
    token = _handed.set((parent, built))
    try:
        yield built
    finally:
        _handed.reset(token)


@contextmanager
def building_for(parent: Path, place: str) -> Iterator[None]:
    """In this block what is built under `parent` is for another machine, which will put it under `place`."""
    token = _elsewhere.set((parent, place))
    try:
        yield
    finally:
        _elsewhere.reset(token)


def place_of(folder: Path) -> Path:
    """The folder where a folder that is built here will be; itself, except in a block of `building_for`."""
    elsewhere = _elsewhere.get()
    if elsewhere is None or not folder.is_relative_to(elsewhere[0]):
        return folder
    return Path(elsewhere[1]) / folder.relative_to(elsewhere[0])


def hand_over(folder: Path, final: Path) -> bool:
    """Whether another process publishes the sealed folder as `final`; it is then added to the list of the block."""
    handed = _handed.get()
    if handed is None or final.parent != handed[0]:
        return False
    handed[1].append(folder)
    return True


def is_handed_over(folder: Path) -> bool:
    """Whether this block has built the folder for another process."""
    handed = _handed.get()
    return handed is not None and folder in handed[1]
