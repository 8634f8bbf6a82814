"""DATASETS: the built-in data sets of pairs, by name."""

from collections.abc import Callable

import numpy as np

from seqtwin.data.pairs import LabelledItems, PairData
from seqtwin.data.sample_pairs import pairs_by_split, search_among, split_items, split_of
from seqtwin.data.sets.placenames import placenames
from seqtwin.data.sets.synthetic.dataset import probes

FRACTIONS = (0.7, 0.15, 0.15)
INK = 16.0  # the darkest value of an image


def digits(*, pairs: int = 6000, seed: int = 0) -> PairData:
    """Pairs of handwritten digits as series of columns from left to right. Same: the same digit.

    A series has up to 8 steps with 8 channels in [0, 1]: the columns of an image without blank margins. Splits
    (70/15/15) share no images. `pairs`: number of training pairs; dev and test get a fifth each. Search task: find the
    test images of the same digit.

    Raises: ValueError for too few pairs.
    """
    import sklearn
    from sklearn.datasets import load_digits

    if pairs < 20:
        raise ValueError(f"pairs: expected 20 or more, got {pairs}")
    images = load_digits()
    rng = np.random.default_rng(seed)
    groups = np.asarray(images.target)
    members = split_items(groups, FRACTIONS, rng)
    frame = pairs_by_split(members, groups, pairs, rng)
    series = tuple(_trim(image.T / INK) for image in images.images)
    facts = {"versions": {"scikit-learn": sklearn.__version__}, "items": len(series), "classes": 10, "seed": seed}
    search = search_among(members["test"], groups[members["test"]], seed)
    labelled = LabelledItems(range(len(series)), groups, split_of(members, len(groups)))
    return PairData(frame, series, 0.5, "digits", facts, retrieval=search, shareable=True, labelled=labelled)


def _trim(steps: np.ndarray) -> np.ndarray:
    """The steps without blank ones at the start and end; one step for a blank image."""
    inked = np.flatnonzero(steps.any(axis=1))
    first, last = (inked[0], inked[-1]) if len(inked) else (0, 0)
    return np.ascontiguousarray(steps[first : last + 1], dtype=np.float32)


DATASETS: dict[str, Callable[..., PairData]] = {
    "placenames": placenames,
    "digits": digits,
    "probes": probes,
}

# data sets of series
SERIES = frozenset({"digits"})
