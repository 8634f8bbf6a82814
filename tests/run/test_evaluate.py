"""Thresholds come from dev, the same metrics stand in both splits, and what has no value says why."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from torch import nn

import tiny
from seqtwin.config import parse_run
from seqtwin.data.batches import Ragged
from seqtwin.data.pairs import Retrieval
from seqtwin.metrics import METRICS
from seqtwin.run.evaluate import RETRIEVAL, fit_on_dev, judge, judge_untrained, score_splits
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.prepared_data import Prepared
from seqtwin.run.train import fresh_model
from seqtwin.training.encode_store import encode_items, only, predict, score_matrix


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    return prepare_pairs(parse_run(tiny.raw_run(tiny.write_pairs(tmp_path))))


def model_of(prepared: Prepared) -> Any:
    raw = {"data": {"name": "digits"}, "encoder": {"embedding": 6, "hidden": 8}}
    return fresh_model(parse_run(raw), prepared)


def test_scores_hold_the_same_keys_in_both_splits(prepared: Prepared) -> None:
    model = model_of(prepared)
    found = judge(model, prepared, judge_untrained(model, prepared))
    assert list(found.scores["dev"]) == list(found.scores["test"]) == list(METRICS)
    assert found.scores["primary"] == "roc_auc"
    assert found.scores["undefined"] == {}
    assert found.status == "finished"
    assert found.scores["untrained"] == found.scores["test"]  # nothing was trained in between
    target = prepared.stores["test"].target
    assert found.scores["test"]["roc_auc"] == pytest.approx(
        roc_auc_score(target, predict(model, prepared.stores["test"]))
    )


def test_the_threshold_is_chosen_on_dev_and_applied_to_test() -> None:
    scores = {"dev": np.array([0.9, 0.8, 0.2, 0.1]), "test": np.array([0.9, 0.4, 0.6, 0.1])}
    targets = {"dev": np.array([1.0, 1, 0, 0]), "test": np.array([1.0, 1, 0, 0])}
    values, undefined, fitted = score_splits(scores, targets, 0.5)
    assert fitted.threshold == 0.5
    assert values["dev"]["accuracy"] == 1.0
    assert values["test"]["accuracy"] == 0.5
    assert undefined == {}


def test_a_metric_undefined_in_one_split_is_left_out_of_both_and_says_why() -> None:
    scores = {"dev": np.array([0.9, 0.8, 0.2]), "test": np.array([0.9, 0.4, 0.6])}
    targets = {"dev": np.array([1.0, 1, 1]), "test": np.array([1.0, 1, 0])}
    values, undefined, _ = score_splits(scores, targets, 0.5)
    assert list(values["dev"]) == list(values["test"])
    assert "roc_auc" not in values["test"]
    assert "only one class is present" in undefined["roc_auc"]
    assert undefined["roc_auc"].startswith("dev: ")
    assert set(values["test"]) | set(undefined) == set(METRICS)


@pytest.mark.parametrize("scale", [1.0, 1e-9, 300.0])
def test_no_threshold_lies_between_two_roundings_of_one_score(scale: float) -> None:
    below = float(np.nextafter(np.float32(1), np.float32(0)))
    scores = scale * np.array([1.0, below, 1.0, below, 0.4])
    fitted = fit_on_dev(scores, np.array([1.0, 0.0, 1.0, 1.0, 0.0]), 0.5)
    assert fitted.threshold == pytest.approx(0.7 * scale, rel=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0, -3.0])
@pytest.mark.parametrize("noise", [0.0, 1e-7])
def test_constant_scores_are_a_collapse(prepared: Prepared, value: float, noise: float) -> None:
    class Same(nn.Module):
        low, high = -5.0, 5.0

        def forward(self, a: Any, b: Any) -> Any:
            return a[..., 0] * noise * value + value

    model = model_of(prepared)
    model.similarity = Same()
    found = judge(model, prepared, {})
    assert found.status == "collapsed"
    if not noise:
        assert "all scores are equal" in found.scores["undefined"]["pearson"]


def test_small_scores_that_differ_are_no_collapse(prepared: Prepared) -> None:
    class Small(nn.Module):
        low, high = -1.0, 1.0

        def forward(self, a: Any, b: Any) -> Any:
            return a[..., 0] * 1e-9

    model = model_of(prepared)
    model.similarity = Small()
    assert judge(model, prepared, {}).status == "finished"


def test_what_was_predicted_is_kept_for_every_pair(prepared: Prepared) -> None:
    model = model_of(prepared)
    found = judge(model, prepared, {}).predicted
    for split in ("dev", "test"):
        np.testing.assert_array_equal(found[split], predict(model, prepared.stores[split]))


def test_a_retrieval_task_is_measured_where_there_is_one(prepared: Prepared) -> None:
    task = Retrieval(["abc", "fed"], ["abc", "fed", "cab"], [{0}, {1}])
    searched = replace(prepared, data=replace(prepared.data, retrieval=task))
    model = model_of(prepared)
    found = judge(model, searched, {}).scores["retrieval"]
    assert found["recall@1"] == found["mrr"] == 1.0  # a query is its own nearest text
    assert "retrieval" not in judge(model, prepared, {}).scores


def test_a_query_does_not_find_itself(prepared: Prepared) -> None:
    texts = ["abc", "abd", "fed", "fec", "a"]
    groups = [{1, 4}, {0, 4}, {3}, {2}, {0, 1}]
    task = Retrieval(texts, texts, groups, itself=range(5))
    model = model_of(prepared)
    found = judge(model, replace(prepared, data=replace(prepared.data, retrieval=task)), {}).scores["retrieval"]
    assert prepared.tokens is not None
    scores = score_matrix(model, *[encode_items(model, Ragged.of(prepared.tokens.encode(texts)))] * 2)
    ranks = []
    for query in range(5):
        order = sorted((i for i in range(5) if i != query), key=lambda i: -scores[query, i])
        ranks.append(next(place for place, i in enumerate(order, 1) if i in groups[query]))
    assert found["mrr"] == pytest.approx(np.mean([1 / place for place in ranks]))
    assert found["hit_rate@1"] == pytest.approx(np.mean([place == 1 for place in ranks]))
    assert set(found) == set(RETRIEVAL)


def test_a_task_without_an_answer_is_left_out(prepared: Prepared) -> None:
    task = Retrieval(["abc"], ["abc", "fed"], [set()])
    found = judge(model_of(prepared), replace(prepared, data=replace(prepared.data, retrieval=task)), {})
    assert "retrieval" not in found.scores


def test_series_are_searched_too() -> None:
    config = parse_run({"data": {"name": "digits", "pairs": 60}, "encoder": {"embedding": 6, "hidden": 8}})
    series = prepare_pairs(config)
    model = fresh_model(config, series)
    found = judge(model, series, {}).scores["retrieval"]
    task = series.data.retrieval
    assert task is not None
    vectors = encode_items(model, only(series.stores["test"].items, np.array(task.corpus)))
    scores = score_matrix(model, vectors, vectors).astype(float)
    np.fill_diagonal(scores, -np.inf)
    best = scores.argmax(1)
    assert found["hit_rate@1"] == pytest.approx(np.mean([b in r for b, r in zip(best, task.relevant, strict=True)]))
