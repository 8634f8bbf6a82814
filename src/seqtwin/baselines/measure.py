"""The baselines of any prepared data: of all rows for a study, on samples of large splits for one training."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqtwin.baselines.examples import measure_example_floors
from seqtwin.baselines.pairs import measure_floors
from seqtwin.data.examples import Examples
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.floors import Baselines, Floors
from seqtwin.paths import expand

MOST_ROWS = 20_000  # of each split
MOST_CHARACTERS = 2_000_000  # of the texts of each split: TF-IDF of characters takes about five seconds


def measure_all_rows(data: PairData | Examples, *, vectors: str | None = None) -> Floors:
    """The scores of every baseline that suits the data, on all rows. `vectors`: a file of word vectors.

    Raises: DataError for a file of vectors that cannot be read or has none of the words.
    """
    if isinstance(data, Examples):
        return measure_example_floors(data)
    return measure_floors(data, vectors=expand(vectors) if vectors else None)


def measure_baselines(data: PairData | Examples, primary: str, *, vectors: str | None = None) -> Baselines:
    """The baselines of data that are about to be trained on, in seconds: at most 20,000 rows and two million characters
    of each split are used, drawn at random. `primary`: the metric that decides.

    Raises: DataError as for `measure_all_rows`.
    """
    part = _sample(data)
    return Baselines(measure_all_rows(part, vectors=vectors), primary, _rows(data), _rows(part))


def _sample(data: PairData | Examples) -> PairData | Examples:
    split = np.asarray(_splits(data))
    rng, sizes = np.random.default_rng(0), _sizes(data)
    drawn = [_drawn(np.flatnonzero(split == name), sizes, rng) for name in SPLITS]
    rows = np.sort(np.concatenate(drawn))
    if isinstance(data, PairData):
        # without the search task and the classes of items, whose metrics are not the primary one
        return replace(data, frame=data.frame.iloc[rows].reset_index(drop=True), retrieval=None, labelled=None)
    columns = ([values[row] for row in rows] for values in (data.items, data.targets, data.split))
    items, targets, splits = columns
    return replace(data, items=items, targets=targets, split=splits)


def _drawn(rows: np.ndarray, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Some of the rows: as many as the limits allow, and at least one."""
    order = rng.permutation(rows)[:MOST_ROWS]
    return order[: max(1, int((np.cumsum(sizes[order]) <= MOST_CHARACTERS).sum()))]


def _splits(data: PairData | Examples) -> Sequence[str]:
    return data.frame["split"].tolist() if isinstance(data, PairData) else data.split


def _rows(data: PairData | Examples) -> dict[str, int]:
    splits = list(_splits(data))
    return {name: splits.count(name) for name in SPLITS}


def _sizes(data: PairData | Examples) -> np.ndarray:
    """The characters of each row: Int[rows]. 0 for series, whose costly baselines have limits of their own."""
    if isinstance(data, Examples):
        return np.array([_characters(item) for item in data.items])
    if data.series is not None:
        return np.zeros(len(data.frame), dtype=np.int64)
    return np.asarray(data.frame["left"].str.len() + data.frame["right"].str.len())


def _characters(item: str | Sequence[str] | np.ndarray) -> int:
    if isinstance(item, np.ndarray):
        return 0
    return len(item) if isinstance(item, str) else sum(map(len, item))
