"""TEXT_FLOORS, SERIES_FLOORS: what an encoder must beat, on the same pairs, with the same thresholds as study cells.

The untrained encoder, one more floor, is measured in every study cell, with its own seed. No floor learns from targets,
but for the constant one, which knows their mean.
"""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.pairs import PairData
from seqtwin.data.reading.series import scaled_channels
from seqtwin.data.tokens.word_vectors import read_vectors
from seqtwin.run.evaluate import score_splits
from seqtwin.study.baselines.time_warping import dtw_1nn, warped_distances, warping_steps

Scorer = Callable[[PairData, pd.DataFrame], np.ndarray]

WORD = re.compile(r"\w+|[^\w\s]")  # as the word tokens of an encoder
GRAM = 3
WIDTH = 128  # of random word vectors
DIGITS = 9  # scores that are equal but for rounding must tie
MOST_STEPS = 20_000_000  # of time warping: a few seconds
MOST_SEARCHED = 100_000_000  # the same for the nearest training series of each test series


def constant(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """The same score for every pair: the mean training target."""
    return np.full(len(part), data.part("train")["target"].mean())


# texts


def tfidf_char(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of character 2-4-gram TF-IDF vectors, fitted on the training texts. Nothing is learnt from targets."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    return _tfidf(vectorizer, data, part)


def tfidf_word(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of word TF-IDF vectors, fitted on the training texts. Nothing is learnt from targets."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _tfidf(TfidfVectorizer(analyzer=words_of, sublinear_tf=True), data, part)


def _tfidf(vectorizer: Any, data: PairData, part: pd.DataFrame) -> np.ndarray:
    train = data.part("train")
    vectorizer.fit(sorted({*train["left"], *train["right"]}))
    left, right = (vectorizer.transform(part[side]) for side in ("left", "right"))
    return np.round(np.asarray(left.multiply(right).sum(axis=1)).ravel(), DIGITS)


def jaro_winkler(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Jaro-Winkler similarity of the lower-cased texts."""
    from rapidfuzz.distance import JaroWinkler

    pairs = zip(part["left"].str.lower(), part["right"].str.lower(), strict=True)
    return np.array([JaroWinkler.similarity(a, b) for a, b in pairs])


def char_overlap(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Character 3-grams of both texts over those of either (Jaccard), lower-cased, with a blank at each end."""
    return _jaccard(part, _grams)


def token_overlap(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Words of both texts over those of either (Jaccard), lower-cased."""
    return _jaccard(part, lambda text: set(words_of(text)))


def _jaccard(part: pd.DataFrame, pieces: Callable[[str], set[str]]) -> np.ndarray:
    sides = (map(pieces, part[side]) for side in ("left", "right"))
    # two texts without a piece share nothing
    return np.array([len(a & b) / max(1, len(a | b)) for a, b in zip(*sides, strict=True)])


def _grams(text: str) -> set[str]:
    whole = f" {text.lower()} "
    return {whole[i : i + GRAM] for i in range(len(whole) - GRAM + 1)}


def words_of(text: str) -> list[str]:
    """The lower-cased words and signs of a text.

    >>> words_of("It's New")
    ['it', "'", 's', 'new']
    """
    return WORD.findall(text.lower())


def mean_vectors(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Bag of words: cosine of the mean word vectors, which are random (drawn from the seed of the data) and fixed."""
    words = _all_words(data)
    rng = np.random.default_rng(int(data.facts.get("seed", 0)))
    return _mean_cosine(part, words, rng.standard_normal((len(words), WIDTH), dtype=np.float32))


def mean_vectors_of(path: Path) -> Scorer:
    """The floor `mean_vectors` with the word vectors of a file."""

    def score(data: PairData, part: pd.DataFrame) -> np.ndarray:
        """Bag of words: cosine of the mean word vectors, taken from the config's file; unknown words count nothing."""
        known = _all_words(data)
        rows, vectors = read_vectors(path, known)
        return _mean_cosine(part, [known[row] for row in rows], vectors)

    return score


def _all_words(data: PairData) -> list[str]:
    return sorted({word for side in ("left", "right") for text in data.frame[side] for word in words_of(text)})


def _mean_cosine(part: pd.DataFrame, words: list[str], vectors: np.ndarray) -> np.ndarray:
    place = {word: i for i, word in enumerate(words)}
    left, right = (np.stack([_sum_of(text, place, vectors) for text in part[side]]) for side in ("left", "right"))
    return _cosine(left, right)


def _sum_of(text: str, place: dict[str, int], vectors: np.ndarray) -> np.ndarray:
    # the direction of the mean is that of the sum
    rows = [place[word] for word in words_of(text) if word in place]
    return np.asarray(vectors[rows].sum(axis=0, dtype=np.float64))


def _cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cosine of each row; 0 where a side is zero."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.round((left * right).sum(axis=1) / np.where(norms > 0, norms, 1), DIGITS)


def text_length(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """How little the two lengths differ, in characters: minus the difference."""
    return -np.abs(part["left"].str.len().to_numpy() - part["right"].str.len().to_numpy()).astype(float)


# series


def series_length(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """How little the two lengths differ, in steps: minus the difference."""
    left, right = (np.array([len(one) for one in side]) for side in _sides(data, part))
    return -np.abs(left - right).astype(float)


def mean_channels(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of the mean over the steps of the raw channels."""
    left, right = (np.stack([one.mean(axis=0, dtype=np.float64) for one in side]) for side in _sides(data, part))
    return _cosine(left, right)


def dtw(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Minus the distance of the raw series under dynamic time warping (euclidean between steps, no window)."""
    return -warped_distances(*_sides(data, part))


def nearest_by_dtw(data: PairData) -> dict[str, float]:
    """How often the nearest training series of a test series, by time warping, is of its class: of raw channels, and of
    channels scaled by the training series. Empty where items have no classes, or where it would take long.
    """
    if data.series is None or data.labelled is None:
        return {}
    parts = [data.labelled.part(split) for split in ("train", "test")]
    (gallery, classes), (queries, wanted) = (([data.series[place] for place in places], c) for places, c in parts)
    if not gallery or not queries or len(queries) * warping_steps(gallery, queries) > MOST_SEARCHED:
        return {}
    scaled = [scaled_channels(side, gallery) for side in (gallery, queries)]
    return {
        "nn_accuracy": float((dtw_1nn(gallery, classes, queries) == wanted).mean()),
        "nn_accuracy_scaled": float((dtw_1nn(scaled[0], classes, scaled[1]) == wanted).mean()),
    }


def _sides(data: PairData, part: pd.DataFrame) -> tuple[list[np.ndarray], list[np.ndarray]]:
    assert data.series is not None
    series = data.series
    left, right = ([series[i] for i in part[side]] for side in ("left", "right"))
    return left, right


TEXT_FLOORS: dict[str, Scorer] = {
    "constant": constant,
    "length": text_length,
    "jaro_winkler": jaro_winkler,
    "char_overlap": char_overlap,
    "token_overlap": token_overlap,
    "tfidf_char": tfidf_char,
    "tfidf_word": tfidf_word,
    "mean_vectors": mean_vectors,
}
SERIES_FLOORS: dict[str, Scorer] = {
    "constant": constant,
    "length": series_length,
    "mean_vectors": mean_channels,
    "dtw": dtw,
}


def measure_floors(data: PairData, *, vectors: Path | None = None) -> dict[str, dict[str, Any]]:
    """Dev and test metrics of every floor that fits the data and whose library is there; `retrieval` of `dtw` where the
    series have classes.

    `vectors`: a file of word vectors for `mean_vectors`.

    Raises: DataError for a file of vectors that cannot be read or knows none of the words.
    """
    floors = dict(TEXT_FLOORS if data.series is None else SERIES_FLOORS)
    if vectors is not None and data.series is None:
        floors["mean_vectors"] = mean_vectors_of(vectors)
    found = {name: _measured(scorer, data) for name, scorer in floors.items() if _feasible(name, data)}
    nearest = nearest_by_dtw(data) if "dtw" in found else {}
    if nearest:
        found["dtw"]["retrieval"] = nearest
    return found


def _feasible(name: str, data: PairData) -> bool:
    if name == "jaro_winkler":
        return find_spec("rapidfuzz") is not None
    if name == "dtw":
        return sum(warping_steps(*_sides(data, data.part(split))) for split in ("dev", "test")) <= MOST_STEPS
    return True


def _measured(scorer: Scorer, data: PairData) -> dict[str, Any]:
    parts = {split: data.part(split) for split in ("dev", "test")}
    scores = {split: scorer(data, part) for split, part in parts.items()}
    targets = {split: part["target"].to_numpy() for split, part in parts.items()}
    values, undefined, _ = score_splits(scores, targets, data.cut)
    return {**values, "undefined": undefined, "note": (scorer.__doc__ or "").strip()}
