"""Probes of a frozen encoder: is the information in the vector, and does the similarity use it?

For every representation a linear head, a head of two layers and the similarity alone are scored on the same rows. Heads
are fitted by cross-validation, so they predict each row without having seen it. The encoder does not change.
Source: Alain & Bengio 2017 (linear classifier probes); Conneau et al. 2018 (probing sentence vectors).
"""

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, Protocol

import numpy as np
import torch

from seqtwin.data.batches import ClassStore, PairStore, Ragged
from seqtwin.data.cluster_intervals import interval_of
from seqtwin.lookup import Spec, pick
from seqtwin.metrics import METRICS, Undefined, chance_of, primary_metric
from seqtwin.model.siamese import Siamese
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.run.prepared_data import PreparedExamples
from seqtwin.run.probe_scores import OWN, Probed, Probes
from seqtwin.training.diagnostics.every_representation import PENALTY, pair_features, probe, read_items
from seqtwin.training.encode_store import part_of

if TYPE_CHECKING:
    from sklearn.base import BaseEstimator
    from sklearn.pipeline import Pipeline

FOLDS = 3
MOST_ROWS = 2000  # training rows, where every study cell fits a probe
# Adam would leave some rows unlearned after the same time
DEEP: Final = {"solver": "lbfgs", "max_iter": 60, "alpha": 1.0}

OnRead = Callable[[int, int], None]
Predict = Callable[[np.ndarray], np.ndarray]
Fit = Callable[[np.ndarray, np.ndarray], Predict]


class Compare(Protocol):
    """A similarity of two vectors. `matrix`: of all pairs of two sets of vectors."""

    def __call__(self, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor: ...

    def matrix(self, a: torch.Tensor, b: torch.Tensor) -> torch.Tensor: ...


def unheard(_done: int, _of: int) -> None:
    """Ignore the progress."""


def probe_classes(
    model: Siamese,
    items: Ragged,
    classes: np.ndarray,
    similarity: Spec,
    *,
    seed: int = 0,
    on_read: OnRead = unheard,
) -> Probes:
    """Accuracy of every head on the class of every item, by cross-validation stratified by class.

    The similarity predicts the class of the nearest item. `classes`: Int[items]. `similarity`: its spec.
    `on_read(done, count)` is called before each representation.

    Raises: ValueError where a class has fewer items than there are folds.
    """
    folds, vectors_of = list(_class_folds(classes, seed)), _representations(model, items)
    probed: list[Probed] = []
    for done, (name, vectors) in enumerate(vectors_of.items()):
        on_read(done, len(vectors_of))
        answers = {
            "linear": _cross_predict(vectors, classes, folds, _linear_classes),
            "two layers": _cross_predict(vectors, classes, folds, _deep_classes(seed)),
            "similarity": _nearest(vectors, classes, folds, _compare(model, name, similarity, vectors.shape[1])),
        }
        probed += [_score_classes(name, head, predicted == classes) for head, predicted in answers.items()]
    chance = float(np.bincount(classes).max() / len(classes))
    return Probes("accuracy", chance, len(classes), tuple(probed))


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
    """The primary metric of every head on pairs, by cross-validation. Pairs of one cluster are in one fold.

    Heads use |u - v| and u * v; the similarity needs no fitting. Targets >= `cut` are "same". `similarity`: its spec.
    `on_read(done, count)` is called before each representation.

    Raises: ValueError for too few clusters, and for targets that are all the same.
    """
    used = part_of(store, np.arange(len(store)))
    metric_name = primary_metric(store.target)
    metric = METRICS[metric_name]
    target = (used.target >= cut).astype(np.float64) if metric.targets == "binary" else used.target
    folds, vectors_of = list(_group_folds(clusters)), _representations(model, used.items)
    probed: list[Probed] = []
    binary = metric.targets == "binary"
    for done, (name, vectors) in enumerate(vectors_of.items()):
        on_read(done, len(vectors_of))
        left, right = (torch.from_numpy(vectors[side]) for side in (used.left, used.right))
        features = pair_features(left, right)
        compare = _compare(model, name, similarity, vectors.shape[1])
        with torch.inference_mode():
            alone = compare(left, right).numpy()
        scores = {
            "linear": _cross_predict(features, target, folds, _linear_scores(binary)),
            "two layers": _cross_predict(features, target, folds, _deep_scores(binary, seed)),
            "similarity": alone,
        }
        probed += [_score_pairs(name, head, own, target, clusters, metric.function) for head, own in scores.items()]
    return Probes(metric_name, chance_of(metric_name) or 0.0, len(target), tuple(probed))


def probe_reads(model: Siamese, prepared: PreparedExamples) -> dict[str, dict[str, float | None]]:
    """Accuracy of a linear probe on every representation, fitted on training items: {representation: {dev, test}}.

    `prepared`: data with one class per sequence.
    """
    stores = {split: store for split, store in prepared.stores.items() if isinstance(store, ClassStore)}
    train = stores["train"]
    rows = np.random.default_rng(0).permutation(len(train))[:MOST_ROWS]
    vectors_of = {split: _representations(model, store.items) for split, store in stores.items()}
    accuracies: dict[str, dict[str, float | None]] = {}
    for name, vectors in vectors_of["train"].items():
        predict = _linear_classes(vectors[rows], train.target[rows])
        accuracies[name] = {
            split: float(np.mean(predict(vectors_of[split][name]) == stores[split].target)) for split in ("dev", "test")
        }
    return accuracies


def _representations(model: Siamese, items: Ragged) -> dict[str, np.ndarray]:
    """Vectors of every representation without parameters, and of the trained one with its projection."""
    read = read_items(model, items)
    return {name: vectors.cpu().numpy() for name, vectors in {OWN: read.own, **read.plain}.items()}


def _compare(model: Siamese, name: str, similarity: Spec, width: int) -> Compare:
    if name == OWN:
        return model.similarity
    by = similarity if model.similarity.indexable else "cosine"
    compare: Compare = pick(SIMILARITIES, by, "similarity", width)
    return compare


def _cross_predict(features: np.ndarray, target: np.ndarray, folds: list[np.ndarray], fit: Fit) -> np.ndarray:
    """The prediction for every row from the head that was fitted on the other folds."""
    predicted = np.empty(len(target), dtype=np.float64)
    for held_out in folds:
        rest = np.setdiff1d(np.arange(len(target)), held_out)
        predicted[held_out] = fit(features[rest], target[rest])(features[held_out])
    return predicted


def _nearest(vectors: np.ndarray, classes: np.ndarray, folds: list[np.ndarray], compare: Compare) -> np.ndarray:
    """The class of the nearest row of the other folds for every row; the first of equals."""

    def fit(gallery: np.ndarray, labels: np.ndarray) -> Predict:
        def predict(queries: np.ndarray) -> np.ndarray:
            with torch.inference_mode():
                scores = compare.matrix(torch.from_numpy(queries), torch.from_numpy(gallery)).numpy()
            return np.asarray(labels[scores.argmax(axis=1)])

        return predict

    return _cross_predict(vectors, classes, folds, fit)


def _fit_scaled(kind: "BaseEstimator", features: np.ndarray, target: np.ndarray) -> "Pipeline":
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    # some BLAS kernels raise the processor's invalid flag on finite numbers; scikit-learn refuses others
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # a probe that has not quite converged still predicts
        warnings.simplefilter("ignore", ConvergenceWarning)
        return make_pipeline(StandardScaler(), kind).fit(features, target)


def _linear_classes(features: np.ndarray, target: np.ndarray) -> Predict:
    from sklearn.linear_model import LogisticRegression

    fitted = _fit_scaled(LogisticRegression(C=1 / PENALTY, tol=1e-3), features, target)
    return lambda fresh: np.asarray(fitted.predict(fresh))


def _deep_classes(seed: int) -> Fit:
    def fit(features: np.ndarray, target: np.ndarray) -> Predict:
        from sklearn.neural_network import MLPClassifier

        hidden = (features.shape[1],)
        fitted = _fit_scaled(MLPClassifier(hidden_layer_sizes=hidden, random_state=seed, **DEEP), features, target)
        return lambda fresh: np.asarray(fitted.predict(fresh))

    return fit


def _linear_scores(binary: bool) -> Fit:
    def fit(features: np.ndarray, target: np.ndarray) -> Predict:
        return lambda fresh: probe((features, target), fresh, classes=binary)

    return fit


def _deep_scores(binary: bool, seed: int) -> Fit:
    def fit(features: np.ndarray, target: np.ndarray) -> Predict:
        from sklearn.neural_network import MLPClassifier, MLPRegressor

        kind = MLPClassifier if binary else MLPRegressor
        hidden = (features.shape[1] // 2,)
        fitted = _fit_scaled(kind(hidden_layer_sizes=hidden, random_state=seed, **DEEP), features, target)
        return lambda fresh: np.asarray(fitted.predict_proba(fresh)[:, 1] if binary else fitted.predict(fresh))

    return fit


def _class_folds(classes: np.ndarray, seed: int) -> Iterator[np.ndarray]:
    from sklearn.model_selection import StratifiedKFold

    fewest = int(np.bincount(classes)[np.unique(classes)].min())
    if fewest < FOLDS:
        raise ValueError(f"expected at least {FOLDS} items of every class, but one class has {fewest}")
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(np.zeros(len(classes)), classes)
    return (held_out for _, held_out in folds)


def _group_folds(clusters: np.ndarray) -> Iterator[np.ndarray]:
    """Folds that do not split a cluster."""
    from sklearn.model_selection import GroupKFold

    if len(np.unique(clusters)) < FOLDS:
        raise ValueError(f"expected at least {FOLDS} groups of pairs without a shared text")
    return (held_out for _, held_out in GroupKFold(FOLDS).split(clusters, groups=clusters))


def _score_classes(name: str, head: str, right: np.ndarray) -> Probed:
    span = interval_of(lambda rows: float(right[rows].mean()), np.arange(len(right)))
    low, high = span or (None, None)
    return Probed(name, head, float(right.mean()), low, high)


def _score_pairs(
    name: str, head: str, scores: np.ndarray, target: np.ndarray, clusters: np.ndarray, metric: Callable[..., float]
) -> Probed:
    def value(rows: np.ndarray) -> float | None:
        try:
            return metric(scores[rows], target[rows])
        except Undefined:
            return None

    span = interval_of(value, clusters)
    low, high = span or (None, None)
    overall = value(np.arange(len(scores)))
    if overall is None:
        raise ValueError("all pairs have the same target")
    return Probed(name, head, overall, low, high)
