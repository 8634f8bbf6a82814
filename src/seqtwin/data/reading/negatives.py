"""Different pairs for data that list same pairs alone: each left text with right texts of other same pairs."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from seqtwin.data.splits import connected_pairs
from seqtwin.errors import DataError

TRIES = 20


def with_negatives(frame: pd.DataFrame, count: int, *, cut: float, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """The pairs with `count` different ones (target 0) for each same pair, and one sentence that says so.

    A right text is drawn at random from the same pairs of the same split, so that no text crosses into another split.
    Pairs that are linked by shared texts are never set against each other: with a = b and b = c, a and c are not drawn.

    Raises: DataError where all same pairs of a split are linked.
    """
    if not count:
        return frame, []
    rng = np.random.default_rng(seed)
    parts = [frame]
    for split, rows in frame[frame["target"] >= cut].groupby("split", sort=False):
        lefts, rights = rows["left"].tolist(), rows["right"].tolist()
        drawn = list(_drawn(connected_pairs(lefts, rights), count, rng))
        if not drawn:
            cause = f"no different pairs can be drawn for {split}: it has one same pair, or all of them share texts"
            raise DataError("DATA_NEGATIVES", cause, place="data.negatives", remedy="give different pairs yourself")
        made = [(lefts[left], rights[right], 0.0, str(split)) for left, right in drawn]
        parts.append(pd.DataFrame(made, columns=["left", "right", "target", "split"]))
    whole = pd.concat(parts, ignore_index=True)
    added = len(whole) - len(frame)
    return whole, [
        f"{added:,} different pairs were drawn at random, at most {count} for each same pair (data.negatives)"
    ]


def _drawn(groups: np.ndarray, count: int, rng: np.random.Generator) -> Iterator[tuple[int, int]]:
    """For each same pair the pairs whose right text it is set against, by their numbers."""
    for row in range(len(groups)):
        tried = rng.integers(len(groups), size=TRIES * count)
        other = list(dict.fromkeys(tried[groups[tried] != groups[row]].tolist()))
        yield from ((row, found) for found in other[:count])
