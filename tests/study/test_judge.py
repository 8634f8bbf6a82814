"""Thresholds come from dev, the same metrics stand in both splits, and what has no value says why."""

import csv
import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from torch import nn

import tiny
from seqtwin.config import parse_run
from seqtwin.data.pairs import PairData
from seqtwin.metrics import METRICS
from seqtwin.study.floors import FLOORS, measure_floors
from seqtwin.study.judge import judge, judge_untrained, score_splits
from seqtwin.study.prepare import Prepared, prepare
from seqtwin.study.run import fresh_model
from seqtwin.training.predict import predict


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    return prepare(parse_run(tiny.raw_run(tiny.write_pairs(tmp_path))))


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


def test_predictions_hold_every_pair_with_its_cluster(prepared: Prepared) -> None:
    model = model_of(prepared)
    rows = list(csv.DictReader(io.StringIO(judge(model, prepared, {}).predictions)))
    assert [row["split"] for row in rows] == ["dev"] * 40 + ["test"] * 40
    assert [int(row["row"]) for row in rows] == [*range(40), *range(40)]
    assert [int(row["cluster"]) for row in rows[40:]] == prepared.clusters["test"].tolist()
    np.testing.assert_allclose([float(r["target"]) for r in rows[40:]], prepared.stores["test"].target)
    np.testing.assert_allclose(
        [float(r["score"]) for r in rows[40:]], predict(model, prepared.stores["test"]), rtol=1e-6
    )
    assert not any(letter in row["score"] for row in rows for letter in "nN")


def test_a_retrieval_task_is_measured_where_there_is_one(prepared: Prepared) -> None:
    from seqtwin.data.pairs import Retrieval

    task = Retrieval(["abc", "fed"], ["abc", "fed", "cab"], [0, 1])
    searched = replace(prepared, data=replace(prepared.data, retrieval=task))
    model = model_of(prepared)
    found = judge(model, searched, {}).scores["retrieval"]
    assert found["recall@1"] == found["mrr"] == 1.0  # a query is its own nearest text
    assert "retrieval" not in judge(model, prepared, {}).scores


# floors


def test_floors_are_what_they_say() -> None:
    data = PairData.of(
        left=["paris", "rome", "oslo", "Paris", "roma", "osla", "lima"],
        right=["parigi", "roma", "lima", "paris", "rome", "oslo", "peru"],
        target=[1.0, 1, 0, 1, 1, 1, 0],
        split=["train", "train", "train", "test", "test", "dev", "dev"],
        name="tiny",
    )
    part = data.part("test")
    assert FLOORS["constant"](data, part).tolist() == [2 / 3, 2 / 3]
    assert FLOORS["tfidf_char"](data, part)[0] == pytest.approx(1.0)
    assert FLOORS["jaro_winkler"](data, part)[0] == 1.0
    found = measure_floors(data)
    assert set(found) == set(FLOORS)
    assert found["constant"]["undefined"]["pearson"].startswith(("dev: ", "test: "))
    assert all(entry["note"] for entry in found.values())


def test_series_have_a_constant_floor_only(tmp_path: Path) -> None:
    data = prepare(parse_run({"data": {"name": "digits", "pairs": 60}})).data
    assert list(measure_floors(data)) == ["constant"]
