"""A quick study: what it trains, what it stops, what it says, and that it ends in time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import tiny
from seqtwin import api
from seqtwin.config import StudyConfig, parse_study
from seqtwin.errors import ConfigError, ResourceError
from seqtwin.files import read_json
from seqtwin.quick_budget import QuickBudget, StoppedPairing
from seqtwin.reporting.page.spent_budget import budget_lines
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.study_table import StudyTable, read_study
from seqtwin.run.prepare import DataSets
from seqtwin.study import quick, rounds, worker_pool
from seqtwin.study.compare import CELLS, Study
from seqtwin.study.grid import expand_grid
from seqtwin.study.quick import Budget, quick_compare
from seqtwin.study.quick_plan import Cost
from seqtwin.study.rounds import HEATS, Heat, Outcome, heats_of, outcome_of, survivors
from seqtwin.study.tiers import TUNING_SEED
from seqtwin.study.trials import dev_value
from seqtwin.study.worker_pool import TimeUp, Work, run_all

GRID: dict[str, list[Any]] = {"representation": ["final_hidden", "mean_output", "max_output"], "loss": ["mse", "bce"]}
# one training takes 20 seconds by this clock: two rounds and 2 x 2 study cells fit into 3 minutes of two processes
SLOW = Cost(step=0.8, dev=0.0, rest=0.0, start=0.0, rows=96, batch=16, epochs=4)


def in_this_process(work: Work[Any], tasks: list[Any], folder: Path, *_: Any, **__: Any) -> None:
    for task in tasks:
        work.run(task, folder, work.data)


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> StudyConfig:
    data = tiny.write_pairs(tmp_path_factory.mktemp("quick") / "data")
    base = tiny.raw_run(data, fit={"epochs": 4, "batch": 16, "lr": 0.02})
    return parse_study({"base": base, "grid": GRID, "seeds": 3, "question": "why?"})


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Study]:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    monkeypatch.setattr(quick, "measure_cost", lambda *_: SLOW)

    def call(config: StudyConfig, minutes: float, out: str = "out", **more: Any) -> Study:
        return quick_compare(config, tmp_path / out, Budget(minutes, 2), **more)

    return call


@pytest.fixture(scope="module")
def halved(config: StudyConfig, tmp_path_factory: pytest.TempPathFactory) -> tuple[Study, list[str]]:
    notices: list[str] = []
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(worker_pool, "run_some", in_this_process)
        patched.setattr(quick, "measure_cost", lambda *_: SLOW)
        out = tmp_path_factory.mktemp("halved") / "out"
        study = quick_compare(config, out, Budget(2.0, 2), on_notice=notices.append)
    return study, notices


@pytest.fixture(scope="module")
def table(halved: tuple[Study, list[str]]) -> StudyTable:
    return read_study(halved[0].path)


@pytest.mark.long
def test_all_is_trained_in_full_where_the_minutes_suffice(config: StudyConfig, run: Callable[..., Study]) -> None:
    study = run(config.model_copy(update={"tune": False}), 60)
    assert study.planned == study.trained
    assert len(study.planned) == 6 * 3
    spent = read_json(study.path / "study.json")["quick"]
    assert (spent["stopped"], spent["trainings"], spent["steps"], spent["time_up"]) == ([], 18, 18 * 4 * 6, False)


def test_the_plan_is_stated_before_training(halved: tuple[Study, list[str]]) -> None:
    (line,) = halved[1]
    assert line.startswith("budget: 2 minutes on 2 processes, at most ")
    assert "6 pairings for 1 epoch, 3 pairings for 2 epochs, then 2 pairings x " in line


def test_what_was_stopped_is_not_in_the_study(halved: tuple[Study, list[str]], table: StudyTable) -> None:
    spent = read_json(halved[0].path / "study.json")["quick"]
    stopped = {tuple(one["labels"].values()) for one in spent["stopped"]}
    trained = set(zip(table.pairings["representation"], table.pairings["loss"], strict=True))
    assert len(stopped) == 4
    assert not stopped & trained
    assert len(stopped | trained) == 6
    assert all(one["dev"] is not None and one["epochs"] == one["round"] for one in spent["stopped"])
    assert table.meta["tuned"] is False


def test_the_best_on_dev_goes_on_with_the_best_of_each_loss(
    config: StudyConfig, halved: tuple[Study, list[str]]
) -> None:
    """The same by a plain loop over the published outcomes."""
    data, cells = DataSets(), expand_grid(config).cells
    left = {heat.pairing: heat for heat in heats_of(cells, 1, 0.25, data)}
    for number, (share, count) in enumerate([(0.25, 3), (0.5, 2)], 1):
        heats = heats_of([cell for cell in cells if cell.pairing in left], number, share, data)
        values = {}
        for heat in heats:
            outcome = outcome_of(heat, halved[0].path / "rounds")
            assert outcome is not None
            assert outcome["dev"] is not None
            values[heat.id] = outcome["dev"]
            assert heat.config.fit.seed == TUNING_SEED
        ranked = sorted(heats, key=lambda heat: -values[heat.id])
        first = [next(heat for heat in ranked if heat.labels["loss"] == loss) for loss in GRID["loss"]]
        chosen = [*first, *(heat for heat in ranked if heat not in first)][:count]
        left = {heat.pairing: heat for heat in chosen}
    assert set(left) == {id_.rpartition(".s")[0] for id_ in halved[0].planned}


def test_a_round_is_a_training_of_its_own(config: StudyConfig, halved: tuple[Study, list[str]]) -> None:
    data = DataSets()
    heat = heats_of(expand_grid(config).cells, 1, 0.25, data)[0]
    outcome = outcome_of(heat, halved[0].path / "rounds")
    assert outcome is not None
    assert outcome["dev"] == pytest.approx(dev_value(heat.config, data.prepare(heat.config)), abs=1e-6)
    assert (outcome["epochs"], outcome["steps"]) == (1, 6)


def test_the_page_says_what_was_spent_and_stopped(table: StudyTable, undrawn_report: dict[str, str]) -> None:
    for name in ("index.html", "report.md"):
        text = undrawn_report[name]
        assert "Quick study: " in text
        assert "4 pairings were stopped early" in text
        assert "no comparison includes them" in text
        assert "The time was up" not in text
        assert "Stopped early" in text
    assert "--quick --minutes 2" in undrawn_report["report.md"]


@pytest.fixture(scope="module")
def undrawn_report(table: StudyTable) -> dict[str, str]:
    def save(_figure: Any, target: Any, *, format: str, **_: Any) -> None:
        target.write('<svg viewBox="0 0 1 1"></svg>' if format == "svg" else b"")

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("matplotlib.figure.Figure.savefig", save)
        return {name: text for name, text in report_files(table).items() if isinstance(text, str)}


def test_no_comparison_includes_a_stopped_pairing(table: StudyTable) -> None:
    losses = set(table.pairings["loss"])
    named = {label for row in table.analysis["planned"] for side in ("left", "right") for label in row[side].values()}
    assert named <= losses | set(table.pairings["representation"])


@pytest.mark.long
def test_the_same_call_again_trains_nothing(config: StudyConfig, run: Callable[..., Study], tmp_path: Path) -> None:
    first = run(config, 2)
    spent = read_json(first.path / "study.json")["quick"]
    again = run(config, 2, on_notice=pytest.fail)
    assert (again.planned, again.trained) == (first.planned, [])
    later = read_json(first.path / "study.json")["quick"]
    assert later["spent"] >= spent["spent"]
    assert later["minutes"] > spent["minutes"]
    assert {**later, "spent": 0, "minutes": 0} == {**spent, "spent": 0, "minutes": 0}
    with pytest.raises(ConfigError) as caught:
        run(config.model_copy(update={"seeds": 2}), 2)
    assert caught.value.code == "STUDY_CHANGED"


@pytest.mark.long
def test_a_pairing_that_cannot_be_trained_is_stopped_first(
    config: StudyConfig, run: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(config: Any, *more: Any, **named: Any) -> float | None:
        if config.representation == "max_output":
            raise RuntimeError("no memory")
        return dev_value(config, *more, **named)

    monkeypatch.setattr(rounds, "dev_value", fail)
    study = run(config, 2)
    stopped = read_json(study.path / "study.json")["quick"]["stopped"]
    failed = [(one["dev"], one["round"]) for one in stopped if one["labels"]["representation"] == "max_output"]
    assert failed == [(None, 1)] * 2
    assert study.failed == []


@pytest.mark.long
def test_what_did_not_finish_in_time_is_ranked_by_the_round_before(
    config: StudyConfig, run: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(work: Work[Any], tasks: list[Any], folder: Path, *more: Any, **named: Any) -> None:
        if "round2" in tasks[0].id:
            raise TimeUp
        in_this_process(work, tasks, folder, *more, **named)

    monkeypatch.setattr(worker_pool, "run_some", late)
    study = run(config, 2)
    spent = read_json(study.path / "study.json")["quick"]
    assert len({id_.rpartition(".s")[0] for id_ in study.planned}) == 2
    assert [one["epochs"] for one in spent["stopped"]] == [1] * 4


def test_pairings_that_nobody_trained_are_not_called_stopped() -> None:
    stopped: list[StoppedPairing] = [
        {"labels": {"representation": "mean_output", "loss": "mse"}, "dev": 0.8, "round": 1, "epochs": 2},
        {"labels": {"representation": "max_output", "loss": "mse"}, "dev": None, "round": 1, "epochs": 0},
    ]
    budget = QuickBudget(
        minutes=1.0, spent=1.0, processes=2, trainings=3, steps=9, epochs=2, rows=90, of_rows=90, metric="roc_auc",
        stopped=stopped, time_up=False,
    )  # fmt: skip
    _, first, second = budget_lines(budget)
    assert first.startswith("1 pairing was stopped early, by the ROC-AUC on dev")
    assert "`mean_output with mse` .800 after 2 epochs" in first
    assert second.startswith("1 pairing was not trained, because it failed or the time was up: `max_output with mse`.")


def test_without_a_trained_pairing_there_is_an_error_and_no_empty_page(
    config: StudyConfig, run: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    def late(work: Work[Any], tasks: list[Any], folder: Path, *more: Any, **named: Any) -> None:
        if "round" not in tasks[0].id:
            raise TimeUp
        in_this_process(work, tasks, folder, *more, **named)

    monkeypatch.setattr(worker_pool, "run_some", late)
    with pytest.raises(ResourceError, match="before a pairing was trained in full; still in the race: ") as caught:
        run(config, 2)
    assert caught.value.code == "QUICK_TIME"


def test_no_training_in_time_is_an_error(config: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: Any, **__: Any) -> None:
        raise TimeUp

    monkeypatch.setattr(worker_pool, "run_some", late)
    monkeypatch.setattr(quick, "measure_cost", lambda *_: SLOW)
    with pytest.raises(ResourceError, match="no training finished in 60% of the 1 minutes") as caught:
        quick_compare(config, tmp_path / "out", Budget(1.0, 2))
    assert (caught.value.code, caught.value.exit_code) == ("QUICK_TIME", 5)
    monkeypatch.undo()
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    study = quick_compare(config, tmp_path / "out", Budget(1.0, 2))  # the remedy
    assert study.trained
    assert not study.failed


@pytest.mark.parametrize("minutes", [0, -1, float("inf"), float("nan")])
def test_minutes_are_a_positive_number(minutes: float) -> None:
    with pytest.raises(ConfigError, match="above 0"):
        Budget(minutes, 2)


def test_workers_are_ended_when_the_time_is_up(config: StudyConfig, tmp_path: Path) -> None:
    """In real processes: nothing is published, and the next call of the pool works."""
    cells = expand_grid(config).cells[:2]
    with pytest.raises(TimeUp):
        run_all(CELLS, cells, tmp_path / "cells", 2, lambda _: None, until=time.monotonic() - 1)
    assert not any((tmp_path / "cells").glob("[!.]*"))


def test_the_best_of_each_loss_survives_where_there_is_room() -> None:
    def heat(name: str, loss: str) -> Heat:
        return Heat(name, name, {"loss": loss}, None, "")  # type: ignore[arg-type]

    heats = [heat("a", "mse"), heat("b", "mse"), heat("c", "bce"), heat("d", "mse")]
    values = {"a": 0.9, "b": 0.8, "c": 0.5}  # d did not finish
    outcomes = {name: Outcome(dev=dev, epochs=1, steps=1, seconds=1.0, cause="") for name, dev in values.items()}
    assert [one.id for one in survivors(heats, outcomes, 2)] == ["a", "c"]
    assert [one.id for one in survivors(heats, outcomes, 3)] == ["a", "b", "c"]
    assert [one.id for one in survivors(heats, outcomes, 1)] == ["a"]
    assert HEATS.name == "short trainings"


def test_python_has_the_same_budget(config: StudyConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Budget] = []

    def call(_: StudyConfig, out: Path, budget: Budget, **__: Any) -> Study:
        seen.append(budget)
        return Study(out, [], [], [])

    monkeypatch.setattr(api, "quick_compare", call)
    monkeypatch.setattr(api, "write_report", lambda _: None)
    api.compare(config, tmp_path / "out", jobs=3, minutes=7)
    assert (seen[0].minutes, seen[0].processes) == (7, 3)
    assert seen[0].left == pytest.approx(3 * (7 * 60 - 40), abs=5)
