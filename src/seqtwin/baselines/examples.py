"""EXAMPLE_FLOORS: baselines without a recurrent cell for the objectives with a head, on the same rows.

Each is fitted on train and predicts dev and test.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from seqtwin.baselines.pairs import MOST_SEARCHED
from seqtwin.baselines.time_warping import dtw_1nn, too_slow, warping_steps
from seqtwin.data.examples import Examples, Kind
from seqtwin.data.reading.series import scaled_channels
from seqtwin.floors import Floors, FloorScores

EVALUATED = ("dev", "test")
Answers = Sequence[str]  # one answer per judged row: a class, or a text
Floor = Callable[[Examples, np.ndarray], Answers]


def majority(data: Examples, rows: np.ndarray) -> Answers:
    """The most frequent class of train for every input."""
    counts = Counter(data.targets[row] for row in data.rows("train"))
    return [max(sorted(counts), key=lambda name: counts[name])] * len(rows)


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
    """Logistic regression on the mean and standard deviation of every channel over time. The order is ignored."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    train = data.rows("train")
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    fitted.fit(_moments(data, train), [data.targets[row] for row in train])
    return list(fitted.predict(_moments(data, rows)))


def _moments(data: Examples, rows: np.ndarray) -> np.ndarray:
    series = [np.asarray(data.items[row], dtype=np.float64) for row in rows]
    return np.stack([np.concatenate([steps.mean(axis=0), steps.std(axis=0)]) for steps in series])


def dtw_nearest(data: Examples, rows: np.ndarray) -> Answers:
    """The class of the nearest training series under dynamic time warping of raw channels (squared distances)."""
    return _nearest(data, rows, data.items)


def dtw_scaled_nearest(data: Examples, rows: np.ndarray) -> Answers:
    """The class of the nearest training series under time warping, with channels scaled like those of the encoder."""
    train = [data.items[row] for row in data.rows("train")]
    return _nearest(data, rows, scaled_channels(data.items, train))


def _nearest(data: Examples, rows: np.ndarray, series: Sequence[np.ndarray]) -> Answers:
    train = data.rows("train")
    labels = np.array([data.targets[row] for row in train])
    return list(dtw_1nn([series[row] for row in train], labels, [series[row] for row in rows]))


def frequent_tag(data: Examples, rows: np.ndarray) -> Answers:
    """The most frequent training tag of each word; for a word that train lacks, the most frequent tag of all."""
    by_word: dict[str, Counter[str]] = defaultdict(Counter)
    overall: Counter[str] = Counter()
    for row in data.rows("train"):
        for word, tag in zip(data.items[row], data.targets[row], strict=True):
            by_word[word][tag] += 1
            overall[tag] += 1
    usual = overall.most_common(1)[0][0]
    best = {word: tags.most_common(1)[0][0] for word, tags in by_word.items()}
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


@dataclass(frozen=True)
class KindFloors:
    """The baselines of one objective.

    `choose(data)`: those that suit the data. `metric`: the share of right rows, by its name. `each_step`: whether
    every step is a judged row.
    """

    choose: Callable[[Examples], Mapping[str, Floor]]
    metric: str = "accuracy"
    each_step: bool = False


def class_floors(data: Examples) -> Mapping[str, Floor]:
    """The baselines of one class per sequence."""
    return SERIES_CLASSES if data.of_series else TEXT_CLASSES


def step_floors(data: Examples) -> Mapping[str, Floor]:
    """The baselines of one class per step; series have none."""
    return {} if data.of_series else STEPS


def generation_floors(data: Examples) -> Mapping[str, Floor]:
    """The baselines of generated texts. An auto-encoder has none: a copy would not pass through a vector."""
    same = all(data.items[row] == data.targets[row] for row in data.rows("test"))
    return {} if same else TEXTS_TO_WRITE


def teacher_floors(_data: Examples) -> Mapping[str, Floor]:
    """None: the rows of the test are pairs, which have no right answer but that of the teacher."""
    return {}


FLOORS_OF_KIND: Mapping[Kind, KindFloors] = {
    "classify": KindFloors(class_floors),
    "label_steps": KindFloors(step_floors, each_step=True),
    "decode": KindFloors(generation_floors, metric="exact_match"),
    "distil": KindFloors(teacher_floors),
}


def measure_example_floors(data: Examples) -> Floors:
    """The share of right rows of dev and test for every baseline that suits the data. One that would take too long has
    no values, but the reason.
    """
    return {name: _measure(name, floor, data) for name, floor in FLOORS_OF_KIND[data.kind].choose(data).items()}


def _measure(name: str, floor: Floor, data: Examples) -> FloorScores:
    metric, note = FLOORS_OF_KIND[data.kind].metric, (floor.__doc__ or "").strip()
    steps = _searched_steps(data) if name.startswith("dtw") else 0
    if steps > MOST_SEARCHED:
        return too_slow(steps, MOST_SEARCHED, metric, note)
    dev, test = ({metric: _share_right(floor, data, split)} for split in EVALUATED)
    return {"dev": dev, "test": test, "undefined": {}, "note": note}


def _searched_steps(data: Examples) -> int:
    train = [data.items[row] for row in data.rows("train")]
    return warping_steps(train, train) * sum(len(data.rows(split)) for split in EVALUATED)


def _share_right(floor: Floor, data: Examples, split: str) -> float:
    rows = data.rows(split)
    targets = [data.targets[row] for row in rows]
    flat = [tag for tags in targets for tag in tags] if FLOORS_OF_KIND[data.kind].each_step else targets
    return float(np.mean([answer == target for answer, target in zip(floor(data, rows), flat, strict=True)]))
