"""Fitting a re-ranker: against scikit-learn, on dev pairs that it has not seen, and refusals."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from toy_reranker import pairs, reranker

from seqtwin.errors import DataError
from seqtwin.metrics import fit_threshold
from seqtwin.reranker.fit_reranker import cross_validate, fit_logistic, fit_reranker
from seqtwin.reranker.reranker import sigmoid

DEV = pairs(160, 1)
PLATT = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))


def test_the_probability_is_that_of_scikit_learn() -> None:
    judgements = reranker().judge(DEV.pairs)
    expected = PLATT.fit(judgements, DEV.same).predict_proba(judgements)[:, 1]
    np.testing.assert_allclose(reranker().probabilities(DEV.pairs), expected, atol=1e-9)


def test_the_cross_validation_is_that_of_scikit_learn() -> None:
    judgements = reranker().judge(DEV.pairs)
    folds = StratifiedKFold(5, shuffle=True, random_state=3)
    expected = cross_val_predict(PLATT, judgements, DEV.same, cv=folds, method="predict_proba")[:, 1]
    np.testing.assert_allclose(cross_validate(judgements, DEV.same, 3), expected, atol=1e-9)


def test_what_is_recorded_was_measured_on_held_out_pairs() -> None:
    fitted, facts = reranker(), reranker().facts
    held_out = cross_validate(fitted.judge(DEV.pairs), DEV.same, 0)
    assert fitted.threshold == fit_threshold(held_out, DEV.same)
    assert facts.dev["roc_auc"] == pytest.approx(roc_auc_score(DEV.same, held_out))
    assert facts.dev_encoder["roc_auc"] == pytest.approx(roc_auc_score(DEV.same, DEV.pairs.similarity))
    assert (facts.train_pairs, facts.dev_pairs, facts.dev_same) == (300, 160, int(DEV.same.sum()))
    assert sum(own["pairs"] for own in facts.reliability) == 160


def test_the_spelling_is_used_where_the_similarity_is_noise() -> None:
    fitted = fit_reranker(pairs(300, 0, share=0.0), pairs(160, 1, share=0.0), "f" * 64)
    new = pairs(200, 2, share=0.0)
    assert roc_auc_score(new.same, fitted.probabilities(new.pairs)) > 0.9
    assert roc_auc_score(new.same, new.pairs.similarity) < 0.7


def test_a_similarity_that_knows_the_train_pairs_gets_no_more_weight() -> None:
    # an encoder that has learnt its train pairs by heart: only dev shows what its similarity is worth
    perfect = pairs(300, 0)
    by_heart = replace(perfect, pairs=replace(perfect.pairs, similarity=perfect.targets.astype(np.float32)))
    fitted = fit_reranker(by_heart, pairs(160, 1), "f" * 64)
    assert fitted.facts == reranker().facts


def test_the_same_seed_gives_the_same_reranker() -> None:
    again = fit_reranker(pairs(300, 0), DEV, "f" * 64)
    assert again.probabilities(DEV.pairs).tolist() == reranker().probabilities(DEV.pairs).tolist()


def test_graded_targets_are_cut_for_the_probability() -> None:
    rng = np.random.default_rng(0)
    train, dev = (replace(own, targets=np.clip(own.targets * 0.6 + rng.uniform(0, 0.3, len(own.targets)), 0, 1))
                  for own in (pairs(300, 0), DEV))  # fmt: skip
    fitted = fit_reranker(train, dev, "f" * 64)
    assert roc_auc_score(dev.same, fitted.probabilities(dev.pairs)) > 0.9


def test_a_logistic_map_of_constant_features_is_finite() -> None:
    line = fit_logistic(np.column_stack([np.ones(40), np.arange(40.0)]), np.arange(40) > 20)
    assert np.isfinite(sigmoid(line(np.ones((3, 2))))).all()


@pytest.mark.parametrize("split", ["train", "dev"])
def test_too_few_pairs_of_a_label(split: str) -> None:
    few = replace(DEV, targets=np.ones(len(DEV.targets)))
    splits = {"train": DEV, "dev": DEV, split: few}
    with pytest.raises(DataError, match="are different") as caught:
        fit_reranker(splits["train"], splits["dev"], "f" * 64)
    assert (caught.value.code, caught.value.place) == ("RERANKER_FEW", split)
