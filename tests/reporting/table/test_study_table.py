import json
import shutil
from pathlib import Path

import fake_study
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table import study_table


def _commit(folder: Path, contents: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in contents.items():
        (folder / name).write_bytes(text.encode("utf-8"))
    return folder


def _of(frame, representation, loss):
    return frame[(frame["representation"] == representation) & (frame["loss"] == loss)]


def _small(folder: Path, **more) -> Path:
    return fake_study.build(folder, **{"factors": {"loss": ("mse",)}, "seeds": 1, **more})


@pytest.mark.parametrize("kind", ["quick_table", "serious_table"])
def test_results_give_the_same_table_to_the_last_byte(kind, request, tmp_path):
    first = request.getfixturevalue(kind)
    second = study_table.read_study(_commit(tmp_path / "results", study_table.write_results(first)))
    assert study_table.write_results(second) == study_table.write_results(first)
    assert second.meta == first.meta
    assert second.analysis == first.analysis
    for name in study_table.FRAMES:
        assert getattr(second, name).equals(getattr(first, name)), name


@pytest.mark.long
def test_results_give_the_same_report(quick_table, tmp_path):
    second = study_table.read_study(_commit(tmp_path / "results", study_table.write_results(quick_table)))
    assert report_files(second) == report_files(quick_table)


def test_reading_twice_gives_the_same_bytes(plain, quick_table):
    assert study_table.write_results(study_table.read_study(plain)) == study_table.write_results(quick_table)


def test_where_a_study_lies_does_not_matter(plain, quick_table, tmp_path):
    elsewhere = shutil.copytree(plain, tmp_path / "elsewhere")
    assert study_table.write_results(study_table.read_study(elsewhere)) == study_table.write_results(quick_table)


def test_every_study_cell_has_its_row_failed_ones_too(quick_table):
    assert len(quick_table.results) == 50
    failed = quick_table.results[quick_table.results["status"] == "failed"]
    assert list(failed["error_code"]) == ["OUT_OF_MEMORY"]
    assert failed["test_roc_auc"].isna().all()
    last = _of(quick_table.pairings, "last_output", "contrastive-auto").iloc[0]
    assert (last["planned"], last["finished"], last["failed"]) == (5, 4, 1)


def test_values_are_those_of_the_predictions(plain, quick_table):
    pairing = _of(quick_table.pairings, "mean_output", "mse")
    values = []
    for seed in range(5):
        path = plain / "cells" / f"placenames.lstm.mean_output.mse.s{seed}" / "predictions.csv"
        rows = [line.split(",") for line in path.read_text().splitlines()[1:] if line.startswith("test")]
        values.append(roc_auc_score([float(r[3]) for r in rows], [float(r[4]) for r in rows]))
    assert pairing["mean"].item() == pytest.approx(np.mean(values), abs=1e-5)
    assert pairing["sd"].item() == pytest.approx(np.std(values, ddof=1), abs=1e-5)
    assert pairing["low"].item() < np.mean(values) < pairing["high"].item()


def test_the_chosen_pairing_is_that_of_dev(quick_table):
    pairings = quick_table.pairings
    chosen = pairings[pairings["chosen"] == 1]
    assert len(chosen) == 1
    assert chosen["dev_mean"].item() == pairings["dev_mean"].max()
    others = pairings[pairings["chosen"] == 0]
    whole = others[others["finished"] == 5]
    assert list(whole["difference"]) == pytest.approx(list(whole["mean"] - chosen["mean"].item()), abs=2e-5)
    assert (
        (others["difference_low"] <= others["difference"]) & (others["difference"] <= others["difference_high"])
    ).all()


def test_there_is_one_bootstrap_for_the_pairings_and_the_analysis(serious_table):
    facet = serious_table.analysis["facets"][0]
    best, ties = facet["best"], {(t["representation"], t["loss"]): t["letters"] for t in facet["ties"]}
    row = _of(serious_table.pairings, best["representation"], best["loss"]).iloc[0]
    assert row["chosen"] == 1
    assert (row["low"], row["high"]) == (best["low"], best["high"])
    for _, pairing in serious_table.pairings.iterrows():
        assert pairing["letters"] == ties[pairing["representation"], pairing["loss"]] != ""


def test_diagnostics_and_tuning_stand_in_every_row(serious, serious_table):
    row = serious_table.results[serious_table.results["id"] == "placenames.lstm.max_output.contrastive-auto.s3"].iloc[0]
    home = serious / "cells" / row["id"]
    recorded = json.loads((home / "diagnostics.json").read_text())
    found = {name: row[f"diag_{name}"] for name in recorded}
    assert {n for n, v in found.items() if np.isnan(v)} == {n for n, v in recorded.items() if v is None} != set()
    assert all(found[n] == pytest.approx(v, rel=1e-5) for n, v in recorded.items() if v is not None)
    tuning = json.loads((home / "manifest.json").read_text())["tuning"]
    assert json.loads(row["changes"]) == tuning["changes"]
    assert (row["tuned_trials"], row["tuned_value"], row["untuned_value"]) == (20, tuning["value"], tuning["untuned"])
    assert row["edge"] == "fit.lr"


def test_means_of_diagnostics_leave_out_what_did_not_finish(serious_table):
    part = _of(serious_table.results, "last_output", "contrastive-auto")
    assert sorted(part["status"].unique()) == ["collapsed", "diverged", "finished"]
    done = part[part["status"] == "finished"]
    row = _of(serious_table.pairings, "last_output", "contrastive-auto").iloc[0]
    assert row["diag_effective_rank_mean"] == pytest.approx(done["diag_effective_rank"].mean(), rel=1e-5)
    assert row["diag_effective_rank_mean"] > 30
    assert (row["collapsed"], row["diverged"], row["finished"]) == (1, 1, 8)


def test_what_is_true_of_the_study(serious_table):
    meta, results = serious_table.meta, serious_table.results
    assert (meta["tier"], meta["trials"], meta["tuned"], meta["replicates"]) == ("standard", 20, True, 2000)
    assert len(meta["plan"]["comparisons"]) == 7
    assert meta["datasets"]["placenames"]["leakage"] == {"pairs": 0, "share": 0.0}
    seconds = results[["seconds_data", "seconds_train", "seconds_evaluate"]].sum().sum()
    assert meta["seconds"] == {"cells": pytest.approx(seconds, abs=0.1), "tuning": 10 * 20 * 7.5}
    assert serious_table.analysis["validity"]["replicates"] == 2000


def test_failed_study_cells_that_were_trained_again_are_counted(tmp_path):
    folder = _small(tmp_path / "study")
    assert study_table.read_study(folder).meta["retries"] == 0
    shutil.copytree(next(folder.glob("cells/*")), folder / "cells" / ".retired" / "placenames.lstm.mse.s0.ab12")
    found = study_table.read_study(folder)
    assert (found.meta["retries"], len(found.results)) == (1, 1)


def test_a_changed_file_is_damage(tmp_path):
    folder = _small(tmp_path / "study")
    scores = next(folder.glob("cells/*/scores.json"))
    scores.write_text(scores.read_text().replace("0.51", "0.52"))
    with pytest.raises(DamagedError, match="changed since it was published"):
        study_table.read_study(folder)


@pytest.mark.parametrize("name", ["scores.json", "diagnostics.json", "trace.csv", "reads.csv"])
def test_a_finished_cell_without_a_file_names_it(tmp_path, name):
    folder = _small(tmp_path / "study")
    manifest = next(folder.glob("cells/*/manifest.json"))
    content = json.loads(manifest.read_text())
    del content["files"][name]
    manifest.write_text(json.dumps(content))
    with pytest.raises(DamagedError, match=name):
        study_table.read_study(folder)


def test_seeds_of_a_pairing_are_judged_on_the_same_pairs(tmp_path):
    folder = _small(tmp_path / "study", seeds=2)
    home = sorted(folder.glob("cells/*"))[1]
    text = (home / "predictions.csv").read_text().splitlines()
    files = {path.name: path.read_text() for path in home.iterdir() if path.name != "manifest.json"}
    manifest = json.loads((home / "manifest.json").read_text())
    shutil.rmtree(home)
    fake_study.publish(home, {**files, "predictions.csv": "\n".join(text[:-1]) + "\n"}, manifest)
    with pytest.raises(DamagedError, match="different test pairs"):
        study_table.read_study(folder)


def test_a_folder_without_a_study_says_what_to_give(tmp_path):
    with pytest.raises(ConfigError, match=r"study\.json") as error:
        study_table.read_study(tmp_path)
    assert "seqtwin compare" in error.value.remedy


@pytest.mark.parametrize("name", [*(f"{name}.csv" for name in study_table.FRAMES), "analysis.json"])
def test_missing_results_are_named(quick_table, tmp_path, name):
    contents = study_table.write_results(quick_table)
    del contents[name]
    with pytest.raises(DamagedError) as error:
        study_table.read_study(_commit(tmp_path / "results", contents))
    assert error.value.place.endswith(name)


@pytest.mark.parametrize("line", ["a,b\n", "a,1,x,0.5,1,,,,,\n"])
def test_damaged_results_are_named(quick_table, tmp_path, line):
    contents = study_table.write_results(quick_table)
    contents["curves.csv"] += line
    with pytest.raises(DamagedError) as error:
        study_table.read_study(_commit(tmp_path / "results", contents))
    assert "curves.csv" in error.value.place


def test_cells_that_are_not_planned_stay_out(tmp_path):
    folder = _small(tmp_path / "study", seeds=2, unpublished=1)
    study = json.loads((folder / "study.json").read_text())
    study["planned"] = [study["planned"][0], study["planned"][-1]]
    (folder / "study.json").write_text(json.dumps(study))
    found = study_table.read_study(folder)
    assert len(found.results) == 1
    assert found.meta["missing"] == ["later.0"]


@pytest.mark.parametrize("status", ["failed", "diverged", "oom", "collapsed"])
def test_a_study_where_nothing_finished_has_a_table(tmp_path, status):
    found = study_table.read_study(_small(tmp_path / "study", seeds=2, odd={(): status}))
    row = found.pairings.iloc[0]
    assert (row[status], row["finished"], row["chosen"]) == (2, 0, 0)
    assert row["interval"] == "refused: no finished seed"
    assert found.worst.empty
    assert all(not facet["best"] for facet in found.analysis["facets"])


def test_a_study_without_published_cells_has_an_empty_table(tmp_path):
    folder = _small(tmp_path / "study")
    shutil.rmtree(next(folder.glob("cells/*")))
    found = study_table.read_study(folder)
    assert [len(getattr(found, name)) for name in study_table.FRAMES] == [0] * len(study_table.FRAMES)
    assert (found.analysis["facets"], found.analysis["planned"]) == ([], [])


def test_csv_text_keeps_labels_that_look_like_numbers():
    frame = study_table.frame_from_csv("width,mean\n064,0.5\n,\n", {"width"}, "here")
    assert list(frame["width"]) == ["064", ""]
    assert frame["mean"].isna().tolist() == [False, True]
    assert study_table.frame_to_csv(frame) == "width,mean\n064,0.5\n,\n"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.text(st.characters(exclude_categories=["Cs"])), st.floats(-1e6, 1e6)), min_size=1))
def test_csv_text_gives_back_what_was_written(rows):
    frame = pd.DataFrame(rows, columns=["cause", "mean"])
    found = study_table.frame_from_csv(study_table.frame_to_csv(frame), {"cause"}, "here")
    assert list(found["cause"]) == [text.replace("\r\n", "\n").replace("\r", "\n") for text, _ in rows]
    assert list(found["mean"]) == pytest.approx([value for _, value in rows], rel=1e-5, abs=1e-300)
    assert study_table.frame_to_csv(found) == study_table.frame_to_csv(frame)
