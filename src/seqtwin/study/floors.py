"""FLOORS: what an encoder must beat, measured on the same pairs with the same thresholds as the study cells.

The untrained encoder, the fourth floor, is measured in every study cell, with its own seed.
"""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.pairs import PairData
from seqtwin.study.judge import score_splits

Scorer = Callable[[PairData, pd.DataFrame], np.ndarray]


def constant(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """The same score for every pair: the mean training target."""
    return np.full(len(part), data.part("train")["target"].mean())


def tfidf_char(data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Cosine of character 2-4-gram TF-IDF vectors, fitted on the training texts. Nothing is learnt from targets."""
    from sklearn.feature_extraction.text import TfidfVectorizer

    train = data.part("train")
    vectorizer = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    vectorizer.fit(sorted({*train["left"], *train["right"]}))
    left, right = (vectorizer.transform(part[side]) for side in ("left", "right"))
    return np.asarray(left.multiply(right).sum(axis=1)).ravel()


def jaro_winkler(_data: PairData, part: pd.DataFrame) -> np.ndarray:
    """Jaro-Winkler similarity of the lower-cased texts."""
    from rapidfuzz.distance import JaroWinkler

    pairs = zip(part["left"].str.lower(), part["right"].str.lower(), strict=True)
    return np.array([JaroWinkler.similarity(a, b) for a, b in pairs])


FLOORS: dict[str, Scorer] = {"constant": constant, "tfidf_char": tfidf_char, "jaro_winkler": jaro_winkler}


def measure_floors(data: PairData) -> dict[str, dict[str, Any]]:
    """Dev and test metrics of every floor that fits the data and whose library is there."""
    return {name: _measured(scorer, data) for name, scorer in FLOORS.items() if _fits(name, data)}


def _fits(name: str, data: PairData) -> bool:
    texts = data.series is None
    return name == "constant" or (texts and (name != "jaro_winkler" or find_spec("rapidfuzz") is not None))


def _measured(scorer: Scorer, data: PairData) -> dict[str, Any]:
    parts = {split: data.part(split) for split in ("dev", "test")}
    scores = {split: scorer(data, part) for split, part in parts.items()}
    targets = {split: part["target"].to_numpy() for split, part in parts.items()}
    values, undefined, _ = score_splits(scores, targets, data.cut)
    return {**values, "undefined": undefined, "note": (scorer.__doc__ or "").strip()}
