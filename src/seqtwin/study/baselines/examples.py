"""EXAMPLE_FLOORS: what an objective with a head must beat, on the same rows; none of them knows a recurrent cell.

Each is fitted on train and answers dev and test.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.reading.series import scaled_channels
from seqtwin.study.baselines.pairs import MOST_SEARCHED
from seqtwin.study.baselines.time_warping import dtw_1nn, warping_steps

EVALUATED = ("dev", "test")
Answers = Sequence[Any]
Floor = Callable[[Examples, np.ndarray], Answers]


def majority(data: Examples, rows: np.ndarray) -> Answers:
    """The most frequent class of train, whatever the input."""
    known = Counter(data.targets[row] for row in data.rows("train"))
    return [max(sorted(known), key=lambda name: known[name])] * len(rows)


def tfidf_logistic(data: Examples, rows: np.ndarray) -> Answers:
    """Logistic regression on TF-IDF of words and pairs of words (C = 10)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    train = data.rows("train")
    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", sublinear_tf=True)
    fitted = make_pipeline(words, LogisticRegression(C=10.0, max_iter=1000))
    fitted.fit([data.items[row] for row in train], [data.targets[row] for row in train])
    return list(fitted.predict([data.items[row] for row in rows]))


def channel_means_logistic(data: Examples, rows: np.ndarray) -> Answers:
    """Logistic regression on the mean and the deviation of every channel over time: no order is read."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = data.rows("train")
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(_moments(data, train), [data.targets[row] for row in train])
    return list(fitted.predict(_moments(data, rows)))


def _moments(data: Examples, rows: np.ndarray) -> np.ndarray:
    series = [np.asarray(data.items[row], dtype=np.float64) for row in rows]
    return np.stack([np.concatenate([one.mean(axis=0), one.std(axis=0)]) for one in series])


def dtw_nearest(data: Examples, rows: np.ndarray) -> Answers:
    """The class of the nearest training series under dynamic time warping of the raw channels (squared distances)."""
    return _nearest(data, rows, data.items)


def dtw_scaled_nearest(data: Examples, rows: np.ndarray) -> Answers:
    """The same with every channel scaled as the encoder's input is."""
    train = [data.items[row] for row in data.rows("train")]
    return _nearest(data, rows, scaled_channels(data.items, train))


def _nearest(data: Examples, rows: np.ndarray, series: Sequence[np.ndarray]) -> Answers:
    train = data.rows("train")
    labels = np.array([data.targets[row] for row in train])
    return list(dtw_1nn([series[row] for row in train], labels, [series[row] for row in rows]))


def frequent_tag(data: Examples, rows: np.ndarray) -> Answers:
    """The most frequent training tag of each word; of a word that train lacks the most frequent tag of all."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    every: Counter[str] = Counter()
    for row in data.rows("train"):
        for word, tag in zip(data.items[row], data.targets[row], strict=True):
            known[word][tag] += 1
            every[tag] += 1
    usual = every.most_common(1)[0][0]
    best = {word: tags.most_common(1)[0][0] for word, tags in known.items()}
    return [best.get(word, usual) for row in rows for word in data.items[row]]


def copy(data: Examples, rows: np.ndarray) -> Answers:
    """The input itself."""
    return [data.items[row] for row in rows]


TEXT_CLASSES: Mapping[str, Floor] = {"majority": majority, "tfidf_logistic": tfidf_logistic}
SERIES_CLASSES: Mapping[str, Floor] = {
    "majority": majority,
    "channel_means_logistic": channel_means_logistic,
    "dtw_1nn": dtw_nearest,
    "dtw_1nn_scaled": dtw_scaled_nearest,
}
STEPS: Mapping[str, Floor] = {"frequent_tag": frequent_tag}
TEXTS_TO_WRITE: Mapping[str, Floor] = {"copy": copy}
EXAMPLE_FLOORS: Mapping[str, Floor] = {**TEXT_CLASSES, **SERIES_CLASSES, **STEPS, **TEXTS_TO_WRITE}


def measure_example_floors(data: Examples) -> dict[str, dict[str, Any]]:
    """Accuracy (exact match of texts) on dev and test of every floor that fits the data."""
    found = {name: floor for name, floor in _floors(data).items() if _feasible(name, data)}
    return {name: _measured(floor, data) for name, floor in found.items()}


def _floors(data: Examples) -> Mapping[str, Floor]:
    if data.kind == "label_steps":
        return {} if data.of_series else STEPS
    if data.kind == "decode":
        same = all(data.items[row] == data.targets[row] for row in data.rows("test"))
        return {} if same else TEXTS_TO_WRITE  # an auto-encoder has to pass its vector; a copy has not
    return SERIES_CLASSES if data.of_series else TEXT_CLASSES


def _feasible(name: str, data: Examples) -> bool:
    if not name.startswith("dtw"):
        return True
    train = [data.items[row] for row in data.rows("train")]
    asked = sum(len(data.rows(split)) for split in EVALUATED)
    return warping_steps(train, train) * asked <= MOST_SEARCHED


def _measured(floor: Floor, data: Examples) -> dict[str, Any]:
    metric = "exact_match" if data.kind == "decode" else "accuracy"
    found = {split: {metric: _share(floor, data, split)} for split in EVALUATED}
    return {**found, "undefined": {}, "note": (floor.__doc__ or "").strip()}


def _share(floor: Floor, data: Examples, split: str) -> float:
    rows = data.rows(split)
    right = [data.targets[row] for row in rows]
    flat = [tag for one in right for tag in one] if data.kind == "label_steps" else right
    return float(np.mean([a == b for a, b in zip(floor(data, rows), flat, strict=True)]))
