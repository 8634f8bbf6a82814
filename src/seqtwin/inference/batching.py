"""Batches: which sequences are encoded together. Every backend batches here, without torch."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from seqtwin.errors import ConfigError


@dataclass(frozen=True)
class Batching:
    """How sequences are grouped into batches. To add an option: a field here, and its effect in `batches`.

    `size`: the most sequences per batch. `steps`: the most steps per batch, padding included, which bounds memory.
    `progress`: show a progress bar on stderr if that is a terminal.
    """

    size: int = 512
    steps: int = 2**18
    progress: bool = False

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ConfigError("ENCODE_BATCH", f"batch_size: expected 1 or more, got {self.size}", place="encode")

    def limited(self, size: int | None) -> "Batching":
        """The same with at most `size` sequences per batch; unchanged for None.

        Raises: ConfigError for a size below 1.
        """
        return self if size is None else replace(self, size=size)

    def batches(self, lengths: np.ndarray) -> Iterable[np.ndarray]:
        """The rows of each batch, shortest sequences first. `lengths`: Int[rows], each at least 1.

        >>> [rows.tolist() for rows in Batching(size=2).batches(np.array([9, 1, 2]))]
        [[1, 2], [0]]
        """
        batches = self._cut(lengths)
        return _with_bar(list(batches)) if self.progress else batches

    def _cut(self, lengths: np.ndarray) -> Iterator[np.ndarray]:
        order = np.argsort(lengths, kind="stable")
        for start in range(0, len(order), self.size):
            rows = order[start : start + self.size]
            count = max(1, self.steps // int(lengths[rows[-1]]))
            yield from (rows[first : first + count] for first in range(0, len(rows), count))


def _with_bar(batches: list[np.ndarray]) -> Iterable[np.ndarray]:
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(batches, "encoding", console=console, disable=not console.is_terminal)
