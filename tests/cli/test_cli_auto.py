"""`seqtwin train --auto`: what is compared is printed and kept, and what the user fixed stays."""

import csv
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from seqtwin import cli

Run = Callable[..., tuple[int, str, str]]
SMALL = ("encoder.hidden=8", "encoder.embedding=6", "fit.epochs=2")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: Any, tmp_path: Path) -> Run:
    """Exit code, output and messages of a command."""
    monkeypatch.chdir(tmp_path)

    def command(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["seqtwin", *map(str, arguments)])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        said, noted = capsys.readouterr()
        return int(caught.value.code or 0), said, noted

    return command


def test_the_best_on_dev_is_trained_and_the_others_are_listed(run: Run, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    code, said, noted = run("train", data, "--auto", "--minutes", "5", *SMALL, "--out", "best")
    assert code == 0, noted
    with Path("best/race.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert f"on dev: {rows[0]['entrant']} (ROC-AUC {float(rows[0]['roc_auc']):.3f})" in said + noted
    assert all(f"{row['entrant']}: {float(row['roc_auc']):.3f} on dev" in noted for row in rows)
    config = yaml.safe_load(Path("best/config.yaml").read_text(encoding="utf-8"))
    assert rows[0]["entrant"].split(", ")[-2 if "TF-IDF" not in rows[0]["entrant"] else -1] == config["tokens"]["unit"]
    assert not Path("best.yaml").exists(), "its starter config would train another encoder"
    assert run("verify", "best")[0] == 0


def test_overrides_apply_to_all(run: Run, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    code, _, noted = run("train", data, "--auto", *SMALL, "loss=cosent", "tokens.unit=char", "--out", "best")
    assert code == 0, noted
    rows = list(csv.DictReader(Path("best/race.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 4  # TF-IDF and three channels
    assert {row["entrant"].split(", ")[1] for row in rows} == {"char"}


def test_a_time_without_a_race_is_refused(run: Run, tmp_path: Path) -> None:
    code, _, noted = run("train", tiny.write_pairs(tmp_path / "data"), "--minutes", "1", "--out", "best")
    assert code == 2
    assert "--minutes has no effect without --auto" in noted
    assert not list(tmp_path.glob("best*"))


def test_a_wrong_setting_is_refused_before_the_race(run: Run, tmp_path: Path) -> None:
    config = tmp_path / "run.yaml"
    config.write_text(yaml.safe_dump(tiny.raw_run(tiny.write_pairs(tmp_path / "data"))), encoding="utf-8")
    code, said, noted = run("train", config, "--auto", "loss=nonsense", "--out", "best")
    assert code == 2
    assert "unknown loss 'nonsense'" in noted
    assert "on dev" not in said + noted


def test_classes_of_texts_race_too_and_have_no_threshold(run: Run, tmp_path: Path) -> None:
    rows = [f"{'red' if n % 2 else 'blue'} thing {n},{'warm' if n % 2 else 'cold'}" for n in range(90)]
    (tmp_path / "texts.csv").write_text("text,label\n" + "\n".join(rows) + "\n", encoding="utf-8")
    command = ("train", "texts.csv", "--auto", *SMALL, "objective=classify", "tokens.unit=word", "--out", "best")
    code, said, noted = run(*command)
    assert code == 0, noted
    assert "threshold" not in said
    names = {row["entrant"] for row in csv.DictReader(Path("best/race.csv").read_text(encoding="utf-8").splitlines())}
    with_letters = {f"words and letters, {reading}" for reading in ("joined", "max")}
    assert names == {"max, word", "attention, word", "n-grams, word"} | with_letters


def test_a_loss_without_a_threshold_is_reported(run: Run, tmp_path: Path) -> None:
    """One label in dev: pairs have no threshold then, and the user is told."""
    data = tiny.write_pairs(tmp_path / "data", only={"dev": 1})
    code, said, noted = run("train", data, *SMALL, "--out", "run")
    assert code == 0, noted
    assert "no threshold: it could not be chosen on dev" in said


def test_the_winner_continues_as_its_printed_command_says(run: Run, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    Path("best.auto.yaml").write_text(yaml.safe_dump(tiny.raw_run(data)), encoding="utf-8")
    Path("best.auto.csv").write_text("entrant,state\nrecurrent,finished\n", encoding="utf-8")
    code, _, noted = run("train", "best.auto.yaml", "--out", "best", "--resume")
    assert code == 0, noted
    assert "nothing to continue for best: the training starts" in noted
    assert Path("best/race.csv").read_text(encoding="utf-8") == "entrant,state\nrecurrent,finished\n"
    assert not [*Path().glob("best.auto.*")]
    assert run("verify", "best")[0] == 0


def test_another_config_than_the_one_that_is_kept_is_refused_with_the_differences(run: Run, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    assert run("train", data / "train.csv", *SMALL, "--out", "a")[0] == 0
    shutil.rmtree("a")  # as if the training had been stopped
    code, _, noted = run("train", data / "train.csv", *SMALL[1:], "encoder.hidden=7", "--out", "a", "--resume")
    assert code == 2
    assert "encoder.hidden: 8 before, 7 now" in noted
    assert "move this file away" in noted


def test_a_config_of_that_name_without_a_race_stays(run: Run, tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    Path("own.auto.yaml").write_text(yaml.safe_dump(tiny.raw_run(data)), encoding="utf-8")
    assert run("train", "own.auto.yaml", "--out", "own")[0] == 0
    assert Path("own.auto.yaml").exists()
