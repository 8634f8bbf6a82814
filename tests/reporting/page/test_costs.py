"""The costs of a report: CPU seconds where a study has them, wall seconds otherwise, and which of them is named."""

import json
from dataclasses import replace

import fake_study
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.files import write_text
from seqtwin.reporting.page import chosen_figures, sortable_tables
from seqtwin.reporting.table.facet import facets_of
from seqtwin.reporting.table.pairings import PROCESSOR, WALL, training_clock
from seqtwin.reporting.table.study_table import read_study

HEADS = {"training CPU seconds", "training wall seconds"}


def _heads(table):
    return [head for head, _ in sortable_tables.costs(table)["heads"]]


def _times(folder, pairing, name):
    paths = sorted(folder.glob(f"cells/*.{pairing}.s*/manifest.json"))
    manifests = [json.loads(path.read_text(encoding="utf-8")) for path in paths]
    return [one[name]["train"] for one in manifests if one["status"] == "finished"]


def _without(table, column):
    return replace(table, pairings=table.pairings.drop(columns=column))


def test_both_times_are_means_over_finished_seeds(plain, quick_table):
    rows = quick_table.pairings.set_index(["representation", "loss"])
    row = rows.loc[("last_output", "contrastive-auto")]
    for column, name in ((WALL.column, "seconds"), (PROCESSOR.column, "cpu_seconds")):
        recorded = _times(plain, "last_output.contrastive-auto", name)
        assert len(recorded) == 4  # one of five failed
        assert row[column] == pytest.approx(sum(recorded) / 4, rel=1e-5)


def test_cpu_seconds_come_first_with_wall_seconds_beside_them(quick_table):
    assert [head for head in _heads(quick_table) if head in HEADS] == ["training CPU seconds", "training wall seconds"]
    assert "CPU seconds" in sortable_tables.costs(quick_table)["caption"]
    figure = chosen_figures.cost(facets_of(quick_table)[0], quick_table.nouns)
    assert figure.label.startswith("Quality against CPU seconds of training")
    assert "CPU seconds of training, mean over seeds" in figure.svg


def test_an_older_study_says_wall_seconds(quick_table):
    older = _without(quick_table, PROCESSOR.column)
    assert [head for head in _heads(older) if head in HEADS] == ["training wall seconds"]
    assert "CPU" not in sortable_tables.costs(older)["caption"]
    figure = chosen_figures.cost(facets_of(older)[0], older.nouns)
    assert figure.label.startswith("Quality against wall seconds of training")
    assert "CPU" not in figure.svg


@pytest.mark.parametrize("change", [{"cpu_seconds": {}}, {"device": "cuda:0"}])
def test_one_study_cell_without_cpu_seconds_leaves_its_field_empty(change, tmp_path):
    folder = fake_study.build(tmp_path / "study", seeds=2)
    path = next(folder.glob("cells/*mean_output.mse.s0/manifest.json"))
    write_text(path, json.dumps({**json.loads(path.read_text(encoding="utf-8")), **change}))
    results = read_study(folder).results
    assert list(results[results["cpu_seconds_train"].isna()]["id"]) == [path.parent.name]
    assert results["seconds_train"].notna().all()


@given(st.lists(st.tuples(st.none() | st.floats(0.1, 1e4), st.none() | st.floats(0.1, 1e4)), min_size=1, max_size=8))
def test_no_trained_pairing_is_without_the_chosen_time(times):
    """CPU seconds are only chosen if each pairing that was trained has them."""
    pairings = pd.DataFrame(times, columns=[WALL.column, PROCESSOR.column], dtype=float)
    trained = pairings[pairings[WALL.column].notna()]
    assert trained[training_clock(pairings).column].notna().all()
    assert training_clock(pairings[[WALL.column]]) is WALL
