"""Every number with a name has one direction: a metric its own, every other number that of DIRECTIONS."""

from pathlib import Path

import numpy as np
import pytest

from headed import WITH_HEAD
from seqtwin.metrics import (
    CLASS_METRICS,
    DIRECTIONS,
    METRICS,
    RANKINGS,
    WRITTEN_METRICS,
    Measure,
    Metric,
    Ranking,
    chance_of,
    direction_of,
    measure_ranking,
    metric_name,
)
from seqtwin.reporting.findings.rules import RULES

EXPERIMENTS = Path(__file__).parents[2] / "experiments"
FAMILIES = {**METRICS, **CLASS_METRICS, **WRITTEN_METRICS, **RANKINGS}
OTHERS = {
    "span_f1",
    "nn_accuracy",
    "nn_accuracy_scaled",
}  # computed elsewhere, members of no family
DIAGNOSED = {rule.shown[0][1] for rule in RULES.values()}


def published_metrics() -> set[str]:
    """The metrics of every committed result, without their split."""
    heads = {
        name
        for path in EXPERIMENTS.rglob("results.csv")
        for name in path.read_text(encoding="utf-8").partition("\n")[0].split(",")
    }
    prefixes = ("dev_", "test_", "untrained_", "retrieval_")
    return {name.removeprefix(prefix) for name in heads for prefix in prefixes if name.startswith(prefix)}


def test_every_metric_has_a_direction():
    assert sorted(name for name in {*FAMILIES, *OTHERS, *DIAGNOSED} if direction_of(name) is None) == []
    assert sorted(name for name in FAMILIES if direction_of(name) != FAMILIES[name].direction) == []


def test_every_direction_belongs_to_a_number_that_exists():
    assert sorted(set(DIRECTIONS) - {*OTHERS, *DIAGNOSED}) == []


def test_no_direction_is_given_twice():
    assert sorted(set(DIRECTIONS) & set(FAMILIES)) == []
    tables = (METRICS, CLASS_METRICS, WRITTEN_METRICS, RANKINGS)
    for name in FAMILIES:  # a metric of pairs can also be one of classes or rankings
        assert len({(table[name].name, table[name].direction) for table in tables if name in table}) == 1


def test_every_metric_has_a_name_that_no_other_has():
    for table in (METRICS, CLASS_METRICS, WRITTEN_METRICS, RANKINGS):
        names = [metric.name for metric in table.values()]
        assert all(names)
        assert len(set(names)) == len(names)
    assert metric_name("mse_iso") == "MSE (isotonic)"


@pytest.mark.parametrize("make", [Metric, Measure, Ranking])
def test_a_metric_without_a_direction_cannot_be_made(make):
    with pytest.raises(TypeError):
        make("mine", function=max)


def test_every_published_metric_has_a_direction():
    names = published_metrics()
    assert {"mse", "mse_iso", "edit_distance", "recall@10", "nn_accuracy"} <= names
    assert sorted(name for name in names if direction_of(name) is None) == []


def test_only_diagnostics_may_have_no_better_end():
    assert {name for name, one in DIRECTIONS.items() if one.better == "neither"} <= DIAGNOSED
    assert {metric.direction.better for metric in FAMILIES.values()} == {"higher", "lower"}


TARGETS = np.array([0.0, 1.0, 0.0, 1.0, 0.0])


@pytest.mark.parametrize("name", METRICS)
def test_right_scores_lie_at_the_better_end_of_a_pair_metric(name):
    right, wrong = (METRICS[name].function(scores, TARGETS) for scores in (TARGETS, 1 - TARGETS))
    assert (right > wrong) == (direction_of(name).better == "higher")


@pytest.mark.parametrize("name", CLASS_METRICS)
def test_right_classes_lie_at_the_better_end_of_a_class_metric(name):
    right = CLASS_METRICS[name].function([[0.9, 0.1], [0.1, 0.9]], np.array([0, 1]))
    wrong = CLASS_METRICS[name].function([[0.9, 0.1], [0.1, 0.9]], np.array([1, 0]))
    assert (right > wrong) == (direction_of(name).better == "higher")


@pytest.mark.parametrize("name", WRITTEN_METRICS)
def test_right_texts_lie_at_the_better_end_of_a_text_metric(name):
    right, wrong = (WRITTEN_METRICS[name].function([text], ["paris"]) for text in ("paris", "tokio"))
    assert (right > wrong) == (direction_of(name).better == "higher")


@pytest.mark.parametrize("name", RANKINGS)
def test_the_relevant_item_first_lies_at_the_better_end_of_a_ranking_metric(name):
    asked = f"{name}@1" if RANKINGS[name].at_depth else name
    (right, wrong) = (measure_ranking([scores], [{0}], [asked])[0][asked] for scores in ([2.0, 1.0], [1.0, 2.0]))
    assert (right > wrong) == (direction_of(asked).better == "higher")


@pytest.mark.parametrize("name", [name for name in METRICS if chance_of(name) is not None])
def test_random_scores_reach_chance(name):
    draw = np.random.default_rng(0)
    scores, targets = draw.random(4000), (draw.random(4000) < 0.2).astype(float)
    given = (scores > 0.5).astype(float) if METRICS[name].of == "calls" else scores
    assert METRICS[name].function(given, targets) == pytest.approx(chance_of(name), abs=0.05)


def test_what_training_and_tuning_maximise_is_better_when_higher():
    primaries = {"roc_auc", "spearman", *(objective.examples.primary for objective in WITH_HEAD.values())}
    assert {direction_of(name).better for name in primaries} == {"higher"}
