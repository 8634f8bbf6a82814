"""The scikit-learn estimator: its manners by scikit-learn's own checks, its numbers by scikit-learn's own metrics."""

import pickle
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, average_precision_score, f1_score, get_scorer, roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator
from sklearn.utils.validation import check_is_fitted, validate_data

import tiny
from seqtwin.errors import ConfigError, DataError, SeqTwinError
from seqtwin.inference.trained_encoder import load
from seqtwin.interop.sklearn import SiameseEncoder

SMALL: dict[str, Any] = {"hidden": 8, "embedding": 6, "epochs": 4, "lr": 0.05, "batch": 16}
ROWS = tiny.drawn_pairs(160, 0)
PAIRS = [(left, right) for left, right, _ in ROWS]
LABELS = [label for *_, label in ROWS]


@pytest.fixture(scope="module")
def fitted() -> SiameseEncoder:
    return SiameseEncoder(**SMALL).fit(PAIRS, LABELS)


class OnNumbers(SiameseEncoder):
    """The estimator with numbers spelt out as texts, so that the checks which feed float matrices reach its code."""

    def fit(self, X: Any, y: Any) -> "OnNumbers":
        X = validate_data(self, X)
        y = np.asarray(y, dtype=float).ravel()
        super().fit(_spelt(X), y > np.median(y))
        return self

    def transform(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "encoder_")
        return super().transform(_spelt(validate_data(self, X, reset=False)))

    def score_pairs(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "encoder_")
        return super().score_pairs(_spelt(validate_data(self, X, reset=False)))

    def score(self, X: Any, y: Any) -> float:
        y = np.asarray(y, dtype=float).ravel()
        return super().score(X, y > np.median(y))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array, tags.input_tags.string = True, False
        return tags


def _spelt(X: np.ndarray) -> list[tuple[str, str]]:
    return [(" ".join(f"{v:.1f}" for v in row), f"{row[0]:.1f}") for row in X]


NOT_APPLICABLE = {
    "check_fit2d_1sample": "refused, as it must be (one pair cannot be split), but by a DataError, no ValueError",
}


@pytest.mark.long
@pytest.mark.filterwarnings("ignore")
def test_the_checks_of_scikit_learn_pass() -> None:
    estimator = OnNumbers(hidden=4, embedding=4, epochs=2, lr=0.05)
    results = check_estimator(estimator, on_fail=None)
    failed = {r["check_name"]: str(r["exception"]) for r in results if r["status"] == "failed"}
    assert {name: why for name, why in failed.items() if name not in NOT_APPLICABLE} == {}
    assert sum(r["status"] == "passed" for r in results) >= 35


def test_score_is_the_auc_of_the_scores_and_predict_is_the_threshold(fitted: SiameseEncoder) -> None:
    scores = fitted.score_pairs(PAIRS)
    assert fitted.score(PAIRS, LABELS) == pytest.approx(roc_auc_score(LABELS, scores))
    assert fitted.score(PAIRS, LABELS) > 0.9
    np.testing.assert_array_equal(fitted.predict(PAIRS), scores >= fitted.threshold_)
    np.testing.assert_array_equal(fitted.decision_function(PAIRS), scores)


def test_texts_become_vectors_and_pairs_become_features(fitted: SiameseEncoder) -> None:
    texts = [left for left, _ in PAIRS[:7]]
    vectors = fitted.transform(texts)
    assert vectors.dtype == np.float32
    np.testing.assert_array_equal(vectors, fitted.to_encoder().encode(texts))
    u, v = vectors, fitted.transform([right for _, right in PAIRS[:7]])
    np.testing.assert_array_equal(fitted.transform(PAIRS[:7]), np.hstack([np.abs(u - v), u * v]))
    assert fitted.transform([]).shape == (0, vectors.shape[1])


def test_arrays_frames_and_lists_mean_the_same(fitted: SiameseEncoder) -> None:
    expected = fitted.score_pairs(PAIRS)
    for same in (np.array(PAIRS), np.array(PAIRS, dtype=object), pd.DataFrame(PAIRS), [list(p) for p in PAIRS]):
        np.testing.assert_array_equal(fitted.score_pairs(same), expected)


def test_the_same_seed_gives_the_same_estimator_and_no_other_generator_moves(fitted: SiameseEncoder) -> None:
    import torch

    before = torch.random.get_rng_state()
    again = clone(fitted).fit(np.array(PAIRS), np.array(LABELS))
    np.testing.assert_array_equal(again.score_pairs(PAIRS), fitted.score_pairs(PAIRS))
    assert again.threshold_ == fitted.threshold_
    assert torch.equal(torch.random.get_rng_state(), before)
    other = clone(fitted).set_params(random_state=1).fit(PAIRS, LABELS)
    assert not np.array_equal(other.score_pairs(PAIRS), fitted.score_pairs(PAIRS))


def test_it_works_in_a_pipeline_at_both_ends() -> None:
    lower = FunctionTransformer(lambda X: [tuple(side.lower() for side in pair) for pair in X])
    upper = [(a.upper(), b.upper()) for a, b in PAIRS]
    last = Pipeline([("lower", lower), ("siamese", SiameseEncoder(**SMALL))]).fit(upper, LABELS)
    assert last.score(upper, LABELS) > 0.9
    first = Pipeline([("siamese", SiameseEncoder(**SMALL)), ("classify", LogisticRegression())]).fit(PAIRS, LABELS)
    assert first.score(PAIRS, LABELS) > 0.8


def test_a_grid_search_finds_parts() -> None:
    grid = {"representation": ["mean_output", "final_hidden"], "loss": ["mse", {"name": "contrastive"}]}
    search = GridSearchCV(SiameseEncoder(**{**SMALL, "epochs": 2}), grid, cv=2, error_score="raise")
    search.fit(np.array(PAIRS), LABELS)
    assert search.best_score_ > 0.7
    assert search.best_estimator_.predict(PAIRS).shape == (160,)


def test_rows_sorted_by_label_need_stratified_folds() -> None:
    # scikit-learn 1.9: an integer is KFold without shuffling, unless is_classifier(estimator)
    order = np.argsort(LABELS, kind="stable")
    pairs, labels = np.array(PAIRS)[order], np.array(LABELS)[order]
    estimator = SiameseEncoder(**SMALL)
    assert cross_val_score(estimator, pairs, labels, cv=StratifiedKFold(2), error_score="raise").min() > 0.7
    with pytest.raises(DataError, match="only one class is present"):
        cross_val_score(estimator, pairs, labels, cv=2, error_score="raise")


@pytest.mark.parametrize("scoring", ["roc_auc", "average_precision", "f1", "accuracy"])
def test_the_scorers_of_scikit_learn_take_it(fitted: SiameseEncoder, scoring: str) -> None:
    expected = {"roc_auc": roc_auc_score, "average_precision": average_precision_score}.get(scoring)
    value = get_scorer(scoring)(fitted, PAIRS, LABELS)
    if expected is None:
        function = {"f1": f1_score, "accuracy": accuracy_score}[scoring]
        assert value == pytest.approx(function(LABELS, fitted.predict(PAIRS)))
    else:
        assert value == pytest.approx(expected(LABELS, fitted.score_pairs(PAIRS)))


def test_a_fitted_estimator_survives_pickling_and_saving(fitted: SiameseEncoder, tmp_path: Path) -> None:
    expected = fitted.score_pairs(PAIRS)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).score_pairs(PAIRS), expected)
    encoder = load(fitted.save(tmp_path / "encoder"))
    np.testing.assert_array_equal(encoder.score(*zip(*PAIRS, strict=True)), expected)
    assert encoder.threshold == fitted.threshold_
    with pytest.raises(ConfigError, match="never overwritten"):
        fitted.save(tmp_path / "encoder")


def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    SiameseEncoder(**{**SMALL, "epochs": 1}).fit(PAIRS, LABELS)
    assert list(tmp_path.iterdir()) == []


def test_graded_targets_are_taken() -> None:
    graded = np.where(LABELS, 0.9, 0.2)
    fitted = SiameseEncoder(**SMALL).fit(PAIRS, graded)
    assert fitted.score(PAIRS, graded) > 0.8


@pytest.mark.parametrize("method", ["transform", "score_pairs", "predict", "decision_function"])
def test_what_is_not_fitted_says_so(method: str) -> None:
    with pytest.raises(NotFittedError):
        getattr(SiameseEncoder(), method)(PAIRS)


@pytest.mark.parametrize(
    ("X", "y", "code"),
    [
        (["ab", "cd"], [1, 0], "SKLEARN_INPUT"),
        ([("a", 1)], [1], "SKLEARN_INPUT"),
        ([("a", "b", "c")], [1], "SKLEARN_INPUT"),
        ("text", [1], "SKLEARN_INPUT"),
        (3, [1], "SKLEARN_INPUT"),
        (pd.DataFrame({"l": ["a", None], "r": ["b", "c"]}), [1, 0], "SKLEARN_INPUT"),
        (PAIRS, LABELS[:-1], "SKLEARN_TARGET"),
        (PAIRS, [2] * len(PAIRS), "SKLEARN_TARGET"),
        (PAIRS, [float("nan")] * len(PAIRS), "SKLEARN_TARGET"),
        (PAIRS, ["same"] * len(PAIRS), "SKLEARN_TARGET"),
        (PAIRS[:1], [1], "DATA_TOO_FEW"),
        ([], [], "DATA_TOO_FEW"),
        ([("", "a")] * 2 + PAIRS, [1, 0, *LABELS], "DATA_EMPTY_TEXT"),
    ],
)
def test_bad_input_is_one_typed_error(X: Any, y: Any, code: str) -> None:
    with pytest.raises(SeqTwinError) as caught:
        SiameseEncoder(**SMALL).fit(X, y)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"representation": "mean_outptu"}, "mean_output"),
        ({"cell": "gru", "representation": "final_cell"}, "cell state"),
        ({"dev_fraction": 1.0}, "between 0 and 1"),
        ({"hidden": 0}, "hidden"),
    ],
)
def test_bad_settings_are_refused_when_fitting(settings: dict[str, Any], match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        SiameseEncoder(**settings).fit(PAIRS, LABELS)


def test_texts_are_folded_and_empty_ones_kept_where_that_is_asked_for() -> None:
    rows = [("\u00c9A", "ea"), ("", "b"), *PAIRS]
    fitted = SiameseEncoder(**{**SMALL, "epochs": 1}, normalize="fold", empty="unk").fit(rows, [1, 0, *LABELS])
    upper = fitted.transform(["\u00c9A", "ea", "", "\u2603"])
    np.testing.assert_allclose(upper[0], upper[1], atol=1e-6)
    np.testing.assert_allclose(upper[2], upper[3], atol=1e-6)


def test_pairs_of_one_class_give_no_threshold_and_no_score() -> None:
    fitted = SiameseEncoder(**SMALL).fit(PAIRS, [0] * len(PAIRS))
    assert fitted.threshold_ is None
    with pytest.raises(ConfigError, match="no threshold"):
        fitted.predict(PAIRS)
    with pytest.raises(DataError, match="roc_auc"):
        fitted.score(PAIRS, [0] * len(PAIRS))


def test_a_sum_of_losses_and_the_options_of_training_are_those_of_a_config() -> None:
    loss = {"sum": ["mse", {"name": "in_batch", "temperature": 0.1}], "weights": [1, 0.1]}
    options: dict[str, Any] = {"average": "ema", "rates": {"embedding": 0.5}, "balance": 0.4}
    plain = SiameseEncoder(**SMALL, loss=loss).fit(PAIRS, LABELS)
    for name, value in options.items():
        changed = SiameseEncoder(**SMALL, loss=loss, **{name: value}).fit(PAIRS, LABELS)
        assert not np.array_equal(changed.transform(["abc"]), plain.transform(["abc"])), name
    with pytest.raises(DataError, match=r"fit\.balance needs labels 0 and 1"):
        SiameseEncoder(**SMALL, balance=0.5).fit(PAIRS, [0.5, *LABELS[1:]])
    with pytest.raises(ConfigError, match=r"unknown key 'embeding' in fit\.rates"):
        SiameseEncoder(**SMALL, rates={"embeding": 0.5}).fit(PAIRS, LABELS)
