"""The index a service searches: one that stays, or the one a folder holds now."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from seqtwin.errors import SeqTwinError
from seqtwin.index.generations import CURRENT
from seqtwin.index.hits import Encoder
from seqtwin.index.index import Index

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Opened:
    """An index and the name of its generation; None for one that was never published."""

    index: Index
    generation: str | None = None

    @property
    def facts(self) -> dict[str, Any]:
        """What an answer says of it."""
        return {"size": len(self.index), "kind": self.index.kind, "generation": self.generation}


class Source(Protocol):
    """Where the index comes from. `opened`: what was searched last."""

    @property
    def opened(self) -> Opened:
        """What was searched last."""
        ...

    def now(self) -> Opened:
        """The index that holds now; for the one thread of the model."""
        ...


@dataclass(frozen=True)
class Fixed:
    """An index in memory."""

    opened: Opened

    def now(self) -> Opened:
        """Always the same."""
        return self.opened


class Live:
    """The index of a folder: when a new generation is published, the next search uses it.

    A generation that cannot be read is logged, and the one before is kept.

    Raises: ConfigError or DamagedError when the first cannot be opened.
    """

    def __init__(self, folder: Path, encoder: Encoder | None = None) -> None:
        self._folder = folder
        self._seen, self._opened = self._load(encoder)

    @property
    def opened(self) -> Opened:
        """What was searched last."""
        return self._opened

    def now(self) -> Opened:
        """The generation that holds now; for the one thread of the model."""
        try:
            pointer = self._pointer()
            if pointer != self._seen:
                self._seen = pointer  # what could not be read is not tried again before it changes
                self._seen, self._opened = self._load(self._opened.index.encoder)
        except (SeqTwinError, OSError, UnicodeDecodeError) as error:
            logger.warning("the index keeps its generation: %s", error)
        return self._opened

    def _pointer(self) -> str:
        return (self._folder / CURRENT).read_text(encoding="ascii")

    def _load(self, encoder: Encoder | None) -> tuple[str, Opened]:
        while True:
            before = self._pointer()
            index = Index.load(self._folder, encoder)
            # named the same before and after: what was read between is what the name says
            if self._pointer() == before:
                return before, Opened(index, before.split(maxsplit=1)[0])
