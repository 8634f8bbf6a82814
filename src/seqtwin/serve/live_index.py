"""The index that a service searches: a fixed one, or the current generation of a folder."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypedDict

from seqtwin.errors import SeqTwinError
from seqtwin.index.generations import CURRENT
from seqtwin.index.hits import Encoder
from seqtwin.index.index import Index

logger = logging.getLogger(__name__)


class IndexFacts(TypedDict):
    """The facts of an index in a response."""

    size: int
    kind: str
    generation: str | None


@dataclass(frozen=True)
class OpenIndex:
    """An index and the name of its generation; None for an index that was never published."""

    index: Index
    generation: str | None = None

    @property
    def facts(self) -> IndexFacts:
        """Its facts for a response."""
        return {"size": len(self.index), "kind": self.index.kind, "generation": self.generation}


class Source(Protocol):
    """Provides the index to search."""

    @property
    def last(self) -> OpenIndex:
        """The index of the last search."""
        ...

    def current(self) -> OpenIndex:
        """The current index. Call it only from the thread of the model."""
        ...


@dataclass(frozen=True)
class FixedIndex:
    """An index in memory."""

    last: OpenIndex

    def current(self) -> OpenIndex:
        """Always the same index."""
        return self.last


class LiveIndex:
    """The index of a folder. Once a new generation is published, the next search uses it.

    If a generation cannot be opened, this is logged, and the previous one stays in use.

    Raises: ConfigError or DamagedError if the first generation cannot be opened.
    """

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        self._folder = folder
        self._pointer, self._last = self._load(encoder)

    @property
    def last(self) -> OpenIndex:
        """The index of the last search."""
        return self._last

    def current(self) -> OpenIndex:
        """The current generation. Call it only from the thread of the model."""
        try:
            pointer = self._read_pointer()
            if pointer != self._pointer:
                self._pointer = pointer  # a generation that fails to open is not tried again until this changes
                self._pointer, self._last = self._load(self._last.index.encoder)
        except (SeqTwinError, OSError, UnicodeDecodeError) as error:
            logger.warning("the index keeps its generation: %s", error)
        return self._last

    def _read_pointer(self) -> str:
        return (self._folder / CURRENT).read_text(encoding="ascii")

    def _load(self, encoder: Encoder | None) -> tuple[str, OpenIndex]:
        while True:
            before = self._read_pointer()
            index = Index.load(self._folder, encoder)
            # the same pointer before and after the load: the loaded generation is the one it names
            if self._read_pointer() == before:
                return before, OpenIndex(index, before.split(maxsplit=1)[0])
