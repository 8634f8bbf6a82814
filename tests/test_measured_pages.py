"""What benchmarks/small_series.py and benchmarks/distil.py measure again, and what they take as it is."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from benchmark_modules import benchmark
from seqtwin.config import RunConfig

ROOT = Path(__file__).parent.parent


SERIES, DISTIL = benchmark("small_series"), benchmark("distil")
BASELINES = {"rows": {"test": 40}, "warping": {"raw": 0.8, "scaled": 0.75}}


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trainings and baselines of a data set that cost nothing."""
    warping = {"dtw_1nn": {"test": {"accuracy": 0.8}}, "dtw_1nn_scaled": {"test": {"accuracy": 0.75}}}
    baselines = SimpleNamespace(rows=BASELINES["rows"], floors=warping)
    for name, function in {
        "starter": lambda name, folder: {},
        "DataSets": lambda: SimpleNamespace(prepare=lambda config: None),
        "measured_baselines": lambda config, data: baselines,
        "vary": lambda config, changes: changes,
        "measure_config": lambda config, folder: {"changes": dict(config)},
    }.items():
        monkeypatch.setattr(SERIES, name, function)


@pytest.mark.usefixtures("measured")
def test_only_the_missing_configs_of_a_data_set_are_measured() -> None:
    known = {**BASELINES, "starter": {"scores": "as they are"}}
    found = list(SERIES.measure_missing("set", known))
    assert found == [{**known, "recurrent": {"changes": {"encoder.kernels": None}}}]
    assert list(SERIES.measure_missing("set", found[-1])) == []


@pytest.mark.usefixtures("measured")
def test_a_data_set_is_measured_part_by_part() -> None:
    parts: list[set[str]] = [set(found) for found in map(dict, SERIES.measure_missing("set", {}))]
    assert parts == [{"rows", "warping"}, {"rows", "warping", "starter"}, {"rows", "warping", "starter", "recurrent"}]


def test_a_data_set_without_the_starter_config_is_not_in_the_page() -> None:
    assert "BasicMotions" not in SERIES.page({"BasicMotions": BASELINES}).split("##")[0]


def test_known_scores_of_a_student_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    known: dict[str, Any] = {"sick": [0.5], "stsb": [0.6], "qqp": [0.7], "cpu_seconds": [1.0]}
    monkeypatch.setattr(DISTIL, "trainings", lambda *_: pytest.fail("trained again"))
    assert DISTIL.measure("LSTM", known) == known


def test_speeds_need_no_trained_student(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An encoder that is there is taken; otherwise one epoch with the tuned teacher is enough."""
    trained: list[RunConfig] = []
    monkeypatch.setattr(DISTIL, "RUNS", tmp_path)
    monkeypatch.setattr(DISTIL, "tuned_teacher", lambda: tmp_path / "tuned")
    monkeypatch.setattr(DISTIL, "train_once", lambda config, folder: (trained.append(config), folder)[1])
    for name in ("SEQTWIN_DATA", "SEQTWIN_TEACHER"):
        monkeypatch.setenv(name, str(tmp_path / name))
    student = DISTIL.STUDENTS["LSTM"]
    assert DISTIL.timed_encoder(student) == tmp_path / "lstm" / "0" / "one-epoch"
    whole = DISTIL.student_config(student, 0)
    assert [config.fit.epochs for config in trained] == [1]
    assert trained[0].encoder == whole.encoder
    assert str(tmp_path / "tuned") in str(trained[0].objective)
    (tmp_path / "lstm" / "0" / "student").mkdir(parents=True)
    assert DISTIL.timed_encoder(student) == tmp_path / "lstm" / "0" / "student"
