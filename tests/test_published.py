"""A published study cell has exactly the files, keys and columns that `published.py` declares."""

import csv
from pathlib import Path
from typing import Any, get_args

import pytest

import tiny
import tiny_examples
from seqtwin import published
from seqtwin.config import parse_run
from seqtwin.files import read_json, read_manifest
from seqtwin.study import worker
from seqtwin.study.grid import StudyCell

TABLES = {
    published.TRACE: published.WINDOW,
    published.READS: published.READING,
    published.PREDICTIONS: published.PREDICTION,
    published.TEXTS: published.TEXT_PAIR,
}
FACTORS: dict[str, str | int] = {"representation": "final_hidden", "loss": "mse", "seed": 0}
ONLY_OF_PAIRS = {"threshold_optimism"}
ONLY_OF_HEADS = {"judged", "objective", "classes"}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study cell of pairs whose texts may be shown and that has a retrieval task."""
    raw = {"data": {"name": "placenames", "pairs": 300}, "loss": "contrastive", "fit": {"epochs": 1}}
    return _published(raw, tmp_path_factory.mktemp("pairs"))


@pytest.fixture(scope="module")
def classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study cell with a head."""
    folder = tmp_path_factory.mktemp("classes")
    file = tiny_examples.write_classes(folder / "data" / "all.csv")
    raw = {"data": {"file": str(file), "text": "text", "label": "label"}, "objective": "classify", "fit": {"epochs": 1}}
    return _published(raw, folder)


def _published(raw: dict[str, Any], folder: Path) -> Path:
    config = parse_run({**raw, "encoder": {"hidden": 8, "embedding": 8}})
    cell = StudyCell("one.s0", config, FACTORS)
    assert worker.run_cell(cell, folder / "cells") == "finished"
    return folder / "cells" / "one.s0"


def _keys(record: type) -> set[str]:
    return set(record.__annotations__)


def _header(path: Path) -> tuple[str, ...]:
    return tuple(next(csv.reader(path.read_text(encoding="utf-8").splitlines())))


@pytest.mark.long
def test_the_files_of_a_cell_are_those_declared(pairs: Path, classes: Path):
    for folder, texts in ((pairs, {published.TEXTS}), (classes, set())):
        files = {name for name in read_manifest(folder)["files"] if not name.startswith(f"{published.ENCODER}/")}
        assert files == {*published.MEASURED, published.CONFIG, *texts}


def test_the_tables_of_a_cell_have_the_columns_declared(pairs: Path, classes: Path):
    for folder in (pairs, classes):
        for name, columns in TABLES.items():
            if (folder / name).exists():
                assert _header(folder / name) == columns
        dev = published.dev_column(read_json(folder / published.SCORES)["primary"])
        assert _header(folder / published.HISTORY) == published.EPOCH._replace(dev=dev)
    rows = list(csv.DictReader((pairs / published.HISTORY).read_text(encoding="utf-8").splitlines()))
    assert [name for name in rows[-1] if not rows[-1][name]] == [], "a column that nothing fills"


def test_the_json_files_of_a_cell_have_the_keys_declared(pairs: Path, classes: Path):
    manifests, scores, facts = (
        [set(read_json(folder / name)) for folder in (pairs, classes)]
        for name in ("manifest.json", published.SCORES, published.FACTS)
    )
    assert manifests == [_keys(published.CellManifest)] * 2
    assert scores == [_keys(published.Scores), _keys(published.Scores) - ONLY_OF_PAIRS]
    always = _keys(published.Facts) - {"epoch_pairs", "training"}
    assert facts == [always - ONLY_OF_HEADS, always]
    loss = set(read_json(pairs / published.FACTS)["loss"])
    assert loss == _keys(published.LossFacts)


def test_the_diagnostics_of_a_cell_are_those_declared(pairs: Path, classes: Path):
    declared = set(get_args(published.Diagnostic))
    assert set(read_json(pairs / published.DIAGNOSTICS)) == declared
    assert set(read_json(classes / published.DIAGNOSTICS)) < declared


def test_a_failed_cell_has_a_manifest_with_its_error(tmp_path: Path):
    folder = tiny.write_pairs(tmp_path / "data")
    cell = StudyCell(
        "one.s0", parse_run(tiny.raw_run(folder)), {"representation": "final_hidden", "loss": "mse", "seed": 0}
    )
    worker.publish_failed(cell, tmp_path / "one.s0", MemoryError())
    manifest = published.read_manifest(tmp_path / "one.s0")
    assert set(manifest) == _keys(published.CellManifest)
    assert set(manifest["files"]) == {published.CONFIG}
    assert manifest["status"] == "oom"
    assert set(manifest["error"] or {}) == {"code", "cause", "place", "remedy"}
