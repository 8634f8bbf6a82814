"""TEXT_FLOORS, SERIES_FLOORS: baselines that an encoder should beat, on the same pairs and with the same metrics.

The untrained encoder is one more baseline, which every study cell measures with its own seed. No baseline learns from
the targets, except the constant one, which uses their mean.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from seqtwin.baselines.time_warping import dtw_1nn, too_slow, warped_distances, warping_steps
from seqtwin.data.pairs import PairData
from seqtwin.data.reading.series import scaled_channels
from seqtwin.data.tokens.vector_sources import source_of
from seqtwin.floors import Floors, FloorScores
from seqtwin.metrics import primary_metric, score_splits

if TYPE_CHECKING:
    from sklearn.feature_extraction.text import TfidfVectorizer

Scorer = Callable[[PairData, pd.DataFrame], np.ndarray]


WORD = re.compile(r"\w+|[^\w\s]")  # the word tokens of an encoder
GRAM = 3
WIDTH = 128  # of random word vectors
DIGITS = 9  # scores that differ only by rounding must tie
MOST_STEPS = 200_000_000  # of time warping, counted for each channel: a few seconds
MOST_SEARCHED = 1_000_000_000  # the same for the nearest training series of each test series


def constant(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """The mean training target for every pair."""
    return np.full(len(part), data.part("train")["target"].mean())


# texts


def tfidf_char(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of TF-IDF vectors of character 2-4-grams, fitted on the training texts. Targets are not used."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    return _tfidf(vectorizer, data, part)


def tfidf_word(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of TF-IDF vectors of words, fitted on the training texts. Targets are not used."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    return _tfidf(TfidfVectorizer(analyzer=words_of, sublinear_tf=True), data, part)


def _tfidf(vectorizer: "TfidfVectorizer", data: PairData, part: pd.DataFrame) -> np.ndarray:
    train = data.part("train")
    texts = sorted({*train["left"], *train["right"]})
    if not any(map(vectorizer.build_analyzer(), texts)):  # blanks only: scikit-learn refuses an empty vocabulary
        return np.zeros(len(part))
    vectorizer.fit(texts)
    left, right = (vectorizer.transform(part[side]) for side in ("left", "right"))
    return np.round(np.asarray(left.multiply(right).sum(axis=1)).ravel(), DIGITS)


def jaro_winkler(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Jaro-Winkler similarity of the lower-cased texts."""
    from rapidfuzz.distance import JaroWinkler

    pairs = zip(part["left"].str.lower(), part["right"].str.lower(), strict=True)
    return np.array([JaroWinkler.similarity(a, b) for a, b in pairs])


def char_overlap(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Jaccard overlap of the character 3-grams of both texts, lower-cased, with a blank at each end."""
    return _jaccard(part, _grams)


def token_overlap(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Jaccard overlap of the words of both texts, lower-cased."""
    return _jaccard(part, lambda text: set(words_of(text)))


def _jaccard(part: pd.DataFrame, pieces: Callable[[str], set[str]]) -> np.ndarray:
    sides = (map(pieces, part[side]) for side in ("left", "right"))
    # two empty sets have overlap 0
    return np.array([len(a & b) / max(1, len(a | b)) for a, b in zip(*sides, strict=True)])


def _grams(text: str) -> set[str]:
    whole = f" {text.lower()} "
    return {whole[i : i + GRAM] for i in range(len(whole) - GRAM + 1)}


def words_of(text: str) -> list[str]:
    """The lower-cased words and punctuation marks of a text.

    >>> words_of("It's New")
    ['it', "'", 's', 'new']
    """
    return WORD.findall(text.lower())


def mean_vectors(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Bag of words: cosine of the mean word vectors, which are random and fixed by the seed of the data."""
    words = _all_words(data)
    rng = np.random.default_rng(int(data.facts.get("seed", 0)))
    return _mean_cosine(part, words, rng.standard_normal((len(words), WIDTH), dtype=np.float32))


def mean_vectors_of(path: Path) -> Scorer:
    """The baseline `mean_vectors` with the word vectors of a file."""

    def score(data: PairData, part: pd.DataFrame) -> np.ndarray:
        """Bag of words: cosine of the mean word vectors from the file of the config; unknown words are ignored."""
        words = _all_words(data)
        rows, vectors = source_of(path).read(path, words)
        return _mean_cosine(part, [words[row] for row in rows], vectors)

    return score


def _all_words(data: PairData) -> list[str]:
    return sorted({word for side in ("left", "right") for text in data.frame[side] for word in words_of(text)})


def _mean_cosine(part: pd.DataFrame, words: list[str], vectors: np.ndarray) -> np.ndarray:
    place = {word: i for i, word in enumerate(words)}
    left, right = (np.stack([_sum_vectors(text, place, vectors) for text in part[side]]) for side in ("left", "right"))
    return _cosine(left, right)


def _sum_vectors(text: str, place: dict[str, int], vectors: np.ndarray) -> np.ndarray:
    # the mean has the same direction as the sum
    rows = [place[word] for word in words_of(text) if word in place]
    return np.asarray(vectors[rows].sum(axis=0, dtype=np.float64))


def _cosine(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Cosine of each row; 0 where a side is zero."""
    norms = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.round((left * right).sum(axis=1) / np.where(norms > 0, norms, 1), DIGITS)


def text_length(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Minus the difference of the two lengths in characters."""
    return -np.abs(part["left"].str.len().to_numpy() - part["right"].str.len().to_numpy()).astype(float)


# series


def series_length(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Minus the difference of the two lengths in steps."""
    left, right = (np.array([len(series) for series in side]) for side in _sides(data, part))
    return -np.abs(left - right).astype(float)


def mean_channels(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of the means of the raw channels over all steps."""
    left, right = (np.stack([series.mean(axis=0, dtype=np.float64) for series in side]) for side in _sides(data, part))
    return _cosine(left, right)


def dtw(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Minus the dynamic time warping distance of the raw series (Euclidean between steps, no window)."""
    return -warped_distances(*_sides(data, part))


def nearest_by_dtw(data: PairData) -> dict[str, float]:
    """The share of test series whose nearest training series under time warping has their class: with raw channels,
    and with channels scaled by the training series. Empty where items have no classes, or where it would take long.
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


def measure_floors(data: PairData, *, vectors: Path | None = None) -> Floors:
    """Dev and test metrics of every baseline that suits the data; for `dtw` also `retrieval` where the series have
    classes. One that would take too long has no values, but the reason.

    `vectors`: a file of word vectors for `mean_vectors`.

    Raises: DataError for a file of vectors that cannot be read or has none of the words.
    """
    floors = dict(TEXT_FLOORS if data.series is None else SERIES_FLOORS)
    if vectors is not None and data.series is None:
        floors["mean_vectors"] = mean_vectors_of(vectors)
    scores = {name: _measure(name, scorer, data) for name, scorer in floors.items()}
    nearest = nearest_by_dtw(data) if "dtw" in scores else {}
    if nearest:
        scores["dtw"]["retrieval"] = nearest
    return scores


def _measure(name: str, scorer: Scorer, data: PairData) -> FloorScores:
    parts, note = {split: data.part(split) for split in ("dev", "test")}, (scorer.__doc__ or "").strip()
    steps = sum(warping_steps(*_sides(data, part)) for part in parts.values()) if name == "dtw" else 0
    if steps > MOST_STEPS:
        return too_slow(steps, MOST_STEPS, primary_metric(data.own_targets), note)
    scores = {split: scorer(data, part) for split, part in parts.items()}
    targets = {split: part["target"].to_numpy() for split, part in parts.items()}
    values, undefined, _ = score_splits(scores, targets, data.cut)
    return {"dev": values["dev"], "test": values["test"], "undefined": undefined, "note": note}
