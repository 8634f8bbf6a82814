"""The tables of a run say what they were made of, and nothing that does not exist."""

import csv
import io
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import tiny
from seqtwin.config import parse_run
from seqtwin.run.cell_tables import as_csv, predictions_table, reads_table, texts_table, trace_table
from seqtwin.run.prepare import prepare_pairs
from seqtwin.run.prepared_data import Prepared


@pytest.fixture
def prepared(tmp_path: Path) -> Prepared:
    return prepare_pairs(parse_run(tiny.raw_run(tiny.write_pairs(tmp_path))))


def read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_predictions_hold_every_pair_with_what_is_known_of_it(prepared: Prepared) -> None:
    rng = np.random.default_rng(0)
    scores = {split: rng.normal(size=40).astype(np.float32) for split in ("dev", "test")}
    rows = read(predictions_table(prepared, scores))
    assert [row["split"] for row in rows] == ["dev"] * 40 + ["test"] * 40
    assert [int(row["row"]) for row in rows] == [*range(40), *range(40)]
    assert [int(row["cluster"]) for row in rows[40:]] == prepared.clusters["test"].tolist()
    np.testing.assert_allclose([float(r["target"]) for r in rows[40:]], prepared.stores["test"].target)
    np.testing.assert_allclose([float(r["score"]) for r in rows[40:]], scores["test"], rtol=1e-7)
    facts = prepared.pair_facts["test"]
    for name in ("length", "pad_share", "overlap", "seen"):
        np.testing.assert_allclose([float(r[name]) for r in rows[40:]], getattr(facts, name), rtol=1e-8)
    assert not any(letter in row["score"] for row in rows for letter in "nN")


def test_texts_of_users_are_not_written(prepared: Prepared) -> None:
    assert texts_table(prepared) is None


def test_texts_of_shareable_sets_are(prepared: Prepared) -> None:
    shareable = replace(prepared, data=replace(prepared.data, shareable=True))
    part = prepared.data.part("test")
    assert [row["left"] for row in read(texts_table(shareable) or "")] == part["left"].tolist()
    assert texts_table(replace(shareable, data=replace(shareable.data, series=()))) is None


def test_commas_quotes_and_empty_values() -> None:
    assert read(as_csv({"a": ['x, "y"'], "b": [None]})) == [{"a": 'x, "y"', "b": ""}]


def test_reads_and_trace() -> None:
    assert read(reads_table({"max_output": {"dev": 0.5, "test": None}})) == [
        {"representation": "max_output", "dev": "0.5", "test": ""}
    ]
    assert trace_table([0.5, 0.25]) == "step,loss\n1,0.5\n2,0.25\n"
