"""Frames other than results and pairings, each against a plain loop or another library."""

import json

import fake_study
import numpy as np
import pandas as pd
import pytest
from scipy.stats import rankdata

from seqtwin.reporting.table.bootstrap import benches
from seqtwin.reporting.table.planned_cells import gather
from seqtwin.reporting.table.read_cells import read_cells
from seqtwin.reporting.table.study_table import read_study


def _predictions(folder, pairing, seeds):
    paths = [folder / "cells" / f"placenames.lstm.{pairing}.s{seed}" / "predictions.csv" for seed in range(seeds)]
    frames = [pd.read_csv(path) for path in paths]
    return [frame[frame["split"] == "test"].reset_index(drop=True) for frame in frames]


def test_traces_are_thinned_by_means_of_windows(plain, quick_table):
    name = "placenames.lstm.mean_output.mse.s1"
    recorded = pd.read_csv(plain / "cells" / name / "trace.csv")
    assert len(recorded) == 188
    found = quick_table.traces[quick_table.traces["id"] == name]
    assert len(found) == 24
    for place, (_, row) in enumerate(found.iterrows()):
        window = recorded.iloc[8 * place : 8 * place + 8]
        assert row["step"] == window["step"].iloc[-1]
        assert row["loss"] == pytest.approx(window["loss"].mean(), rel=1e-5)
    assert found["step"].iloc[-1] == recorded["step"].iloc[-1]


def test_curves_have_what_was_watched(plain, quick_table):
    name = "placenames.lstm.last_output.contrastive-auto.s0"
    recorded = pd.read_csv(plain / "cells" / name / "history.csv")
    found = quick_table.curves[quick_table.curves["id"] == name]
    assert list(found["dev"]) == pytest.approx(list(recorded["dev_roc_auc"]), rel=1e-5)
    assert list(found["training_loss"]) == pytest.approx(list(recorded["loss"]), rel=1e-5)
    for column in ("gradient_norm", "pair_distance", "effective_rank", "active_positives", "active_negatives"):
        assert list(found[column]) == pytest.approx(list(recorded[column]), rel=1e-5)
    of_mse = quick_table.curves[quick_table.curves["id"] == "placenames.lstm.last_output.mse.s0"]
    assert of_mse["active_negatives"].isna().all()


def test_readings_are_means_over_finished_seeds(plain, quick_table):
    own = quick_table.reads[quick_table.reads["loss"] == "contrastive-auto"]
    own = own[own["representation"] == "last_output"].set_index("read")
    paths = sorted(plain.glob("cells/*.last_output.contrastive-auto.*/reads.csv"))
    recorded = [pd.read_csv(path).set_index("representation") for path in paths]
    assert len(recorded) == 4  # one of five failed
    for part in ("dev", "test"):
        values = [one.loc["max_output", part] for one in recorded]
        assert own.loc["max_output", part] == pytest.approx(np.mean(values), rel=1e-5)
    assert own.loc["final_cell"].isna()[["dev", "test"]].all()


def test_trials_hold_what_was_tried(serious, serious_table):
    path = serious / "tuning" / "lstm.max_output.contrastive-auto" / "trials.csv"
    recorded = pd.read_csv(path)
    frame = serious_table.trials
    found = frame[(frame["representation"] == "max_output") & (frame["loss"] == "contrastive-auto")]
    assert list(found["state"]) == list(recorded["state"])
    assert list(found["value"].fillna(-1)) == pytest.approx(list(recorded["value"].fillna(-1)))
    assert json.loads(found["params"].iloc[3]) == {key: recorded[key][3] for key in recorded.columns[4:]}
    facet = serious_table.analysis["facets"][0]
    expected = next(
        e for e in facet["expected"] if (e["representation"], e["loss"]) == ("max_output", "contrastive-auto")
    )
    assert expected["value"][0] == pytest.approx(recorded["value"].mean(), rel=1e-5)
    assert expected["value"][-1] <= recorded["value"].max()


def test_a_study_that_was_not_tuned_has_no_trials(quick_table):
    assert quick_table.trials.empty
    assert list(quick_table.trials.columns)[-1] == "params"
    assert (quick_table.results["changes"] == "").all()
    assert quick_table.results["tuned_trials"].isna().all()


@pytest.mark.parametrize("graded", [False, True])
def test_the_worst_pairs_by_plain_loops(tmp_path, graded):
    folder = fake_study.build(tmp_path / "study", graded=graded, seeds=3)
    found = read_study(folder)
    chosen = found.pairings[found.pairings["chosen"] == 1].iloc[0]
    tests = _predictions(folder, f"{chosen['representation']}.{chosen['loss']}", 3)
    targets = tests[0]["target"].to_numpy()
    goal = (rankdata(targets) - 1) / 399 if graded else targets
    misses = np.mean([abs((rankdata(test["score"]) - 1) / 399 - goal) for test in tests], axis=0)
    order = sorted(range(400), key=lambda row: (-round(misses[row], 9), row))[:10]
    assert list(found.worst["row"]) == order
    assert list(found.worst["miss"]) == pytest.approx(misses[order], rel=1e-5)
    assert list(found.worst["score"]) == pytest.approx(np.mean([t["score"] for t in tests], axis=0)[order], rel=1e-5)
    assert list(found.worst["left"]) == [f"Saint {row}" for row in order]
    assert list(found.worst["right"]) == [f'St. "{row}" <b>' for row in order]


def test_private_texts_stay_private(tmp_path, monkeypatch):
    import fake_cell

    real = fake_cell._facts
    monkeypatch.setattr(fake_cell, "_facts", lambda *a: {**real(*a), "shareable": False})
    found = read_study(fake_study.build(tmp_path / "study", seeds=2))
    assert len(found.worst) == 10
    assert set(found.worst["left"]) == set(found.worst["right"]) == {""}


def test_histograms_count_every_pair_of_every_seed(quick_table):
    counts = quick_table.histograms.groupby(["representation", "loss"])[["same", "different"]].sum()
    assert counts.loc[("mean_output", "mse")].tolist() == [5 * 200, 5 * 200]
    assert counts.loc[("last_output", "contrastive-auto")].tolist() == [4 * 200, 4 * 200]


def test_a_target_at_the_cut_is_the_same(tmp_path):
    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse",)}, seeds=1, graded=True)
    targets = pd.read_csv(next(folder.glob("cells/*/predictions.csv"))).query("split == 'test'")["target"]
    assert (targets == 0.5).sum() > 20
    assert read_study(folder).histograms["same"].sum() == (targets >= 0.5).sum()


def _benches(folder):
    study = json.loads((folder / "study.json").read_text())
    return benches(gather(study, read_cells(folder)), 40, np.random.default_rng(0))


def test_data_sets_are_judged_apart(tmp_path):
    factors = {"data.name": ("paris", "rome"), "loss": fake_study.LOSSES}
    found = _benches(fake_study.build(tmp_path / "study", factors=factors, seeds=2))
    assert [bench.judged.dataset for bench in found] == ["paris", "rome"]
    assert [len(bench.judged.pairings) for bench in found] == [2, 2]


def test_a_pairing_without_measures_stands_with_its_further_factors(tmp_path):
    factors = {"data.name": ("paris", "rome"), "loss": fake_study.LOSSES}
    odd = {("rome", "mse"): "diverged", ("paris", "mse", "1"): "collapsed"}
    first, second = _benches(fake_study.build(tmp_path / "study", factors=factors, seeds=2, odd=odd))
    assert [one["loss"] for one in second.judged.pairings] == ["mse", "contrastive-auto"]
    assert second.judged.statuses[0] == ["diverged", "diverged"]
    assert np.isnan(second.judged.scores[0]).all()
    assert first.judged.statuses[0] == ["finished", "collapsed"]
    assert np.isnan(first.judged.scores[0, 1]).all()
    assert np.isnan(first.judged.dev[0, 1])
    assert np.isfinite(first.judged.scores[0, 0]).all()


@pytest.mark.long
def test_a_comparison_with_a_pairing_that_never_finished_is_refused(tmp_path):
    folder = fake_study.build(tmp_path / "study", odd={("final_hidden", "mse"): "diverged"})
    planned = {row["name"]: row for row in read_study(folder).analysis["planned"]}
    assert planned["mse vs contrastive-auto (final_hidden)"]["refused"] != ""
    assert planned["final_hidden vs mean_output"]["refused"] != ""
    assert planned["mse vs contrastive-auto (mean_output)"]["refused"] == ""
