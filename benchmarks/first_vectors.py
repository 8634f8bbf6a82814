"""The word vectors that a student starts from: static vectors, centred and with small values, as a text file."""

import os
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from seqtwin.data.tokens.piece_tables import load_wordllama
from seqtwin.files import publish_text

STD = 0.1  # as embedding_std of the recipe: with their own, .91, a student learns too little about a word


def write_first_vectors(words: Iterable[str], path: Path) -> Path:
    """A file of the vectors of these words and of all whole words of the static vectors of SEQTWIN_STATIC.

    A file that exists is taken as it is.
    """
    if not path.exists():
        pieces = load_wordllama(Path(os.environ["SEQTWIN_STATIC"]))
        known = [word for word in dict.fromkeys([*words, *pieces.words()]) if len(word.split()) == 1]
        rows, vectors = pieces.read(known)
        scaled = scale(vectors)
        lines = (f"{known[row]} {' '.join(f'{x:.4f}' for x in own)}" for row, own in zip(rows, scaled, strict=True))
        path.parent.mkdir(parents=True, exist_ok=True)
        publish_text(path, "\n".join(lines) + "\n")
    return path


def scale(vectors: np.ndarray) -> np.ndarray:
    """Vectors whose values have the mean 0 in each column, and the standard deviation STD over all."""
    centred = vectors - vectors.mean(0)
    scaled: np.ndarray = centred * (STD / centred.std())
    return scaled
