"""Fits a re-ranker: its judges of spelling and vectors to the train pairs, and the weights of the judges to dev pairs.

The encoder has learnt the train pairs, so its similarity is nearly perfect there, and a judge fitted on it would trust
it too much. The spelling and the vectors are therefore judged apart from the similarity, and the weights of the three
come from dev pairs, which the encoder was not trained on.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import numpy as np

from seqtwin.errors import DataError
from seqtwin.metrics import METRICS, fit_threshold
from seqtwin.reranker.calibration import brier_score, calibration_error, reliability
from seqtwin.reranker.lexical_features import WordWeights, lexical_features
from seqtwin.reranker.random_forest import Forest
from seqtwin.reranker.reranker import (
    JUDGEMENTS,
    EncodedPairs,
    LinearMap,
    Measured,
    Reranker,
    judge_pairs,
    sigmoid,
    vector_features,
)

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

TREES, LEAVES, LEAST_IN_LEAF = 100, 256, 3
MOST_PAIRS, MOST_VECTORS = 50_000, 10_000  # train pairs used, which bounds time and memory
FOLDS = 5
LEAST_OF_LABEL = 20  # dev pairs of each label
_WEAK = 0.01  # C of the linear map of vectors, which has more features than many data sets have pairs

Labels = np.ndarray


@dataclass(frozen=True)
class JudgedPairs:
    """Encoded pairs with their targets in [0, 1]. `cut`: pairs with a target of at least this count as the same."""

    pairs: EncodedPairs
    targets: np.ndarray
    cut: float

    @property
    def same(self) -> Labels:
        """Whether each pair counts as the same: Bool[pairs]."""
        return np.asarray(self.targets >= self.cut)


def fit_reranker(train: JudgedPairs, dev: JudgedPairs, fingerprint: str, seed: int = 0) -> Reranker:
    """The re-ranker of an encoder (`fingerprint`) for labelled pairs.

    A random forest of the spelling and a logistic regression of the vectors are fitted to the train pairs. A logistic
    regression of their log odds and the similarity, fitted to the dev pairs, gives the probability (Platt scaling with
    three inputs). It is measured by 5-fold cross-validation on dev, which also chooses the threshold (highest F1).
    `seed`: of the forest and the folds.

    Raises: DataError for too few pairs of either label.
    Source: Breiman 2001 (random forests); Platt 1999 (probabilities); Wolpert 1992 (stacked generalisation).
    """
    for split, judged in (("train", train), ("dev", dev)):
        refuse_few(split, judged.same)
    texts = [*train.pairs.left, *train.pairs.right]
    rows = np.random.default_rng(seed).permutation(len(train.pairs))
    weights = WordWeights.of(texts)
    spelling = fit_spelling(_some(train, rows[:MOST_PAIRS]), weights, seed)
    vectors = fit_vectors(_some(train, rows[:MOST_VECTORS]))
    judgements = judge_pairs(dev.pairs, weights, spelling, vectors)
    held_out = cross_validate(judgements, dev.same, seed)
    combined = fit_logistic(judgements, dev.same)
    threshold = fit_threshold(held_out, dev.same)
    facts = measure_held_out(len(train.pairs), dev, combined, held_out, threshold)
    return Reranker(weights, spelling, vectors, combined, threshold, fingerprint, facts)


def refuse_few(split: str, same: Labels) -> None:
    """Raises: DataError for fewer pairs of either label than a re-ranker needs."""
    for name, count in (("the same", int(same.sum())), ("different", int((~same).sum()))):
        if count < LEAST_OF_LABEL:
            cause = f"{count} {split} pairs are {name}; a re-ranker needs at least {LEAST_OF_LABEL} of each label"
            raise DataError("RERANKER_FEW", cause, place=split, remedy="label more pairs")


def _some(judged: JudgedPairs, rows: np.ndarray) -> JudgedPairs:
    pairs, places = judged.pairs, rows.tolist()
    left, right = ([side[row] for row in places] for side in (pairs.left, pairs.right))
    chosen = EncodedPairs(left, right, pairs.a[rows], pairs.b[rows], pairs.similarity[rows])
    return JudgedPairs(chosen, judged.targets[rows], judged.cut)


def fit_spelling(train: JudgedPairs, weights: WordWeights, seed: int) -> Forest:
    """A random forest of the lexical features, fitted to the targets; graded ones are used as they are."""
    from sklearn.ensemble import RandomForestRegressor

    forest = RandomForestRegressor(
        TREES, max_features="sqrt", min_samples_leaf=LEAST_IN_LEAF, max_leaf_nodes=LEAVES, random_state=seed
    )
    features = lexical_features(train.pairs.left, train.pairs.right, weights)
    return as_arrays(forest.fit(features.astype(np.float32), train.targets))


def as_arrays(forest: "RandomForestRegressor") -> Forest:
    """The nodes of a forest of scikit-learn."""
    trees = [tree.tree_ for tree in forest.estimators_]
    roots = np.cumsum([0, *(tree.node_count for tree in trees[:-1])])
    leaf = np.concatenate([tree.children_left < 0 for tree in trees])

    def nodes(children: Callable[[int], np.ndarray]) -> np.ndarray:
        following = np.concatenate([children(place) + root for place, root in enumerate(roots.tolist())])
        return np.where(leaf, np.arange(len(leaf)), following)

    return Forest(
        roots,
        np.where(leaf, 0, np.concatenate([tree.feature for tree in trees])),
        np.where(leaf, 0.0, np.concatenate([tree.threshold for tree in trees])),
        nodes(lambda place: trees[place].children_left),
        nodes(lambda place: trees[place].children_right),
        np.concatenate([tree.value[:, 0, 0] for tree in trees]),
    )


def fit_vectors(train: JudgedPairs) -> LinearMap:
    """A logistic regression of |u - v| and u * v."""
    return fit_logistic(vector_features(train.pairs.a, train.pairs.b), train.same, strength=_WEAK)


def fit_logistic(features: np.ndarray, same: Labels, *, strength: float = 1.0) -> LinearMap:
    """The log odds of a logistic regression of standardised features. `strength`: C of scikit-learn."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(features)
    model = LogisticRegression(C=strength, max_iter=1000).fit(scaler.transform(features), same)
    weights = model.coef_[0] / scaler.scale_
    return LinearMap(weights, float(model.intercept_[0] - weights @ scaler.mean_))


def cross_validate(judgements: np.ndarray, same: Labels, seed: int) -> np.ndarray:
    """The probability of each pair by a map that was fitted without it: Float[pairs]."""
    from sklearn.model_selection import StratifiedKFold

    held_out = np.empty(len(same))
    for others, own in StratifiedKFold(FOLDS, shuffle=True, random_state=seed).split(judgements, same):
        held_out[own] = sigmoid(fit_logistic(judgements[others], same[others])(judgements[own]))
    return held_out


def measure_held_out(
    train_pairs: int, dev: JudgedPairs, combined: LinearMap, held_out: np.ndarray, threshold: float
) -> Measured:
    """The metrics of the cross-validated probabilities of the dev pairs, next to those of the similarity alone."""
    bins = reliability(held_out, dev.same)
    similarity = dev.pairs.similarity.astype(np.float64)
    calibration = {"brier": brier_score(held_out, dev.same), "calibration_error": calibration_error(bins)}
    return Measured(
        train_pairs,
        len(dev.pairs),
        int(dev.same.sum()),
        dict(zip(JUDGEMENTS, combined.weights.tolist(), strict=True)),
        {**_ranked(held_out, dev.same, threshold), **calibration},
        _ranked(similarity, dev.same, fit_threshold(similarity, dev.same)),
        [asdict(own) for own in bins],
    )


def _ranked(scores: np.ndarray, same: Labels, threshold: float) -> dict[str, float]:
    return {
        "roc_auc": METRICS["roc_auc"].function(scores, same),
        "f1": METRICS["f1"].function(scores >= threshold, same),
    }
