"""The status of trainings, races, files under construction, and of every folder in which nothing is left to do."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

import seqtwin
import tiny
from seqtwin.build_folders import held
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError
from seqtwin.files import dump_json, read_json
from seqtwin.guards.typed_command import typed
from seqtwin.inference.resumable_file import publish_growing
from seqtwin.progress.find_status import status
from seqtwin.progress.race_files import race_journal
from seqtwin.progress.status_words import status_lines
from seqtwin.progress.work_status import Status
from seqtwin.run.prepare import DataSets
from seqtwin.run.train import train
from seqtwin.study.race import Result, run_race
from seqtwin.training import checkpoint


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.write_pairs(tmp_path_factory.mktemp("data"))


def test_a_training_is_seen_from_its_checkpoints(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checkpoint, "BETWEEN_EPOCHS", 0.0)
    monkeypatch.setattr(checkpoint, "SHARE", 1e9)
    config, out, seen = parse_run(tiny.raw_run(data, fit={"epochs": 4, "patience": None})), tmp_path / "run", []

    def look(state: Any) -> None:
        seen.append(status(out))
        if state.epoch == 3:
            raise KeyboardInterrupt

    with typed(["train", "a.yaml", "--out", "runs/a"]), pytest.raises(KeyboardInterrupt):
        train(config, out, on_epoch=look)
    assert [(one.outcome, one.stages[-1].tasks[0].note) for one in seen] == [
        ("running", ""), ("running", "1 of 4 epochs"), ("running", "2 of 4 epochs"),
    ]  # fmt: skip
    assert "no checkpoint yet" in seen[0].notes[0]
    found = status(out)
    assert (found.kind, found.outcome) == ("training", "interrupted")
    assert found.again == "seqtwin train a.yaml --out runs/a --resume"
    [task] = found.stages[-1].tasks
    assert task.share == 0.5
    assert found.left is not None
    assert found.left.seconds == pytest.approx(task.seconds)  # two epochs took as long as two will
    [build] = tmp_path.glob(".run.build-*")
    assert status(build).path == out
    train(config, out, resume=True)
    assert (status(out).outcome, status(out).counts["done"]) == ("finished", 1)


def test_a_diverged_training_names_what_it_left(data: Path, tmp_path: Path) -> None:
    with pytest.raises(Exception, match="not finite"):
        train(parse_run(tiny.raw_run(data, fit={"lr": 1e38})), tmp_path / "run")
    with pytest.raises(ConfigError, match="diverged") as error:
        status(tmp_path / "run")
    assert "run.diverged" in error.value.remedy
    assert "diverged" in status(tmp_path / "run.diverged").summary


def test_a_race_is_seen_from_its_journal(data: Path, tmp_path: Path) -> None:
    out, seen = tmp_path / "raced", []

    def look(_result: Result) -> None:
        seen.append(status(out))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with typed(["train", "a.csv", "--auto"]), pytest.raises(KeyboardInterrupt):
        run_race(parse_run(tiny.raw_run(data)), DataSets(), minutes=9, journal=race_journal(out), on_result=look)
    first, second = seen
    assert (first.kind, first.outcome, second.outcome) == ("race", "running", "running")
    assert [stage.count("done") for one in seen for stage in one.stages] == [1, 2]
    assert second.stages[0].count("running") == 1
    assert second.left is not None
    assert second.left.seconds <= 9 * 60
    journal = read_json(race_journal(out))
    journal["origin"]["pid"] = 2**22 + 7
    race_journal(out).write_text(dump_json(journal), encoding="utf-8")
    assert (status(out).outcome, status(out).again) == ("interrupted", "seqtwin train a.csv --auto")


def test_a_file_under_construction_counts_its_rows(tmp_path: Path) -> None:
    out, seen = tmp_path / "vectors.npy", []
    command = ["encode", "run", "texts.txt", "-o", "vectors.npy"]

    def write() -> None:
        with typed(command), publish_growing(out, {"work": "encode"}, resume=False, of=100) as file:
            seen.append(status(out))
            file.add(b"block", rows=40, seconds=8.0)
            seen.append(status(out))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write()
    assert [one.outcome for one in seen] == ["running", "running"]
    assert [one.stages[0].tasks[0].note for one in seen] == ["0 of 100 rows", "40 of 100 rows"]
    assert seen[1].left is not None
    assert seen[1].left.seconds == pytest.approx(12.0)
    found = status(out)
    assert (found.outcome, found.again) == ("interrupted", "seqtwin encode run texts.txt -o vectors.npy --resume")
    with publish_growing(out, {"work": "encode"}, resume=True, of=100) as file:
        assert (file.rows, file.seconds) == (40, 8.0)
    with pytest.raises(ConfigError, match="complete"):
        status(out)


def test_every_finished_folder_is_named(data: Path, tmp_path: Path) -> None:
    run = train(parse_run(tiny.raw_run(data)), tmp_path / "run").path
    encoder = seqtwin.load(run)
    seqtwin.Index.build(encoder, ["abc", "abd"]).save(tmp_path / "index")
    words = {
        run: "a finished training", run / "encoder": "a trained encoder", tmp_path / "index": "an index",
        Path("experiments/output-or-hidden/placenames"): "the results of a study",
    }  # fmt: skip
    for folder, expected in words.items():
        found = status(folder)
        assert found.outcome == "finished"
        assert found.summary.startswith(expected)
        assert "process" not in "\n".join(status_lines(found))


def test_an_index_that_is_being_changed_is_running(data: Path, tmp_path: Path) -> None:
    from seqtwin.files import driver_lock

    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "CURRENT").write_text("gen-000001", encoding="utf-8")
    with driver_lock(tmp_path / "index", what="index"):
        assert status(tmp_path / "index").outcome == "running"
    with driver_lock(tmp_path / "new"):
        assert status(tmp_path / "new").outcome == "running"
    with pytest.raises(ConfigError, match="nothing that SeqTwin works on"):
        status(tmp_path / "new")


@pytest.mark.parametrize("name", ["", "gone", "a.txt", "empty"])
def test_anything_else_is_one_message(tmp_path: Path, name: str, monkeypatch: Any, capsys: Any) -> None:
    from seqtwin import cli

    (tmp_path / "a.txt").write_text("a", encoding="utf-8")
    (tmp_path / "empty").mkdir()
    monkeypatch.setattr(sys, "argv", ["seqtwin", "status", str(tmp_path / name)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err.count("error: ") == 1


def test_a_part_of_a_study_names_the_study(tmp_path: Path) -> None:
    (tmp_path / "cells").mkdir()
    (tmp_path / "study.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError) as error:
        status(tmp_path / "cells")
    assert error.value.remedy == f"seqtwin status {tmp_path}"


def test_a_look_does_not_keep_a_folder_locked(tmp_path: Path) -> None:
    folder = tmp_path / ".run.build-00ff"
    folder.mkdir()
    assert status(tmp_path / "run").outcome == "interrupted"
    with held(folder) as free:
        assert free
        assert status(tmp_path / "run").outcome == "running"


def test_a_status_can_be_shown_by_python(tmp_path: Path) -> None:
    (tmp_path / ".run.build-00ff").mkdir()
    found: Status = seqtwin.status(os.fspath(tmp_path / "run"))
    assert repr(found).startswith("Status('")
