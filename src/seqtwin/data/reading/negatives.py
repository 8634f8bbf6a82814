"""Random different pairs for data that only have same pairs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from seqtwin.data.splits import connected_pairs
from seqtwin.errors import DataError

TRIES = 20


def with_negatives(frame: pd.DataFrame, count: int, *, cut: float, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """The pairs, with up to `count` different pairs (target 0) added per same pair, and a note.

    Each left text is combined with random right texts of other same pairs of its split. Pairs that are connected by
    shared texts are never combined: with a = b and b = c, the pair a, c is not drawn.

    Raises: DataError if all same pairs of a split are connected.
    """
    if not count:
        return frame, []
    rng = np.random.default_rng(seed)
    parts = [frame]
    for split, rows in frame[frame["target"] >= cut].groupby("split", sort=False):
        lefts, rights = rows["left"].tolist(), rows["right"].tolist()
        drawn = list(_drawn(connected_pairs(lefts, rights), count, rng))
        if not drawn:
            cause = (
                f"no different pairs can be drawn for {split}: it has only one same pair, or all its pairs share texts"
            )
            remedy = "add different pairs to the data"
            raise DataError("DATA_NEGATIVES", cause, place="data.negatives", remedy=remedy)
        new = [(lefts[left], rights[right], 0.0, str(split)) for left, right in drawn]
        parts.append(pd.DataFrame(new, columns=["left", "right", "target", "split"]))
    whole = pd.concat(parts, ignore_index=True)
    added = len(whole) - len(frame)
    return whole, [f"{added:,} random different pairs were added, at most {count} per same pair (data.negatives)"]


def _drawn(groups: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """Row numbers of the left and right text of each new pair."""
    for row in range(len(groups)):
        tried = rng.integers(len(groups), size=TRIES * count)
        others = list(dict.fromkeys(tried[groups[tried] != groups[row]].tolist()))
        yield from ((row, other) for other in others[:count])
