"""The configs of configs/recipes: all are measured, and each can be trained once its data are there."""

import importlib
from pathlib import Path

import pytest

from seqtwin.config import read_run
from seqtwin.files import read_json
from seqtwin.run.check_config import check_run

ROOT = Path(__file__).parent.parent
CONFIGS = sorted((ROOT / "configs" / "recipes").glob("*.yaml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_part_of_a_recipe_fits(path: Path) -> None:
    check_run(read_run(path))


def test_every_recipe_is_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    measured = {*importlib.import_module("recipes").RECIPES, "distilled"}  # students: benchmarks/distil.py
    assert {path.stem for path in CONFIGS} == measured


@pytest.mark.parametrize("path", [path for path in CONFIGS if path.stem != "distilled"], ids=lambda path: path.stem)
def test_a_recipe_states_what_was_measured(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    results = read_json(ROOT / "experiments" / "recipes" / "results.json")
    assert importlib.import_module("recipes").expected(results[path.stem]) in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_recipe_is_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 20
