"""The race of `train --auto`: who takes part, who goes on, and who wins on dev."""

import csv
import io
from typing import Any

import pytest

import tiny
from seqtwin.config import RunConfig, parse_run, vary
from seqtwin.errors import ConfigError
from seqtwin.run.prepare import DataSets
from seqtwin.study import race as races
from seqtwin.study.entrants import Entrant, entrants_of
from seqtwin.study.race import Race, Result, race_csv, race_lines, run_race
from seqtwin.study.trials import dev_value


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> RunConfig:
    data = tiny.write_pairs(tmp_path_factory.mktemp("race") / "data")
    return parse_run(tiny.raw_run(data, fit={"epochs": 4, "batch": 16, "lr": 0.05}))


@pytest.fixture(scope="module")
def race(config: RunConfig) -> Race:
    return run_race(config, DataSets(), minutes=5)


def test_every_entrant_is_a_config_of_its_own(config: RunConfig) -> None:
    entrants = entrants_of(config)
    assert len({entrant.name for entrant in entrants}) == len(entrants) == 1 + 3 * 2 + 5 * 2
    configs = [vary(config, entrant.changes) for entrant in entrants]
    assert len({own.model_dump_json() for own in configs}) == len(configs)
    assert {own.tokens.unit for own in configs} == {"char", "word"}
    assert entrants[0].changes["encoder.lexical"] == {"share": 1.0, "mapped": False, "trained": False}


def test_the_loss_of_the_config_is_the_first(config: RunConfig) -> None:
    own = vary(config, {"loss": {"name": "cosent", "tau": 20}})
    assert entrants_of(own)[1].changes["loss"] == {"name": "cosent", "tau": 20}


def test_all_run_and_the_better_go_on(race: Race, config: RunConfig) -> None:
    assert len(race.results) == 17
    assert {result.state for result in race.results} <= {"finished", "stopped"}
    assert race.results[0].epochs == 1
    stopped = [result for result in race.results if result.state == "stopped"]
    assert stopped
    assert all(result.epochs < config.fit.epochs for result in stopped)
    dev = [result.dev for result in race.results if result.dev is not None]
    assert race.winner.dev == max(dev)


def test_a_dev_value_is_that_of_a_training_without_a_race(race: Race, config: RunConfig) -> None:
    own = vary(config, race.winner.entrant.changes)
    assert race.winner.dev == pytest.approx(dev_value(own, DataSets().prepare(own)), abs=1e-6)


def test_without_time_the_first_one_runs_alone(config: RunConfig) -> None:
    seen: list[Result] = []
    short = run_race(config, DataSets(), minutes=0, on_result=seen.append)
    assert [result.entrant.name for result in short.results] == [entrants_of(config)[0].name]
    assert seen == list(short.results)


def test_a_training_that_fails_loses(config: RunConfig, monkeypatch: Any) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("no memory")

    monkeypatch.setattr(races, "dev_value", fail)
    seen: list[Result] = []
    with pytest.raises(ConfigError, match="no encoder could be trained: no memory"):
        run_race(config, DataSets(), minutes=5, on_result=seen.append)
    assert {(result.state, result.dev, result.cause) for result in seen} == {("failed", None, "no memory")}
    assert races.result_line(seen[0]) == f"{seen[0].entrant.name}: failed, no memory"


def test_a_config_that_cannot_be_trained_is_refused_before_the_race(config: RunConfig) -> None:
    seen: list[Result] = []
    with pytest.raises(ConfigError, match="unknown loss 'nonsense'"):
        run_race(vary(config, {"loss": "nonsense"}), DataSets(), on_result=seen.append)
    assert seen == []


@pytest.mark.parametrize("minutes", [-1.0, float("nan"), float("inf")])
def test_a_time_is_finite_and_not_negative(config: RunConfig, minutes: float) -> None:
    with pytest.raises(ConfigError, match="expected 0 or more"):
        run_race(config, DataSets(), minutes=minutes)


def test_what_the_user_fixed_is_kept_by_every_entrant(config: RunConfig) -> None:
    own = vary(config, {"tokens.unit": "word", "encoder.lexical.dim": 64})
    entrants = entrants_of(own, ["tokens.unit", "encoder.lexical.dim"])
    configs = [vary(own, entrant.changes) for entrant in entrants]
    assert {(c.tokens.unit, c.encoder.lexical and c.encoder.lexical.dim) for c in configs} == {("word", 64)}
    assert len({c.model_dump_json() for c in configs}) == len(configs) == 4, "losses and word vectors still compete"
    assert {c.tokens.unit for c in (vary(config, e.changes) for e in entrants_of(config, ["loss"]))} == {"char", "word"}
    assert entrants_of(config, ["loss"])[0].free


def test_the_config_itself_is_the_first_that_learns(config: RunConfig) -> None:
    own = vary(config, {"encoder.lexical": None, "tokens.unit": "word", "loss": "cosent"})
    first, second = entrants_of(own)[:2]
    assert first.free
    assert vary(own, second.changes).model_dump() == own.model_dump()


def test_what_contradicts_the_config_fails_alone_and_says_why(config: RunConfig, tmp_path: Any) -> None:
    with open(str(config.data.train), encoding="utf-8") as rows:
        word = rows.readlines()[1].split(",")[0].split()[0]
    (tmp_path / "v.txt").write_text(f"{word} 1 0\n")
    own = vary(config, {"encoder.vectors": str(tmp_path / "v.txt"), "encoder.embedding": 2, "tokens.unit": "word"})
    results = run_race(own, DataSets(), minutes=5).results
    failed = [result for result in results if result.state == "failed"]
    assert failed
    assert any("vectors have no effect with lexical.share: 1" in result.cause for result in failed)
    assert any(result.state == "finished" for result in results)


@pytest.mark.parametrize(("objective", "count"), [("pairs", 20), ("classify", 10)])
def test_series_race_with_cells_and_representations(objective: str, count: int) -> None:
    config = parse_run({"data": {"name": "digits"}, "objective": objective})
    changes = [vary(config, entrant.changes) for entrant in entrants_of(config)]
    assert len({own.model_dump_json() for own in changes}) == len(changes) == count
    assert {own.encoder.cell for own in changes} == {"gru", "lstm"}
    shares = [own.encoder.kernels.share for own in changes if own.encoder.kernels is not None]
    assert shares.count(1.0) == shares.count(0.5) == count // 10


def test_classes_of_texts_race_without_a_loss(config: RunConfig) -> None:
    own = parse_run({"data": {"file": "texts.csv", "text": "text", "label": "label"}, "objective": "classify"})
    entrants = entrants_of(own)
    assert len({vary(own, entrant.changes).model_dump_json() for entrant in entrants}) == len(entrants) == 9
    assert not any("loss" in entrant.changes for entrant in entrants)


def test_tagged_words_race_with_letters_and_dropout() -> None:
    data = {"file": "tags.csv", "sequence": "s", "token": "t", "label": "l"}
    own = parse_run({"data": data, "objective": "label_steps", "tokens": {"unit": "word"}})
    varied = [vary(own, entrant.changes) for entrant in entrants_of(own)]
    assert {(one.tokens.characters, one.encoder.input_dropout) for one in varied} == {
        (letters, dropout) for letters in (True, False) for dropout in (0.0, 0.3)
    }


@pytest.mark.parametrize(
    ("changes", "had"),
    [({"objective": "decode"}, "objective decode on texts"), ({"encoder": {"from": "runs/other"}}, "encoder.from")],
    ids=str,
)
def test_others_are_refused(config: RunConfig, changes: dict[str, Any], had: str) -> None:
    with pytest.raises(ConfigError, match=f"--auto compares encoders of pairs, classes .*{had}") as caught:
        entrants_of(parse_run({**config.model_dump(exclude_unset=True), **changes}))
    assert caught.value.exit_code == 2


def test_what_learns_nothing_stops_nobody(config: RunConfig, monkeypatch: Any) -> None:
    """Its first epoch is its last: a network that is behind it after one epoch may be ahead at the end."""
    race = run_race(config, DataSets(), minutes=5, fixed=["loss", "tokens.unit"])
    first = race.results[1]
    assert race.results[0].entrant.free
    assert first.state == "finished", "the first that learns has nobody to be compared with"


def test_what_the_time_was_too_short_for_is_named(config: RunConfig) -> None:
    race = run_race(config, DataSets(), minutes=0)
    assert len(race.left) == 16
    line = race_lines(race)[-1]
    assert line.startswith("not trained, because the time was up (16): ")
    assert race.left[0].name in line


def result_of(name: str, dev: float | None, state: Any = "finished") -> Result:
    return Result(Entrant(name, {}, free=name == "TF-IDF"), state, dev, 3, 1.5)


def test_the_table_is_sorted_by_dev() -> None:
    race = Race("roc_auc", [result_of("free", 0.8), result_of("b", 0.9), result_of("c", None, "failed")])
    rows = list(csv.DictReader(io.StringIO(race_csv(race))))
    assert [row["entrant"] for row in rows] == ["b", "free", "c"]
    assert rows[0] == {"entrant": "b", "state": "finished", "roc_auc": "0.9", "epochs": "3", "seconds": "1.5"}
    assert rows[2]["roc_auc"] == ""


def test_a_free_winner_is_called_free() -> None:
    lines = race_lines(Race("roc_auc", [result_of("TF-IDF", 0.95), result_of("b", 0.9)]))
    assert lines[0] == "best of 2 on dev: TF-IDF (ROC-AUC 0.950)"
    assert "learns nothing" in lines[1]
    late = race_lines(Race("roc_auc", [result_of("TF-IDF", 0.8), result_of("b", 0.9, "out of time")]))
    assert late[0] == "best of 2 on dev: b (ROC-AUC 0.900)"
    assert late[-1] == "1 training was cut short: the time was up"
