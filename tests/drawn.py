"""An encoder that is no encoder: vectors given by a table, compared by cosine; so that every score is known."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


class Drawn:
    """Each text has the vector it was given; angles in degrees make two-dimensional ones."""

    def __init__(self, angles: Mapping[str, float], threshold: float | None = 0.5) -> None:
        turned = np.deg2rad(np.array(list(angles.values()), dtype=np.float64))
        self.vectors = dict(zip(angles, np.column_stack([np.cos(turned), np.sin(turned)]), strict=True))
        self.threshold = threshold
        self.asked: list[str] = []

    def encode(self, texts: Sequence[Any]) -> np.ndarray:
        self.asked += texts
        found = [self.vectors[text] for text in texts]
        return np.array(found, dtype=np.float32).reshape(len(texts), 2)

    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return np.asarray(a) @ np.asarray(b).T


def scattered(count: int, seed: int, threshold: float | None = 0.5) -> Drawn:
    """Texts t0, t1, ... at angles drawn evenly."""
    drawn = np.random.default_rng(seed).uniform(0, 360, size=count)
    return Drawn({f"t{n}": float(angle) for n, angle in enumerate(drawn)}, threshold)
