"""Two encoders on the same rows: the difference, its interval against a plain loop with scikit-learn, and refusals."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

import seqtwin
import tiny
import tiny_examples as toy
from seqtwin import cli
from seqtwin.config import parse_run
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.errors import ConfigError
from seqtwin.inference.evaluate.evaluate_data import evaluate_both
from seqtwin.inference.evaluate.evaluation import Difference, Evaluation, difference
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.metrics import METRICS
from seqtwin.run.train import train


@pytest.fixture
def encoders(tmp_path: Path) -> list[TrainedEncoder]:
    return [load(tiny.saved_encoder(tmp_path / f"encoder{place}", hidden=8 - 2 * place)) for place in (0, 1)]


@pytest.fixture
def pairs(tmp_path: Path) -> Path:
    """Pairs of which each but the last stands twice, in both orders, so that a group has two rows."""
    rows = [(left, right, label) for left, right, label in tiny.drawn_pairs(90, 5) if left != right]
    lines = [f"{a},{b},{label}" for left, right, label in rows for a, b in ((left, right), (right, left))]
    path = tmp_path / "pairs.csv"
    path.write_text("\n".join(["left,right,label", *lines]) + "\n", encoding="utf-8")
    return path


def test_the_interval_is_that_of_a_plain_paired_bootstrap(encoders: list[TrainedEncoder], pairs: Path) -> None:
    data = inspect_data(pairs)
    first, second = evaluate_both(encoders[0], encoders[1], data)
    found = difference(first, second)
    assert found is not None
    assert found.interval is not None
    table = np.genfromtxt(pairs, delimiter=",", skip_header=1, dtype=str)
    label = table[:, 2].astype(int)
    scores = [encoder.score(list(table[:, 0]), list(table[:, 1])) for encoder in encoders]
    own, other = (roc_auc_score(label, score) for score in scores)
    assert found.value == pytest.approx(own - other)
    rng, drawn = np.random.default_rng(7), []
    names = np.unique(first.clusters)
    for _ in range(400):
        rows = np.concatenate([np.flatnonzero(first.clusters == name) for name in rng.choice(names, len(names))])
        drawn.append(np.subtract(*(roc_auc_score(label[rows], score[rows]) for score in scores)))
    width = np.subtract(*found.interval)
    assert found.interval == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.15 * abs(width))


def test_the_same_encoder_differs_from_itself_by_nothing(encoders: list[TrainedEncoder], pairs: Path) -> None:
    data = inspect_data(pairs)
    found = difference(*evaluate_both(encoders[0], encoders[0], data))
    assert found is not None
    assert (found.value, found.interval, found.is_clear) == (0.0, (0.0, 0.0), False)
    assert "do not show" in found.sentence("a", "b")


def of(scores: np.ndarray, target: np.ndarray, metric: str) -> Evaluation:
    function = METRICS[metric].function
    return Evaluation(
        {metric: function(scores, target)}, {}, metric, lambda rows: function(scores[rows], target[rows]),
        np.arange(len(target)),
    )  # fmt: skip


@pytest.mark.parametrize("metric", ["spearman", "mse"])
def test_the_better_encoder_is_named_whatever_the_direction_and_order(metric: str) -> None:
    rng = np.random.default_rng(0)
    target = rng.random(200)
    good, bad = (of(target + noise * rng.normal(size=200), target, metric) for noise in (0.05, 0.8))
    for first, second, names in ((good, bad, ("good", "bad")), (bad, good, ("bad", "good"))):
        found = difference(first, second)
        assert found is not None
        assert found.sentence(*names).endswith("On these rows good is better.")


def test_few_groups_have_no_interval_and_no_verdict() -> None:
    found = Difference("roc_auc", 0.2, None, 12)
    assert not found.is_clear
    assert found.sentence("a", "b") == "roc_auc: +0.2000, without an interval, since it needs 20 groups of rows"
    rare = Difference("roc_auc", 0.2, None, 30)
    assert rare.sentence("a", "b").endswith("since too few rows have one of the labels")


def test_an_undefined_metric_has_no_difference() -> None:
    nothing = Evaluation({}, {"roc_auc": "only one class is present"}, "roc_auc", lambda rows: 0.0, np.arange(30))
    assert difference(nothing, nothing) is None


def test_encoders_of_other_tasks_are_refused(tmp_path: Path, encoders: list[TrainedEncoder], pairs: Path) -> None:
    raw = toy.raw_run("classes", toy.write_classes(tmp_path / "classes.csv"), fit={"epochs": 1})
    classifier = load(train(parse_run(raw), tmp_path / "run").path)
    with pytest.raises(ConfigError, match="the other encoder predicts the class of texts, this one compares texts"):
        evaluate_both(encoders[0], classifier, inspect_data(pairs))


def test_both_are_judged_by_the_labels_of_the_first(encoders: list[TrainedEncoder], pairs: Path) -> None:
    graded = pairs.with_name("graded.csv")
    rows = pairs.read_text(encoding="utf-8").splitlines()[1:]
    lines = [
        f"{row.rsplit(',', 1)[0]},{0.4 + 0.2 * (place % 2) if place % 3 else 0.1}" for place, row in enumerate(rows)
    ]
    graded.write_text("\n".join(["left,right,score", *lines]) + "\n", encoding="utf-8")
    encoders[1].facts["cut"] = 0.2  # type: ignore[index]
    _, told = evaluate_both(encoders[0], encoders[1], inspect_data(graded, ColumnOptions(scale=(0, 1))))
    labels = np.array([float(line.rsplit(",", 1)[1]) >= 0.5 for line in lines])
    scores = encoders[1].score(*([row.split(",")[side] for row in rows] for side in (0, 1)))
    assert told.values["roc_auc"] == pytest.approx(roc_auc_score(labels, scores))


def test_in_python(encoders: list[TrainedEncoder], pairs: Path) -> None:
    frame = encoders[0].evaluate(pairs, against=encoders[1])
    assert list(frame) == ["value", "undefined", "against", "difference", "low", "high"]
    assert frame["difference"].dropna().to_numpy() == pytest.approx((frame["value"] - frame["against"]).dropna())
    assert frame.index[frame["low"].notna()].tolist() == ["roc_auc"]
    folders = [encoder.home for encoder in encoders]
    assert folders[0] is not None
    assert seqtwin.evaluate(folders[0], pairs, against=folders[1]).equals(frame)
    assert list(encoders[0].evaluate(pairs)) == ["value", "undefined"]


def test_the_command_prints_both_and_a_verdict(
    encoders: list[TrainedEncoder], pairs: Path, monkeypatch: Any, capsys: Any
) -> None:
    monkeypatch.chdir(pairs.parent)
    typed = ["seqtwin", "evaluate", "encoder0", "pairs.csv", "--against", "encoder1"]
    for more in ([], ["--json"]):
        monkeypatch.setattr(sys, "argv", [*typed, *more])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert not caught.value.code
        said = capsys.readouterr().out
        if more:
            told = json.loads(said)
            frame = encoders[0].evaluate(pairs, against=encoders[1])
            assert told["difference"]["interval"] == frame.loc["roc_auc", ["low", "high"]].tolist()
            assert told["against"]["test"]["roc_auc"] == frame.loc["roc_auc", "against"]
        else:
            assert {"encoder0", "encoder1", "difference"} <= set(said.splitlines()[0].split())
            assert "roc_auc: " in said.splitlines()[-1]
