"""Probes of a frozen encoder: is it in the vector, and can this similarity read it? Two questions, two numbers.

Every representation is read by a linear head, by one of two layers, and by the similarity alone, on the same rows, each
row predicted by what was fitted on the others (cross-validation). Nothing of the encoder changes.
Source: Alain & Bengio 2017 (linear classifier probes); Conneau et al. 2018 (probing sentence vectors).
"""

import warnings
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from seqtwin.data.batches import ClassStore, PairStore, Ragged
from seqtwin.lookup import Spec, pick
from seqtwin.metrics import METRICS, Undefined, chance_of, primary_metric
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.run.model_card import interval_of
from seqtwin.run.prepared import PreparedExamples
from seqtwin.training.diagnostics.every_representation import PENALTY, pair_features, probe, read_items
from seqtwin.training.encode_store import encode_items, part_of

FOLDS = 3
OWN = "as trained"
MOST_ROWS = 2000  # of training, where a probe is fitted for every study cell
# small steps (adam) of so many rounds leave few rows unlearnt; L-BFGS takes the same time and learns them
DEEP: dict[str, Any] = {"solver": "lbfgs", "max_iter": 60, "alpha": 1.0}
CLOSE = 0.03  # differences below it are left unsaid

OnRead = Callable[[int, int], None]


def unheard(_done: int, _of: int) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Probed:
    """What one head reads from one representation. `low`, `high`: 95 % over rows drawn anew; None with few of them."""

    representation: str
    head: str
    value: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Probes:
    """All of them, with the metric and what an answer that looks at nothing gets."""

    metric: str
    chance: float
    rows: int
    found: tuple[Probed, ...]

    def best(self, head: str) -> Probed:
        """The representation that this head reads best."""
        return max((one for one in self.found if one.head == head), key=lambda one: one.value)

    def of(self, representation: str, head: str) -> Probed:
        """What one head reads from one representation."""
        return next(one for one in self.found if (one.representation, one.head) == (representation, head))

    @property
    def verdict(self) -> str:
        """Where the information is, and whether the similarity in use reads it."""
        linear, alone, best = self.of(OWN, "linear"), self.of(OWN, "similarity"), self.best("linear")
        said = []
        if best.value > linear.value + CLOSE:
            said.append(f"{best.representation} holds more than the vector it was trained for ({linear.value:.3f}).")
        if linear.value > alone.value + CLOSE:
            said.append("The vector holds more than its similarity reads: another similarity or loss can gain.")
        return " ".join(said) or "What the vector holds, its similarity reads."

    def as_dict(self) -> dict[str, Any]:
        """The same for machines."""
        found = [asdict(one) for one in self.found]
        kept = {"metric": self.metric, "chance": self.chance, "rows": self.rows}
        return {**kept, "probes": found, "verdict": self.verdict}


def probe_classes(
    model: Siamese,
    items: Ragged,
    classes: np.ndarray,
    similarity: Spec,
    *,
    seed: int = 0,
    on_read: OnRead = unheard,
) -> Probes:
    """Accuracy of the class of every item, by cross-validation within the classes; `similarity`: the nearest item.

    Raises: ValueError where a class has fewer items than there are folds.
    """
    folds, read = list(_class_folds(classes, seed)), _readings(model, items)
    found: list[Probed] = []
    for done, (name, vectors) in enumerate(read.items()):
        on_read(done, len(read))
        answers = {
            "linear": _crossed(vectors, classes, folds, _linear_classes),
            "two layers": _crossed(vectors, classes, folds, _deep_classes(seed)),
            "similarity": _nearest(vectors, classes, folds, _compare(model, name, similarity, vectors.shape[1])),
        }
        found += [_probed(name, head, said == classes) for head, said in answers.items()]
    chance = float(np.bincount(classes).max() / len(classes))
    return Probes("accuracy", chance, len(classes), tuple(found))


def probe_pairs(
    model: Siamese,
    store: PairStore,
    cut: float,
    clusters: np.ndarray,
    similarity: Spec,
    *,
    seed: int = 0,
    on_read: OnRead = unheard,
) -> Probes:
    """The rank metric of pairs; those that share an item stand in one fold. Heads read |u - v| and u * v, the
    similarity needs no fitting."""
    used = part_of(store, np.arange(len(store)))
    metric_name = primary_metric(store.target)
    metric = METRICS[metric_name]
    target = (used.target >= cut).astype(np.float64) if metric.targets == "binary" else used.target
    folds, read = list(_group_folds(clusters)), _readings(model, used.items)
    found: list[Probed] = []
    binary = metric.targets == "binary"
    for done, (name, vectors) in enumerate(read.items()):
        on_read(done, len(read))
        left, right = (torch.from_numpy(vectors[side]) for side in (used.left, used.right))
        features = pair_features(left, right)
        compare = _compare(model, name, similarity, vectors.shape[1])
        with torch.inference_mode():
            alone = compare(left, right).numpy()
        said = {
            "linear": _crossed(features, target, folds, _linear_scores(binary)),
            "two layers": _crossed(features, target, folds, _deep_scores(binary, seed)),
            "similarity": alone,
        }
        found += [_ranked(name, head, scores, target, clusters, metric.function) for head, scores in said.items()]
    return Probes(metric_name, chance_of(metric_name) or 0.0, len(target), tuple(found))


def probe_reads(model: Siamese, prepared: PreparedExamples) -> dict[str, dict[str, float | None]]:
    """Accuracy of a linear probe on every representation, fitted on training items: {representation: {dev, test}}."""
    stores = {split: store for split, store in prepared.stores.items() if isinstance(store, ClassStore)}
    train = stores["train"]
    some = np.random.default_rng(0).permutation(len(train))[:MOST_ROWS]
    read = {split: _readings(model, store.items) for split, store in stores.items()}
    return {
        name: {
            split: float(np.mean(_linear_classes(vectors[some], train.target[some])(read[split][name]) == store.target))
            for split, store in stores.items()
            if split != "train"
        }
        for name, vectors in read["train"].items()
    }


def _readings(model: Siamese, items: Ragged) -> dict[str, np.ndarray]:
    """Vectors of every representation that has nothing to learn, and of the trained one with its projection."""
    plain = {name: vectors.cpu().numpy() for name, vectors in read_items(model, items).items()}
    return {OWN: encode_items(model, items).cpu().numpy(), **plain}


def _compare(model: Siamese, name: str, similarity: Spec, width: int) -> Any:
    if name == OWN:
        return model.similarity
    by = similarity if model.similarity.indexable else "cosine"
    compare: nn.Module = pick(SIMILARITIES, by, "similarity", width)
    return compare


def _crossed(features: np.ndarray, target: np.ndarray, folds: list[np.ndarray], fit: Any) -> np.ndarray:
    """Every row's answer from what was fitted on the other folds."""
    said = np.empty(len(target), dtype=np.float64)
    for held in folds:
        kept = np.setdiff1d(np.arange(len(target)), held)
        said[held] = fit(features[kept], target[kept])(features[held])
    return said


def _nearest(vectors: np.ndarray, classes: np.ndarray, folds: list[np.ndarray], compare: Any) -> np.ndarray:
    """Every row's class by the nearest row of the other folds; the first of equals."""

    def fit(gallery: np.ndarray, known: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        def said(queries: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                scores = compare.matrix(torch.from_numpy(queries), torch.from_numpy(gallery)).numpy()
            return np.asarray(known[scores.argmax(axis=1)])

        return said

    return _crossed(vectors, classes, folds, fit)


def _scaled(kind: Any, features: np.ndarray, target: np.ndarray) -> Any:
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    with warnings.catch_warnings():
        # a probe that would still move a little has its answers all the same
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(StandardScaler(), kind).fit(features, target)


def _linear_classes(features: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    from sklearn.linear_model import LogisticRegression

    fitted = _scaled(LogisticRegression(C=1 / PENALTY, tol=1e-3), features, target)
    return lambda fresh: np.asarray(fitted.predict(fresh))


def _deep_classes(seed: int) -> Any:
    def fit(features: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        from sklearn.neural_network import MLPClassifier

        hidden = (features.shape[1],)
        fitted = _scaled(MLPClassifier(hidden_layer_sizes=hidden, random_state=seed, **DEEP), features, target)
        return lambda fresh: np.asarray(fitted.predict(fresh))

    return fit


def _linear_scores(binary: bool) -> Any:
    def fit(features: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        return lambda fresh: probe((features, target), fresh, classes=binary)

    return fit


def _deep_scores(binary: bool, seed: int) -> Any:
    def fit(features: np.ndarray, target: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        kind = MLPClassifier if binary else MLPRegressor
        hidden = (features.shape[1] // 2,)
        fitted = _scaled(kind(hidden_layer_sizes=hidden, random_state=seed, **DEEP), features, target)
        return lambda fresh: np.asarray(fitted.predict_proba(fresh)[:, 1] if binary else fitted.predict(fresh))

    return fit


def _class_folds(classes: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(classes)[np.unique(classes)].min())
    if fewest < FOLDS:
        raise ValueError(f"every class needs {FOLDS} items to be probed; one has {fewest}")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(classes)), classes)
    return (held for _, held in folds)


def _group_folds(clusters: np.ndarray) -> Iterator[np.ndarray]:
    """Pairs that share an item stand in one fold."""
    from sklearn.model_selection import GroupKFold

    if len(np.unique(clusters)) < FOLDS:
        raise ValueError(f"the pairs hang together by their texts: {FOLDS} groups without a shared text are needed")
    return (held for _, held in GroupKFold(FOLDS).split(clusters, groups=clusters))


def _probed(name: str, head: str, right: np.ndarray) -> Probed:
    span = interval_of(lambda rows: float(right[rows].mean()), np.arange(len(right)))
    low, high = span or (None, None)
    return Probed(name, head, float(right.mean()), low, high)


def _ranked(
    name: str, head: str, scores: np.ndarray, target: np.ndarray, clusters: np.ndarray, metric: Callable[..., float]
) -> Probed:
    def value(rows: np.ndarray) -> float | None:
        try:
            return metric(scores[rows], target[rows])
        except Undefined:
            return None

    span = interval_of(value, clusters)
    low, high = span or (None, None)
    found = value(np.arange(len(scores)))
    if found is None:
        raise ValueError("the pairs hold one target only, so no probe can tell them apart")
    return Probed(name, head, found, low, high)
