"""Thresholds come from dev, both splits have the same metrics, and a metric without a value has a reason."""

import numpy as np
import pytest

from seqtwin.metrics import METRICS, fit_on_dev, score_splits


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
