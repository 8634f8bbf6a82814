"""The command line: the effect of the flags on a study, and errors."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

import tiny
from resealed import reseal
from seqtwin import api, cli
from seqtwin.cli import init_train
from seqtwin.config import StudyConfig
from seqtwin.study.compare import Study


@pytest.fixture
def asked(monkeypatch: Any) -> list[tuple[StudyConfig, bool]]:
    """Records the study config and `retry_failed` instead of training."""
    calls: list[tuple[StudyConfig, bool]] = []

    def compare(config: StudyConfig, out: Path, *, jobs: int | None, retry_failed: bool, **_: Any) -> Study:
        calls.append((config, retry_failed))
        return Study(out, ["a", "b"], ["a"], [])

    monkeypatch.setattr(api, "compare", compare)
    return calls


@pytest.fixture
def study(tmp_path: Path) -> Path:
    path = tmp_path / "study.yaml"
    base = tiny.raw_run(tiny.write_pairs(tmp_path / "data"))
    path.write_text(yaml.safe_dump({"base": base, "grid": {"loss": ["mse", "bce"]}}), encoding="utf-8")
    return path


def run(monkeypatch: Any, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["seqtwin", *arguments])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("flags", "tier", "tune", "again"),
    [
        ([], "quick", True, False),
        (["--quick"], "quick", True, False),
        (["--standard"], "standard", True, False),
        (["--strong", "--no-tune"], "strong", False, False),
        (["--publication", "--retry-failed"], "publication", True, True),
        (["--no-tune", "tier=standard"], "standard", False, False),
    ],
)
def test_flags_choose_tier_and_tuning(
    study: Path, asked: list[Any], monkeypatch: Any, flags: list[str], tier: str, tune: bool, again: bool
) -> None:
    assert run(monkeypatch, "compare", str(study), *flags) == 0
    [(found, retried)] = asked
    assert (found.tier, found.tune, retried) == (tier, tune, again)


@pytest.mark.parametrize(
    ("flags", "minutes"),
    [(["--quick"], 10), (["--quick", "--minutes", "2.5"], 2.5), (["--standard"], None), ([], None)],
)
def test_quick_has_a_budget_and_nothing_else_has(
    study: Path, monkeypatch: Any, flags: list[str], minutes: float | None
) -> None:
    seen: list[Any] = []

    def compare(_: StudyConfig, out: Path, **named: Any) -> Study:
        seen.append(named["minutes"])
        return Study(out, [], [], [])

    monkeypatch.setattr(api, "compare", compare)
    assert run(monkeypatch, "compare", str(study), *flags) == 0
    assert seen == [minutes]


def test_minutes_without_quick_are_refused(study: Path, asked: list[Any], monkeypatch: Any, capsys: Any) -> None:
    assert run(monkeypatch, "compare", str(study), "--minutes", "3") == 2
    assert "QUICK_MINUTES" in capsys.readouterr().err
    assert asked == []


def test_two_tiers_at_once_are_refused(study: Path, asked: list[Any], monkeypatch: Any, capsys: Any) -> None:
    assert run(monkeypatch, "compare", str(study), "--quick", "--strong", "--json") == 2
    error = json.loads(capsys.readouterr().out)["error"]
    assert (error["code"], asked) == ("TIER_TWICE", [])
    assert error["remedy"]


def test_data_itself_becomes_a_study_of_the_tier(
    study: Path, asked: list[Any], monkeypatch: Any, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "compare", str(tmp_path / "data"), "--standard", "--out", "out") == 0
    assert asked[0][0].tier == "standard"
    assert set(asked[0][0].grid) == {"representation", "loss"}


def test_summaries_of_the_commands_fit_into_80_columns(monkeypatch: Any, capsys: Any) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert run(monkeypatch, "--help") == 0
    groups = capsys.readouterr().out.split("Options:\n")[1].split("\n\n")[1:]
    assert [group.splitlines()[0] for group in groups] == [f"{title}:" for title in cli.GROUPS]
    listed = [line for group in groups for line in group.splitlines()[1:]]
    assert len(listed) == len(cli.app.registered_commands)
    assert not [line for line in listed if not line.endswith(".") or line.endswith("...") or len(line) > 80]


def test_every_command_has_help_with_an_example(monkeypatch: Any, capsys: Any) -> None:
    for command in cli.app.registered_commands:
        name = command.name or (command.callback.__name__ if command.callback else "")
        assert run(monkeypatch, name, "--help") == 0
        assert f"seqtwin {name}" in capsys.readouterr().out.split("Usage:")[1].split("\n", 1)[1], name


def test_a_study_with_too_few_seeds_for_its_tier_ends_with_code_2(study: Path, monkeypatch: Any, capsys: Any) -> None:
    assert run(monkeypatch, "compare", str(study), "--standard", "seeds=3", "--out", str(study.parent / "out")) == 2
    assert "TIER_SEEDS" in capsys.readouterr().err
    assert not (study.parent / "out").exists()


def test_every_part_that_can_be_listed_says_what_it_is(capsys: Any) -> None:
    cli.app(["list", "--json"], standalone_mode=False)
    found = json.loads(capsys.readouterr().out)
    assert {"representations", "losses", "probes", "floors", "refusals", "diagnoses"} <= set(found)
    assert [(family, part) for family, parts in found.items() for part, text in parts.items() if len(text) < 4] == []


def test_train_names_a_curve_that_still_rises(tmp_path: Path) -> None:
    run = api.train(tiny.raw_run(tiny.write_pairs(tmp_path / "data")), tmp_path / "run", baselines=False)
    folder = run.path
    path = folder / "history.csv"
    head, *rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    for epoch, row in enumerate(rows):
        row[head.index("dev_roc_auc")] = f"{0.5 + 0.1 * epoch:.3f}"
    path.write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n", encoding="utf-8")
    reseal(folder)
    line = init_train._longer_line(run)
    assert line.startswith("still rising on dev when training ended (after 3 epochs)")
    assert line.endswith("try fit.epochs=6")
    for row in rows:
        row[head.index("dev_roc_auc")] = "0.9"
    path.write_text("\n".join(",".join(row) for row in [head, *rows]) + "\n", encoding="utf-8")
    reseal(folder)
    assert init_train._longer_line(run) == ""
