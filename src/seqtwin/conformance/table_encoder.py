"""An encoder of short texts with known vectors, for the checks of an index."""

import hashlib
from collections.abc import Iterable
from functools import cache

import numpy as np
import torch

from seqtwin.model.similarities import SIMILARITIES

DIM = 8


class TableEncoder:
    """Each text has a vector drawn from the hash of its letters; equal texts up to white space have equal vectors."""

    inputs, channels, indexable, empty = "tokens", None, True, "error"

    def __init__(self, similarity: str, version: str = "1") -> None:
        self.similarity_name, self.dim = similarity, DIM
        self.fingerprint = hashlib.sha256(f"{similarity} {version}".encode()).hexdigest()
        self._similarity = SIMILARITIES[similarity](DIM).eval()

    def encode(self, texts: Iterable[object], *, show_progress_bar: bool = False) -> np.ndarray:
        """The vectors of texts, float32 [n, dim]."""
        rows = [_vector(str(text)) for text in texts]
        return np.array(rows, dtype=np.float32).reshape(len(rows), DIM)

    @torch.no_grad()
    def similarity(self, a: np.ndarray, b: np.ndarray) -> np.ndarray:
        """The scores of every row of a with every row of b."""
        left, right = (torch.from_numpy(np.array(side, dtype=np.float32)) for side in (a, b))
        found: np.ndarray = self._similarity.matrix(left, right).numpy()
        return found


@cache
def _vector(text: str) -> np.ndarray:
    digest = hashlib.sha256(text.strip().encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big")).standard_normal(DIM)
