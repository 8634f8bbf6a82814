"""SOURCES: the kinds of files and folders that have word vectors, each with its readers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.data.files.read_text import require_file
from seqtwin.data.tokens.binary_vectors import is_binary, list_binary_words, read_binary
from seqtwin.data.tokens.piece_tables import (
    Pieces,
    is_model2vec,
    is_sentence_transformers,
    is_wordllama,
    load_model2vec,
    load_sentence_transformers,
    load_wordllama,
)
from seqtwin.data.tokens.word_vectors import list_words, read_vectors
from seqtwin.errors import DataError

Found = tuple[np.ndarray, np.ndarray]  # positions in a list of words, Int[n], and their vectors, Float[n dim]


@dataclass(frozen=True)
class Source:
    """A kind of word vectors. `fits`: whether a path is of this kind. `words`: the words of the source, in its order.

    `read`: the vectors of those of some words that it has.
    """

    fits: Callable[[Path], bool]
    words: Callable[[Path], Iterator[str]]
    read: Callable[[Path, Sequence[str]], Found]


def _of_pieces(fits: Callable[[Path], bool], load: Callable[[Path], Pieces]) -> Source:
    return Source(fits, lambda path: load(path).words(), lambda path, words: load(path).read(words))


def source_of(path: Path) -> Source:
    """The source of a path, by its name and its files.

    Raises: DataError for a path that does not exist, and for a folder of another kind.
    """
    for source in SOURCES.values():
        if source.fits(path):
            return source
    if path.is_dir():
        cause = "a folder without word vectors; expected one of model2vec, wordllama or sentence-transformers"
        remedy = "it needs model.safetensors and tokenizer.json"
        raise DataError("VECTORS_READ", cause, place=str(path), remedy=remedy)
    require_file(path)
    return SOURCES["text"]


def reduce_width(vectors: np.ndarray, dim: int) -> np.ndarray:
    """The vectors in their first `dim` principal components: [n, width] to [n, dim].

    (v - mean) @ components: the eigenvectors of the covariance with the largest eigenvalues. The largest coordinate
    of each component is positive. Source: as `sklearn.decomposition.PCA`.

    >>> reduce_width(np.array([[0.0, 1.0], [2.0, 1.0], [4.0, 1.0]]), 1).tolist()
    [[-2.0], [0.0], [2.0]]
    """
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    _, components = np.linalg.eigh(centred.T @ centred)  # ascending
    chosen = components[:, ::-1][:, :dim]
    largest = chosen[np.abs(chosen).argmax(axis=0), np.arange(dim)]
    reduced: np.ndarray = (centred @ (chosen * np.sign(largest))).astype(np.float32)
    return reduced


SOURCES: dict[str, Source] = {
    "wordllama": _of_pieces(is_wordllama, load_wordllama),
    "model2vec": _of_pieces(is_model2vec, load_model2vec),
    "sentence-transformers": _of_pieces(is_sentence_transformers, load_sentence_transformers),
    "word2vec": Source(is_binary, list_binary_words, read_binary),
    "text": Source(lambda path: path.is_file(), list_words, read_vectors),
}
