"""Equal tuning of every pairing: what is searched, kept, published, and what an interruption changes (nothing)."""

import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from seqtwin.config import StudyConfig, parse_run, parse_study, vary
from seqtwin.errors import ConfigError, ResourceError, SeqTwinError
from seqtwin.files import read_json, verify
from seqtwin.run.prepare import DataSets, prepare
from seqtwin.run.train import train
from seqtwin.study import trials, worker_pool
from seqtwin.study.compare import compare
from seqtwin.study.grid import StudyCell, expand_grid
from seqtwin.study.search_spaces import Choice, Range, Space
from seqtwin.study.tiers import TUNING_SEED, seeds_of
from seqtwin.study.trials import Trial, dev_value, run_trials
from seqtwin.study.tuning import Tuning, best_trial, plan_tunings, publish_untuned, run_tuning, trials_csv
from seqtwin.study.worker_pool import Work
from seqtwin.training.checkpoint import Checkpoints
from seqtwin.training.run_state import Diverged

SPACE: Space = {
    "fit.lr": Range(1e-4, 1e-2),
    "fit.weight_decay": Range(1e-6, 1e-2),
    "similarity": Choice(("cosine", "exp_manhattan")),
}
CONFIG = parse_run({"data": {"name": "digits"}, "fit": {"lr": 0.001}})
PREPARED: Any = None  # no trial of `hill` uses data


def in_this_process(work: Work, tasks: list[Any], folder: Path, _: int, on_progress: Any, **_of: Any) -> None:
    for task in tasks:
        work.run(task, folder)


def hill(config: Any, _prepared: Any = None, **_: Any) -> float | None:
    """A stand-in for a training: best at lr 3e-3, undefined above 8e-3."""
    distance = abs(math.log10(config.fit.lr / 3e-3))
    return None if config.fit.lr > 8e-3 else 1 - distance - (config.similarity != "cosine")


def searched(journal: Path, count: int, on_trial: Callable[[Trial], None] = lambda _: None) -> list[Trial]:
    return run_trials(CONFIG, PREPARED, SPACE, count, journal, on_trial)


@pytest.fixture
def quick(monkeypatch: Any) -> None:
    monkeypatch.setattr(trials, "dev_value", hill)


# trials


@pytest.mark.usefixtures("quick")
def test_the_first_trial_is_the_config_as_written(tmp_path: Path) -> None:
    first, *rest = searched(tmp_path / "a.log", 12)
    # a weight decay of 0 is no point of the space
    assert dict(first.params) == {"fit.lr": 0.001, "similarity": "cosine"}
    assert first.value == hill(CONFIG)
    for trial in rest:
        assert list(trial.params) == list(SPACE)
        assert 1e-4 <= trial.params["fit.lr"] <= 1e-2
        assert trial.value == hill(vary(CONFIG, trial.params))
        assert float(f"{trial.params['fit.lr']:.4g}") == trial.params["fit.lr"]
    assert [trial.number for trial in rest] == list(range(1, 12))


@pytest.mark.usefixtures("quick")
def test_the_search_learns_from_its_trials(tmp_path: Path) -> None:
    found = searched(tmp_path / "a.log", 40)
    startup, learnt = found[1:11], found[11:]
    right = [sum(t.params["similarity"] == "cosine" for t in part) / len(part) for part in (startup, learnt)]
    assert right[1] > right[0]
    assert max(t.value or -9 for t in learnt) > 0.95


class Killed(BaseException):
    """Ends a process, as far as one process can play that."""


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("at", [1, 2, 5, 7])
@pytest.mark.parametrize("torn", [False, True])
def test_a_search_that_was_interrupted_goes_on_as_if_it_had_not_been(
    tmp_path: Path, monkeypatch: Any, at: int, torn: bool
) -> None:
    whole = searched(tmp_path / "whole.log", 8)
    calls = iter(range(100))

    def killed_in_training(config: Any, _prepared: Any, **_: Any) -> float | None:
        if next(calls) == at:
            raise Killed
        return hill(config)

    monkeypatch.setattr(trials, "dev_value", killed_in_training)
    with pytest.raises(Killed):
        searched(tmp_path / "part.log", 8)
    if torn:
        with (tmp_path / "part.log").open("ab") as file:
            file.write(b'{"op_code":5,"trial')
    seen: list[int] = []
    again = searched(tmp_path / "part.log", 8, lambda trial: seen.append(trial.number))
    assert [(t.number, t.params, t.value) for t in again] == [(t.number, t.params, t.value) for t in whole]
    assert seen == list(range(at, 8)), "what had ended is not trained again"


@pytest.mark.usefixtures("quick")
def test_every_pairing_gets_the_same_first_proposals(tmp_path: Path) -> None:
    other = run_trials(vary(CONFIG, {"loss": "bce"}), PREPARED, SPACE, 5, tmp_path / "b.log", lambda _: None)
    assert [t.params for t in searched(tmp_path / "a.log", 5)] == [t.params for t in other]


@pytest.mark.parametrize("error", [Diverged(3, [1]), RuntimeError("x"), SeqTwinError("A", "b")])
def test_a_trial_that_fails_counts_as_a_trial(tmp_path: Path, monkeypatch: Any, error: Exception) -> None:
    def sometimes(config: Any, _prepared: Any, **_: Any) -> float | None:
        if config.fit.lr > 1e-3:
            raise error
        return hill(config)

    monkeypatch.setattr(trials, "dev_value", sometimes)
    found = searched(tmp_path / "a.log", 8)
    assert [t.state for t in found] == ["failed" if t.params["fit.lr"] > 1e-3 else "complete" for t in found]
    assert {t.state for t in found} == {"failed", "complete"}
    assert len(found) == 8


@pytest.mark.parametrize("error", [MemoryError(), ResourceError("STORAGE", "cannot write")])
def test_a_fault_of_the_place_ends_the_search_and_counts_as_no_trial(
    tmp_path: Path, monkeypatch: Any, error: Exception
) -> None:
    def never(*_: Any, **_named: Any) -> float:
        raise error

    monkeypatch.setattr(trials, "dev_value", never)
    with pytest.raises(ResourceError):
        searched(tmp_path / "a.log", 3)
    monkeypatch.setattr(trials, "dev_value", hill)
    assert [t.value for t in searched(tmp_path / "a.log", 3)] == [t.value for t in searched(tmp_path / "b.log", 3)]


def test_a_trial_that_is_stopped_goes_on_from_its_checkpoint(tmp_path: Path, monkeypatch: Any) -> None:
    config = parse_run(tiny.raw_run(tiny.write_pairs(tmp_path / "data")))
    prepared, steps, usual = prepare(config), list[int](), Checkpoints.after_step

    def after_step(keeper: Checkpoints) -> None:
        assert keeper.training is not None
        steps.append(keeper.training.state.step)
        if len(steps) == 8:
            keeper.write()
            raise KeyboardInterrupt
        usual(keeper)

    monkeypatch.setattr(Checkpoints, "after_step", after_step)
    with pytest.raises(KeyboardInterrupt):
        run_trials(config, prepared, {}, 1, tmp_path / "a.log", lambda _: None)
    assert (tmp_path / "a.trial").exists()
    (again,) = run_trials(config, prepared, {}, 1, tmp_path / "a.log", lambda _: None)
    assert steps == [*range(1, 9), *range(9, 19)]
    assert again.value == dev_value(config, prepared)
    assert not (tmp_path / "a.trial").exists()


def test_the_value_of_a_trial_is_the_dev_metric_of_a_full_training(tmp_path: Path) -> None:
    raw = tiny.raw_run(tiny.write_pairs(tmp_path / "data"))
    config, scores = parse_run(raw), train(parse_run(raw), tmp_path / "run").scores
    assert dev_value(config, prepare(config)) == pytest.approx(scores["dev"][scores["primary"]], abs=1e-12)
    one_class = parse_run(tiny.raw_run(tiny.write_pairs(tmp_path / "one", only={"dev": 1})))
    assert dev_value(one_class, prepare(one_class)) is None


# what is published


def tuning(**changes: Any) -> Tuning:
    return Tuning(**{"id": "p", "config": CONFIG, "space": SPACE, "trials": 4, "key": "k", **changes})


def trial(number: int, value: float | None, **params: Any) -> Trial:
    return Trial(number, {key.replace("_", ".", 1): one for key, one in params.items()}, value, 0.5)


def test_the_best_trial_is_published_with_what_judges_the_search() -> None:
    found = [
        trial(0, 0.5, fit_lr=0.001),
        trial(1, None, fit_lr=0.005),
        trial(2, 0.75, fit_lr=9e-3, fit_weight_decay=1e-4),
    ]
    assert best_trial(found, tuning()) == {
        "pairing": "p",
        "trials": 3,
        "changes": {"fit.lr": 9e-3, "fit.weight_decay": 1e-4},
        "edge": ["fit.lr"],
        "value": 0.75,
        "untuned": 0.5,
        "seed": TUNING_SEED,
        "failed": 1,
        "notes": [],
        "seconds": 1.5,
    }


def test_where_nothing_is_better_nothing_is_changed() -> None:
    best = best_trial([trial(0, 0.5, fit_lr=0.001), trial(1, 0.5, fit_lr=0.005)], tuning())
    assert (best["changes"], best["value"], best["untuned"]) == ({}, 0.5, 0.5)
    nothing = best_trial([trial(0, None), trial(1, None)], tuning())
    assert (nothing["changes"], nothing["value"], nothing["failed"]) == ({}, None, 2)
    assert best_trial([], tuning())["trials"] == 0


def test_a_margin_that_was_given_as_a_number_is_told() -> None:
    config = vary(CONFIG, {"loss": {"name": "contrastive", "margin": 0.5}})
    assert best_trial([], tuning(config=config))["notes"] == ["margin not re-scaled: it was given as 0.5"]
    assert best_trial([], tuning(config=vary(CONFIG, {"loss": "contrastive"})))["notes"] == []


def test_the_table_of_trials() -> None:
    found = [trial(0, 0.5), trial(1, None, fit_lr=0.005, fit_weight_decay=1e-4, similarity="cosine")]
    rows = list(csv.reader(io.StringIO(trials_csv(found, tuning()))))
    assert rows == [
        ["trial", "state", "value", "seconds", "fit.lr", "fit.weight_decay", "similarity"],
        ["0", "complete", "0.5", "0.500", "0.001", "0.0", "cosine"],
        ["1", "failed", "", "0.500", "0.005", "0.0001", "cosine"],
    ]


# in a study

GRID: dict[str, list[Any]] = {"loss": ["mse", "contrastive"]}


def study_of(data: Path, **own: Any) -> StudyConfig:
    return parse_study({"base": tiny.raw_run(data, fit={"epochs": 1}), "grid": GRID, "seeds": 1, **own})


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("tuning") / "data", (48, 24, 24))


def test_every_pairing_has_one_search_of_the_same_size_and_seed(data: Path) -> None:
    study = study_of(data)
    cells = expand_grid(study).cells
    found = plan_tunings(study, cells, DataSets())
    assert [one.id for one in found] == list(dict.fromkeys(cell.pairing for cell in cells))
    assert len(found) == 2
    assert {(one.trials, one.config.fit.seed) for one in found} == {(8, TUNING_SEED)}
    assert TUNING_SEED not in seeds_of(study)
    assert len({one.key for one in found}) == 2
    more = plan_tunings(study_of(data, seeds=4), expand_grid(study_of(data, seeds=4)).cells, DataSets())
    assert [one.key for one in more] == [one.key for one in found], "more seeds need no new search"
    assert plan_tunings(study_of(data, tune=False), cells, DataSets()) == []


@pytest.mark.long
def test_tuned_cells_are_trained_with_what_was_found_once(data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_pool, "run_some", in_this_process)
    study = compare(study_of(data), tmp_path / "out")
    assert read_json(study.path / "study.json")["trials"] == 8
    found = [agreed(study.path, cell) for cell in expand_grid(study_of(data)).cells]
    assert any(found), "no setting was changed in any pairing"
    assert not list((study.path / "tuning/.journals").iterdir())
    # a finished search is not repeated, and never mixed with what was found otherwise
    monkeypatch.setattr(trials, "dev_value", None)
    assert len(compare(study_of(data, seeds=2), study.path).trained) == 2
    for other in ({"tune": False}, {"base": tiny.raw_run(data, fit={"epochs": 2})}):
        with pytest.raises(ConfigError, match=r"another|differs") as caught:
            compare(study_of(data, **other), study.path)
        assert "--out" in caught.value.remedy


def agreed(out: Path, cell: StudyCell) -> dict[str, Any]:
    """What the search changed in a cell, after cell and search were found to say the same."""
    assert verify(out / "tuning" / cell.pairing)["kind"] == "tuning"
    best = read_json(out / "tuning" / cell.pairing / "best.json")
    rows = list(csv.DictReader(io.StringIO((out / "tuning" / cell.pairing / "trials.csv").read_text())))
    values = [float(row["value"]) for row in rows]
    assert best["value"] == pytest.approx(max(values), abs=1e-8)
    assert best["untuned"] == pytest.approx(values[0], abs=1e-8)
    manifest = verify(out / "cells" / cell.id)
    assert manifest["tuning"] == {key: value for key, value in best.items() if key != "seconds"}
    assert manifest["factors"] == dict(cell.factors)
    config = yaml.safe_load((out / "cells" / cell.id / "config.yaml").read_text())
    for key, value in best["changes"].items():
        section, _, name = key.partition(".")
        assert (config[section][name] if name else config[section]) == value
    changes: dict[str, Any] = best["changes"]
    return changes


def test_a_pairing_whose_search_failed_is_trained_as_written(data: Path, tmp_path: Path) -> None:
    study = study_of(data)
    one = plan_tunings(study, expand_grid(study).cells, DataSets())[0]
    assert publish_untuned(one, tmp_path / "tuning" / one.id, MemoryError("gone")) == "failed"
    manifest = verify(tmp_path / "tuning" / one.id)
    assert (manifest["status"], manifest["error"]["cause"]) == ("failed", "gone")
    assert read_json(tmp_path / "tuning" / one.id / "best.json")["changes"] == {}


def test_a_search_in_which_every_trial_fails_is_published_so(data: Path, tmp_path: Path, monkeypatch: Any) -> None:
    def never(*_: Any, **_named: Any) -> float:
        raise Diverged(1, [])

    monkeypatch.setattr(trials, "dev_value", never)
    study = study_of(data)
    one = plan_tunings(study, expand_grid(study).cells, DataSets())[0]
    assert run_tuning(one, tmp_path) == "finished"
    best = read_json(tmp_path / one.id / "best.json")
    assert (best["trials"], best["failed"], best["value"], best["changes"]) == (8, 8, None, {})
