import json
from pathlib import Path

import fake_study
import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from seqtwin.errors import ConfigError, DamagedError
from seqtwin.report import table
from seqtwin.report.page import report_files


def _commit(folder: Path, contents: dict[str, str]) -> Path:
    folder.mkdir(parents=True)
    for name, text in contents.items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def test_results_give_the_same_table_and_the_same_report(usual, tmp_path):
    first = table.read_study(usual)
    second = table.read_study(_commit(tmp_path / "results", table.write_results(first)))
    assert table.write_results(second) == table.write_results(first)
    assert report_files(second) == report_files(first)


def test_reading_twice_gives_the_same_bytes(usual):
    assert table.write_results(table.read_study(usual)) == table.write_results(table.read_study(usual))


def test_every_study_cell_has_its_row_failed_ones_too(usual):
    found = table.read_study(usual)
    assert len(found.results) == 50
    failed = found.results[found.results["status"] == "failed"]
    assert list(failed["error_code"]) == ["OUT_OF_MEMORY"]
    assert failed["test_roc_auc"].isna().all()
    last = found.pairings[(found.pairings["representation"] == "last_output") & (found.pairings["failed"] == 1)].iloc[0]
    assert (last["planned"], last["finished"]) == (5, 4)


def test_values_are_those_of_the_predictions(usual):
    found = table.read_study(usual)
    pairing = found.pairings[(found.pairings["representation"] == "mean_output") & (found.pairings["loss"] == "mse")]
    values = []
    for seed in range(5):
        path = usual / "cells" / f"placenames.lstm.mean_output.mse.s{seed}" / "predictions.csv"
        rows = [line.split(",") for line in path.read_text().splitlines()[1:] if line.startswith("test")]
        values.append(roc_auc_score([float(r[3]) for r in rows], [float(r[4]) for r in rows]))
    assert pairing["mean"].item() == pytest.approx(np.mean(values), abs=1e-5)
    assert pairing["sd"].item() == pytest.approx(np.std(values, ddof=1), abs=1e-5)
    assert pairing["low"].item() < np.mean(values) < pairing["high"].item()


def test_the_chosen_pairing_is_that_of_dev(usual):
    pairings = table.read_study(usual).pairings
    chosen = pairings[pairings["chosen"] == 1]
    assert len(chosen) == 1
    assert chosen["dev_mean"].item() == pairings["dev_mean"].max()
    assert pairings["difference_low"].notna().sum() == 9


def test_a_changed_file_is_damage(tmp_path):
    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse",)}, seeds=1)
    scores = next(folder.glob("cells/*/scores.json"))
    scores.write_text(scores.read_text().replace("0.51", "0.52"))
    with pytest.raises(DamagedError, match="not what its manifest says"):
        table.read_study(folder)


def test_a_finished_cell_without_scores_is_damage(tmp_path):
    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse",)}, seeds=1)
    manifest = next(folder.glob("cells/*/manifest.json"))
    content = json.loads(manifest.read_text())
    del content["files"]["scores.json"]
    manifest.write_text(json.dumps(content))
    with pytest.raises(DamagedError, match=r"scores\.json"):
        table.read_study(folder)


def test_a_folder_without_a_study_says_what_to_give(tmp_path):
    with pytest.raises(ConfigError, match=r"study\.json") as error:
        table.read_study(tmp_path)
    assert "seqtwin compare" in error.value.remedy


@pytest.mark.parametrize("change", ["ragged", "word", "gone"])
def test_damaged_results_are_named(usual, tmp_path, change):
    contents = table.write_results(table.read_study(usual))
    if change == "gone":
        del contents["curves.csv"]
    else:
        contents["curves.csv"] += "a,b\n" if change == "ragged" else "a,1,x,0.5,1\n"
    with pytest.raises(DamagedError) as error:
        table.read_study(_commit(tmp_path / "results", contents))
    assert "curves.csv" in error.value.place


def test_cells_that_are_not_planned_stay_out(tmp_path):
    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse",)}, seeds=2, unpublished=1)
    study = json.loads((folder / "study.json").read_text())
    study["planned"] = [study["planned"][0], study["planned"][-1]]
    (folder / "study.json").write_text(json.dumps(study))
    found = table.read_study(folder)
    assert len(found.results) == 1
    assert found.meta["missing"] == ["later.0"]


def test_csv_text_keeps_labels_that_look_like_numbers():
    frame = table.frame_from_csv("width,mean\n064,0.5\n,\n", {"width"}, "here")
    assert list(frame["width"]) == ["064", ""]
    assert frame["mean"].isna().tolist() == [False, True]
    assert table.frame_to_csv(frame) == "width,mean\n064,0.5\n,\n"
