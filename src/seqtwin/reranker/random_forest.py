"""A random forest as arrays: the mean of the leaves that a row reaches, in NumPy."""

from dataclasses import dataclass

import numpy as np

_ROWS = 1024  # per block


@dataclass(frozen=True)
class Forest:
    """The nodes of all trees in one list. A leaf leads to itself.

    `roots`: Int[trees], the first node of each tree; `feature`: Int[nodes]; `threshold`: Float64[nodes]; `lower`,
    `upper`: Int[nodes], the next node of a row whose feature is at most the threshold, or above it; `value`:
    Float[nodes], the prediction of a leaf.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    value: np.ndarray

    def predict(self, rows: np.ndarray) -> np.ndarray:
        """The mean prediction of the trees for each row of Float[n features]: Float[n]."""
        features = np.asarray(rows, dtype=np.float32)  # as scikit-learn compares them
        parts = [self._block(features[start : start + _ROWS]) for start in range(0, len(features), _ROWS)]
        return np.concatenate([np.zeros(0), *parts])

    def _block(self, features: np.ndarray) -> np.ndarray:
        places = np.arange(len(features))[:, None]
        nodes = np.broadcast_to(self.roots, (len(features), len(self.roots)))
        while True:
            low = features[places, self.feature[nodes]] <= self.threshold[nodes]
            following = np.where(low, self.lower[nodes], self.upper[nodes])
            if np.array_equal(following, nodes):
                return np.asarray(self.value[nodes].mean(axis=1, dtype=np.float64))
            nodes = following

    @property
    def is_sound(self) -> bool:
        """Whether every node leads to a later one of the list or to itself. Then a row always reaches a leaf."""
        count, itself = len(self.feature), np.arange(len(self.feature))
        same_size = {part.shape for part in (self.threshold, self.lower, self.upper, self.value)} == {(count,)}
        if not (same_size and len(self.roots) and self.roots.min() >= 0 and self.roots.max() < count):
            return False
        down = (self.lower > itself) & (self.upper > itself) & (np.maximum(self.lower, self.upper) < count)
        leaf = (self.lower == itself) & (self.upper == itself)
        numbers = np.isfinite(self.threshold).all() and np.isfinite(self.value).all()
        return bool((down | leaf).all() and numbers and self.feature.min() >= 0)
