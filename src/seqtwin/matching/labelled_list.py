"""Labelled pairs as a list of their own: its candidate pairs, found as in the list of the user, and their labels."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.data.inspect_file import inspect_data
from seqtwin.errors import ConfigError
from seqtwin.matching.dedupe import compare_rows
from seqtwin.matching.label_shift import Reference
from seqtwin.matching.link import compare_lists
from seqtwin.matching.match_files import read_labelled
from seqtwin.matching.mine import group_texts
from seqtwin.matching.nearest_texts import Encoder
from seqtwin.paths import expand


@dataclass(frozen=True)
class LabelledList:
    """Labelled pairs: the texts of both sides, and whether they are the same."""

    left: Sequence[str]
    right: Sequence[str]
    same: Sequence[bool]

    def _groups(self, encoder: Encoder) -> np.ndarray:
        """The thing that each text names, first the left texts, then the right ones: Int[2 pairs]."""
        rows = np.flatnonzero(np.array(self.same, dtype=bool))
        return group_texts(encoder, [*self.left, *self.right], rows, rows + len(self.left))

    def rows_reference(self, encoder: Encoder, k: int | None, *, rerank: bool = False) -> Reference:
        """The candidate pairs of `dedupe` in the list of all texts.

        Two texts are the same if labelled pairs connect them, or if they have the same tokens. All other pairs count as
        different, also unlabelled ones.
        """
        pairs = compare_rows(encoder, [*self.left, *self.right], k=k, rerank=rerank).candidates
        groups = self._groups(encoder)
        return Reference(pairs.scores, groups[pairs.left] == groups[pairs.right])

    def lists_reference(self, encoder: Encoder, keep: int, k: int, *, rerank: bool = False) -> Reference:
        """The candidate pairs of `link` between the left and the right texts."""
        pairs = compare_lists(encoder, self.left, self.right, keep=keep, k=k, rerank=rerank).candidates
        groups = self._groups(encoder)
        return Reference(pairs.scores, groups[pairs.left] == groups[pairs.right + len(self.left)])


def read_labelled_list(path: Path | str, cut: float) -> LabelledList:
    """The labelled pairs of one file. `cut`: targets of at least this count as the same.

    Raises: ConfigError for a folder; DataError for a file without labelled pairs, or with bad rows.
    """
    path = expand(str(path))
    if path.is_dir():
        cause = "expected one file of labelled pairs, got a folder"
        raise ConfigError("PRECISION_DEV", cause, place=str(path), remedy="name the file with the dev pairs")
    return LabelledList(*read_labelled(inspect_data(path), cut))
