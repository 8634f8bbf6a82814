"""The scores of baselines, their printed names, and the best of them next to an encoder."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from typing_extensions import TypedDict

from seqtwin.metrics import lower_is_better, metric_name


class FloorScores(TypedDict, total=False):
    """The scores of a baseline: metrics of dev and test, why others are undefined, a note, and retrieval metrics."""

    dev: dict[str, float]
    test: dict[str, float]
    undefined: dict[str, str]
    note: str
    retrieval: dict[str, float]


Floors = dict[str, FloorScores]

FLOOR_NAMES = {
    "constant": "constant", "tfidf_char": "character TF-IDF", "tfidf_word": "word TF-IDF",
    "jaro_winkler": "Jaro-Winkler", "mean_vectors": "bag of vectors", "length": "length only",
    "char_overlap": "character overlap", "token_overlap": "word overlap", "dtw": "time warping",
    "bag": "any bag of words", "majority": "most frequent class", "tfidf_logistic": "TF-IDF + logistic regression",
    "mean_vectors_logistic": "bag of vectors + logistic regression", "copy": "copying the input",
    "channel_means_logistic": "channel means + logistic regression", "dtw_1nn": "time warping, nearest neighbour",
    "dtw_1nn_scaled": "the same with scaled channels",
    "frequent_tag": "most frequent class of each token",
}  # fmt: skip
STANDALONE = {"dtw_1nn_scaled": "time warping with scaled channels, nearest neighbour"}  # where no list precedes it
UNLABELLED = frozenset(
    {
        "tfidf_char",
        "tfidf_word",
        "jaro_winkler",
        "mean_vectors",
        "length",
        "char_overlap",
        "token_overlap",
        "dtw",
        "copy",
    }
)
"""Baselines that use no targets."""


@dataclass(frozen=True)
class BestFloor:
    """The baseline that is best on dev. `dev`, `test`: its values of the primary metric."""

    name: str
    dev: float
    test: float

    @property
    def title(self) -> str:
        """Its printed name."""
        return STANDALONE.get(self.name, FLOOR_NAMES.get(self.name, self.name))

    @property
    def clause(self) -> str:
        """Why it is free, as a relative clause."""
        return "which learns nothing" if self.name in UNLABELLED else "which trains no network"


@dataclass(frozen=True)
class Baselines:
    """The baselines of one data set. `primary`: the metric that decides; `rows`, `sampled`: all rows of each split, and
    those that the baselines were measured on."""

    floors: Floors
    primary: str
    rows: Mapping[str, int]
    sampled: Mapping[str, int]

    @property
    def best(self) -> BestFloor | None:
        """The baseline with the best primary metric on dev, the first of equals; None where none has a value."""
        sign = -1.0 if lower_is_better(self.primary) else 1.0
        both = {
            name: (scores["dev"][self.primary], scores["test"][self.primary])
            for name, scores in self.floors.items()
            if self.primary in scores["dev"] and self.primary in scores["test"]
        }
        if not both:
            return None
        name = max(both, key=lambda key: sign * both[key][0])
        return BestFloor(name, *both[name])

    def as_json(self) -> dict[str, Any]:
        """The content of floors.json."""
        best = self.best
        return {**asdict(self), "best": best.name if best else None}


def compare_with_best(baselines: Baselines, dev: Mapping[str, float], test: Mapping[str, float]) -> list[str]:
    """Sentences that compare an encoder with the best baseline. `dev`, `test`: the metrics of the encoder.

    >>> floors = {"tfidf_char": {"dev": {"roc_auc": 0.7}, "test": {"roc_auc": 0.712}}}
    >>> baselines = Baselines(floors, "roc_auc", {"test": 90}, {"test": 90})
    >>> compare_with_best(baselines, {"roc_auc": 0.65}, {"roc_auc": 0.666})[0]
    'A free baseline is better: character TF-IDF, which learns nothing, has ROC-AUC .712 on test against .666 (dev .700
    against .650).'
    """
    best, metric = baselines.best, baselines.primary
    if best is None or metric not in dev or metric not in test:
        return [f"The encoder was not compared with a free baseline: {_missing(baselines, dev, test)}."]
    return [_verdict(best, metric, dev[metric], test[metric]), *_sample_sentence(baselines), *_not_measured(baselines)]


def _missing(baselines: Baselines, dev: Mapping[str, float], test: Mapping[str, float]) -> str:
    metric = baselines.primary
    if not baselines.floors:
        return "these data have none"
    return f"{metric_name(metric)} is undefined" + ("" if metric in dev and metric in test else " for the encoder")


def _verdict(best: BestFloor, metric: str, dev: float, test: float) -> str:
    sign = -1.0 if lower_is_better(metric) else 1.0
    ahead = [sign * (round(floor, 3) - round(own, 3)) for floor, own in ((best.dev, dev), (best.test, test))]
    name, floor, own = metric_name(metric), (_digits(best.test), _digits(best.dev)), (_digits(test), _digits(dev))
    if min(ahead) >= 0 and max(ahead) > 0:
        values = f"{floor[0]} on test against {own[0]} (dev {floor[1]} against {own[1]})"
        return f"A free baseline is better: {best.title}, {best.clause}, has {name} {values}."
    values = f"{own[0]} on test against {floor[0]} (dev {own[1]} against {floor[1]})"
    if max(ahead) <= 0 and min(ahead) < 0:
        return f"The encoder is better than the best free baseline, {best.title}, {best.clause}: {name} {values}."
    outcome = "as good as" if not any(ahead) else "better on only one split than"
    return f"The encoder is {outcome} the best free baseline, {best.title}, {best.clause}: {name} {values}."


def _sample_sentence(baselines: Baselines) -> list[str]:
    rows, sampled = baselines.rows, baselines.sampled
    parts = [f"{sampled[split]:,} of {rows[split]:,} {split} rows" for split in rows if sampled[split] < rows[split]]
    return [f"The baselines were measured on samples: {', '.join(parts)}."] if parts else []


def _not_measured(baselines: Baselines) -> list[str]:
    """A sentence for each baseline without a value, with the reason."""
    metric = baselines.primary
    reasons = {
        FLOOR_NAMES.get(name, name): scores["undefined"][metric]
        for name, scores in baselines.floors.items()
        if not scores["dev"] and metric in scores.get("undefined", {})
    }
    return [f"The baseline {name} was {why}." for name, why in reasons.items()]


def _digits(value: float) -> str:
    return f"{value:.3f}".removeprefix("0")


def best_line(baselines: Baselines) -> str:
    """The best baseline and its value on dev in one line, for data that no encoder was trained on yet.

    >>> floors = {"tfidf_char": {"dev": {"roc_auc": 0.83}, "test": {"roc_auc": 0.8}}}
    >>> best_line(Baselines(floors, "roc_auc", {"dev": 90}, {"dev": 90}))
    'a free baseline: character TF-IDF, which learns nothing, has ROC-AUC .830 on the dev split'
    """
    best = baselines.best
    if best is None:
        return f"a free baseline: none, since {_missing(baselines, {baselines.primary: 0}, {baselines.primary: 0})}"
    value = f"{metric_name(baselines.primary)} {_digits(best.dev)} on the dev split"
    return " ".join([f"a free baseline: {best.title}, {best.clause}, has {value}", *_short_sample(baselines)])


def _short_sample(baselines: Baselines) -> list[str]:
    rows, sampled = baselines.rows["dev"], baselines.sampled["dev"]
    return [f"({sampled:,} of {rows:,} rows)"] if sampled < rows else []
