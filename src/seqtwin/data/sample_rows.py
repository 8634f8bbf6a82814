"""A random sample of the rows of a data set, for budgets that do not allow to train on all of them."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.pairs import SPLITS, PairData

FEWEST_JUDGED = 1000
JUDGED_SHARE = 4


def sampled_rows(split: Sequence[str], rows: int, seed: int) -> np.ndarray:
    """The positions of a sample, in ascending order: Int[kept].

    At most `rows` of train, and of dev and test each at most a quarter of it or 1,000, whichever is more. `split`: the
    split of each row.

    >>> sampled_rows(["train", "train", "dev", "train"], rows=2, seed=0).tolist()
    [1, 2, 3]
    """
    names, rng = np.asarray(split), np.random.default_rng([seed, 3])
    most = {name: rows if name == "train" else max(FEWEST_JUDGED, rows // JUDGED_SHARE) for name in SPLITS}
    kept = [rng.permutation(np.flatnonzero(names == name))[: most[name]] for name in SPLITS]
    return np.sort(np.concatenate(kept))


def sample_pairs(data: PairData, rows: int | None, seed: int) -> PairData:
    """The pairs of a sample; the same data where all rows are wanted or there are no more."""
    if rows is None:
        return data
    kept = sampled_rows(data.frame["split"].tolist(), rows, seed)
    if len(kept) == len(data.frame):
        return data
    frame = data.frame.iloc[kept].reset_index(drop=True)
    return replace(data, frame=frame, notes=(*data.notes, _note(data.frame["split"].tolist(), kept)))


def sample_examples(data: Examples, rows: int | None, seed: int) -> Examples:
    """The sequences of a sample; the same data where all rows are wanted or there are no more."""
    if rows is None:
        return data
    kept = sampled_rows(data.split, rows, seed).tolist()
    if len(kept) == len(data.items):
        return data
    items, targets, split = ([column[row] for row in kept] for column in (data.items, data.targets, data.split))
    note = _note(data.split, np.asarray(kept))
    return replace(data, items=items, targets=targets, split=split, notes=(*data.notes, note))


def _note(split: Sequence[str], kept: np.ndarray) -> str:
    """How many rows of each split were kept, where some were left out."""
    names = np.asarray(split)
    counts = {name: (int((names[kept] == name).sum()), int((names == name).sum())) for name in SPLITS}
    shown = [f"{used:,} of {all_:,} {name} rows" for name, (used, all_) in counts.items() if used < all_]
    return f"a random sample was used: {', '.join(shown)} (data.rows)"
