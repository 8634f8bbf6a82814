"""The scores of an encoder: the same metrics in both splits, its search task, and when it has collapsed."""

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
from seqtwin.run.evaluate import RETRIEVAL, all_equal, judge, judge_untrained
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.prepared_data import Prepared
from seqtwin.training.encode_store import encode_items, predict, score_matrix


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


def test_one_test_pair_alone_is_no_collapse() -> None:
    one = np.array([0.4])
    assert not all_equal({"dev": np.array([0.1, 0.4]), "test": one})
    assert all_equal({"dev": np.array([0.4, 0.4]), "test": one})


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
    vectors = encode_items(model, series.stores["test"].items.only(np.array(task.corpus)))
    scores = score_matrix(model, vectors, vectors).astype(float)
    np.fill_diagonal(scores, -np.inf)
    best = scores.argmax(1)
    assert found["hit_rate@1"] == pytest.approx(np.mean([b in r for b, r in zip(best, task.relevant, strict=True)]))
