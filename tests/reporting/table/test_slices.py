import itertools
import json

import fake_study
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from seqtwin.reporting.table.bootstrap import benches
from seqtwin.reporting.table.planned_cells import gather
from seqtwin.reporting.table.read_cells import read_cells
from seqtwin.reporting.table.slices import bins_of, pad_slope, slice_bench, slice_rows
from seqtwin.reporting.table.study_table import read_study


def _test_part(values):
    count = len(values)
    columns = {"length": values, "pad_share": np.linspace(0, 1, count), "overlap": np.full(count, np.nan)}
    return pd.DataFrame({**columns, "seen": 0, "target": np.arange(count) % 2})


@settings(max_examples=80, deadline=None)
@given(st.lists(st.one_of(st.integers(0, 5).map(float), st.floats(0, 100)), min_size=1, max_size=60))
def test_quartiles_part_all_pairs_and_never_part_equal_values(values):
    bins = [one for one in bins_of(_test_part(values), graded=False) if one.kind == "length"]
    assert 1 <= len(bins) <= 4
    assert sorted(np.concatenate([one.rows for one in bins])) == list(range(len(values)))
    for lower, upper in itertools.pairwise(bins):
        assert lower.high_edge < upper.low_edge
    for one in bins:
        inside = np.array(values)[one.rows]
        assert (one.low_edge, one.high_edge) == (inside.min(), inside.max())


@settings(max_examples=40, deadline=None)
@given(st.integers(8, 200))
def test_quartiles_of_distinct_values_are_of_about_equal_size(count):
    sizes = [len(one.rows) for one in bins_of(_test_part(np.arange(count) / 7), graded=False) if one.kind == "length"]
    assert len(sizes) == 4
    assert max(sizes) - min(sizes) <= 1


def test_kinds_without_values_have_no_bins():
    kinds = {one.kind for one in bins_of(_test_part(np.arange(8.0)), graded=False)}
    assert kinds == {"length", "pad_share", "seen"}
    graded = {one.kind for one in bins_of(_test_part(np.arange(8.0)), graded=True)}
    assert graded - kinds == {"target"}


def test_overlap_keeps_none_apart_from_little():
    test = _test_part(np.arange(10.0)).assign(overlap=[0, 0, 0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 1.0])
    found = {one.text: list(one.rows) for one in bins_of(test, graded=False) if one.kind == "overlap"}
    assert found == {"none": [0, 1, 2], "low": [3, 4, 5], "middle": [6, 7], "high": [8, 9]}
    alike = test.assign(overlap=0.5)
    assert [one.text for one in bins_of(alike, graded=False) if one.kind == "overlap"] == ["some"]


def test_seen_bins_are_named_by_how_many_items_were_seen():
    test = _test_part(np.arange(5.0)).assign(seen=[2, 0, 0, 2, 2])
    found = {one.text: list(one.rows) for one in bins_of(test, graded=False) if one.kind == "seen"}
    assert found == {"neither seen": [1, 2], "both seen": [0, 3, 4]}


def _inside(test, row):
    column = {"length": "length", "pad_share": "pad_share", "overlap": "overlap", "seen": "seen", "target": "target"}
    values = test[column[row["kind"]]]
    reach = 1e-5 * max(abs(row["high_edge"]), 1.0)
    return test[(values >= row["low_edge"] - reach) & (values <= row["high_edge"] + reach)]


@pytest.mark.parametrize("graded", [False, True])
def test_values_are_those_of_scikit_learn_and_scipy(tmp_path, graded):
    factors = {"representation": ("mean_output", "max_output"), "loss": ("mse",)}
    folder = fake_study.build(tmp_path / "study", factors=factors, seeds=2, graded=graded)
    found = read_study(folder).slices
    rows = found[found["representation"] == "max_output"]
    assert set(rows["kind"]) == {"length", "pad_share", "overlap", "seen"} | ({"target"} if graded else set())
    tests = [pd.read_csv(folder / f"cells/placenames.lstm.max_output.mse.s{seed}/predictions.csv") for seed in (0, 1)]
    tests = [test[test["split"] == "test"] for test in tests]
    defined = 0
    for _, row in rows.iterrows():
        parts = [_inside(test, row) for test in tests]
        assert len(parts[0]) == row["pairs"]
        if len(parts[0]["target"].unique()) < 2:
            assert np.isnan(row["mean"])
            assert row["interval"] == "refused: undefined on these pairs"
            continue
        measure = (lambda t, s: spearmanr(t, s).statistic) if graded else roc_auc_score
        assert row["mean"] == pytest.approx(np.mean([measure(p["target"], p["score"]) for p in parts]), abs=1e-5)
        assert row["low"] < row["mean"] < row["high"]
        defined += 1
    assert defined >= 12


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    odd = {("max_output", "mse", "1"): "failed", ("last_output", "mse"): "collapsed"}
    factors = {"representation": ("mean_output", "max_output", "last_output"), "loss": ("mse",)}
    folder = fake_study.build(tmp_path_factory.mktemp("bench") / "study", factors=factors, seeds=3, odd=odd)
    study = json.loads((folder / "study.json").read_text())
    found = gather(study, read_cells(folder))
    return found, benches(found, 60, np.random.default_rng(1))[0]


def test_replicates_by_plain_loops(bench):
    _, own = bench
    one = next(s for s in slice_bench(own) if s.bin.kind == "length" and s.bin.order == 1)
    rows, judged = one.bin.rows, own.judged
    for place, seeds in ((0, [0, 1, 2]), (1, [0, 2])):
        for b in range(60):
            weight = own.drawn.cluster_counts[b][judged.cluster_of[rows]]
            values = [
                roc_auc_score(judged.targets[rows], judged.scores[place, s, rows], sample_weight=weight) for s in seeds
            ]
            counts = own.drawn.seed_counts[b][seeds]
            expected = np.average(values, weights=counts) if counts.sum() else np.nan
            assert one.replicates[place, b] == pytest.approx(expected, nan_ok=True)


def test_a_pairing_without_a_finished_seed_keeps_its_rows(bench):
    found, own = bench
    frame = slice_rows(found, [(own, slice_bench(own))])
    part = frame[frame["representation"] == "last_output"]
    assert len(part) == len(frame) / 3
    assert set(part["interval"]) == {"refused: no finished seed"}
    assert part[["mean", "low", "high"]].isna().all(axis=None)


def test_the_pad_slope_is_the_least_squares_line(bench):
    _, own = bench
    sliced = slice_bench(own)
    values = [one.observed[0] for one in sliced if one.bin.kind == "pad_share"]
    slope, reach = pad_slope(sliced, 0)
    assert slope == pytest.approx(np.polyfit(range(4), values, 1)[0])
    assert reach.low < slope < reach.high
    nothing, refused = pad_slope(sliced, 2)
    assert np.isnan(nothing)
    assert refused.refused


def test_a_planted_pad_slope_is_found(tmp_path):
    """Scores that get worse with more pads: the interval of the slope lies below 0; elsewhere it holds 0."""
    import fake_cell

    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse",)}, seeds=3)
    assert (
        read_study(folder).pairings["pad_slope_low"].item() < 0 < read_study(folder).pairings["pad_slope_high"].item()
    )
    for home in folder.glob("cells/*"):
        table = pd.read_csv(home / "predictions.csv")
        noise = np.random.default_rng(0).normal(size=len(table))
        table["score"] = table["score"] + table["pad_share"] ** 2 * noise
        files = {path.name: path.read_text() for path in home.iterdir() if path.name != "manifest.json"}
        manifest = json.loads((home / "manifest.json").read_text())
        for path in home.iterdir():
            path.unlink()
        home.rmdir()
        fake_cell.publish(home, {**files, "predictions.csv": table.to_csv(index=False)}, manifest)
    assert read_study(folder).pairings["pad_slope_high"].item() < 0
