"""Frames given to train, compare, evaluate and probe: the same results as from a file of the same rows."""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import seqtwin
import tiny
from optional import library
from seqtwin.config import read_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import verify
from seqtwin.notebook.given_data import study_over
from seqtwin.verify import verify_folder

SMALL = {"fit.epochs": 1, "encoder.embedding": 6, "encoder.hidden": 8, "fit.device": "cpu", "encoder.lexical": None}
BYTES = ("scores.json", "predictions.csv", "encoder/model.safetensors")


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(tiny.drawn_pairs(160, 0), columns=["left", "right", "label"])


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


def train(data: Any, out: str, **named: Any) -> Any:
    return seqtwin.train(data, out, settings=SMALL, baselines=False, **named)


def contents(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in BYTES]


def test_a_frame_trains_as_a_file_does(frame: pd.DataFrame) -> None:
    frame.to_csv("frame.csv", index=False)
    rows = [tuple(row) for row in frame.itertuples(index=False)]
    lines: list[str] = []
    of_file = train("frame.csv", "of_file")
    for name, data in {
        "frame": frame,
        "tuples": rows,
        "polars": library("polars").from_dicts(frame.to_dict("records")),
    }.items():
        run = train(data, name, on_notice=lines.append)
        assert contents(run.path) == contents(of_file.path)
        assert run.understood[0] == of_file.understood[0].replace("frame.csv", "frame.jsonl")
        assert run.understood[1:-1] == of_file.understood[1:]
        assert run.understood[-1].startswith(f"the rows are kept in {name}.data")
        assert list(run.understood) == lines
        lines.clear()


def test_the_published_config_is_read_again_and_verified(frame: pd.DataFrame) -> None:
    run = train(frame, "runs/first")
    config = read_run(run.path / "config.yaml")
    again = seqtwin.train(config, "again", baselines=False)
    assert contents(again.path) == contents(run.path)
    assert verify(run.path)["status"] == "finished"
    checked = verify_folder(run.path)
    [kept] = Path("runs/first.data").rglob("*.jsonl")
    assert not checked.damage
    kept.write_bytes(kept.read_bytes().replace(b'"a', b'"b', 1))
    damaged = verify_folder(run.path)
    assert [(finding.place, finding.wrong) for finding in damaged.damage] == [(kept, "changed since it was saved")]
    assert damaged.files == checked.files


def test_the_splits_of_frames_are_kept(frame: pd.DataFrame) -> None:
    parts = {"train": frame[:96], "validation": frame[96:120], "test": frame[120:]}
    run = train(parts, "split")
    assert not verify_folder(run.path).damage
    predictions = pd.read_csv(run.path / "predictions.csv")
    assert predictions["split"].value_counts().to_dict() == {"dev": 24, "test": 40}


def test_frames_in_a_config_and_settings(frame: pd.DataFrame, tmp_path: Path) -> None:
    raw = tiny.raw_run(
        tmp_path, data={"label": "label", "train": frame[:96], "dev": frame[96:120], "test": frame[120:]}
    )
    run = seqtwin.train(raw, "run", settings={"fit.epochs": 1}, baselines=False)
    assert len(run.history) == 2
    assert read_run(run.path / "config.yaml").data.train.endswith("frame.jsonl")


def test_other_columns_are_named(frame: pd.DataFrame) -> None:
    odd = frame.rename(columns={"left": "x", "right": "y", "label": "z"})
    with pytest.raises(DataError, match="the frame"):
        train(odd, "odd")
    assert not Path("odd.data").exists()
    assert train(odd, "named", left="x", right="y", label="z").status == "finished"


def test_columns_beside_a_config_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="a config names its own columns"):
        seqtwin.train(tiny.raw_run(tiny.write_pairs(tmp_path / "data")), left="a")
    with pytest.raises(ConfigError, match="not JSON serializable"):
        seqtwin.train(tiny.raw_run(tmp_path / "data"), settings={"fit.epochs": object()})


def test_a_bad_row_is_named_by_its_number(frame: pd.DataFrame) -> None:
    frame.loc[4, "label"] = 7
    with pytest.raises(DataError, match=r"the frame; line 1 is its first row: (.|\n)*line 5"):
        train(frame, "bad")


def test_a_stopped_training_on_a_frame_goes_on(frame: pd.DataFrame) -> None:
    whole = seqtwin.train(frame, "whole", settings={**SMALL, "fit.epochs": 2}, baselines=False)

    def stop(state: Any) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seqtwin.train(frame, "stopped", settings={**SMALL, "fit.epochs": 2}, baselines=False, on_epoch=stop)
    resumed = seqtwin.train(frame, "stopped", settings={**SMALL, "fit.epochs": 2}, baselines=False, resume=True)
    assert contents(resumed.path) == contents(whole.path)


def test_an_encoder_is_evaluated_and_probed_on_a_frame(frame: pd.DataFrame, tmp_path: Path) -> None:
    encoder = seqtwin.load(tiny.saved_encoder(tmp_path / "encoder"))
    frame.to_csv("pairs.csv", index=False)
    of_frame, of_file = encoder.evaluate(frame), seqtwin.evaluate(tmp_path / "encoder", "pairs.csv")
    pd.testing.assert_frame_equal(of_frame, of_file)
    assert of_frame.loc["roc_auc", "value"] == pytest.approx(_auc(encoder, frame))
    assert of_frame["undefined"].ne("").eq(of_frame["value"].isna()).all()
    assert (
        seqtwin.probe(tmp_path / "encoder", frame).as_dict()
        == seqtwin.probe(tmp_path / "encoder", "pairs.csv").as_dict()
    )


def _auc(encoder: Any, frame: pd.DataFrame) -> float:
    from sklearn.metrics import roc_auc_score

    return float(roc_auc_score(frame["label"], encoder.score(frame["left"], frame["right"])))


def test_compare_takes_a_frame(frame: pd.DataFrame, caplog: Any) -> None:
    grid = {"grid.representation": ["final_hidden"], "grid.loss": ["mse", "bce"], "tune": False, "seeds": 2}
    seen: list[seqtwin.Callback] = []

    class Cells(seqtwin.Callback):
        def on_cell(self, cell: Any) -> None:
            seen.append(cell)

    with caplog.at_level(logging.INFO, "seqtwin"):
        study = seqtwin.compare(frame, "study", jobs=1, settings={**SMALL, **grid}, callbacks=[Cells()])
    assert sorted(cell.id for cell in seen) == sorted(study.planned)
    assert {cell.status for cell in seen} == {"finished"}
    assert "the rows are kept in study.data" in caplog.text
    assert len(study.results) == 4
    assert study.results["test_roc_auc"].notna().all()
    assert len(study.pairings) == 2
    svg = study.heatmap()._repr_svg_()
    assert "final_hidden" in svg
    assert "bce" in svg
    assert repr(study) == "Study('study', 4 study cells)"
    assert "study.heatmap()" in study._repr_html_()
    with pytest.raises(ConfigError, match="from 0 to 0"):
        study.heatmap(1)
    again = seqtwin.compare(frame, "study", jobs=1, settings={**SMALL, **grid})
    assert again.trained == []


def test_a_run_shows_itself(frame: pd.DataFrame) -> None:
    run = train(frame, "run")
    assert list(run.history["epoch"]) == [0, 1]
    assert repr(run) == f"Run('run', finished, test ROC-AUC {run.scores['test']['roc_auc']:.3f})"
    html = run._repr_html_()
    assert "<svg" in html
    assert "run.encoder" in html
    assert "<script" not in html
    assert "training loss" in run.plot()._repr_svg_()
    left, right = ["abc", "de"], ["abd", "fe"]
    np.testing.assert_array_equal(run.encoder.score(left, right), seqtwin.load(run.path).score(left, right))


# what a person gives by mistake


def test_columns_without_names_are_named_by_their_numbers(frame: pd.DataFrame) -> None:
    frame.columns = pd.Index([0, 1, 2])
    run = train(frame, "numbers", left=0, right=1, label=2, labels={"1": 1, "0": 0})
    assert run.understood[0].count("'0'") or "0" in run.understood[0]


def test_a_table_of_pyarrow_with_a_name_twice_is_refused(frame: pd.DataFrame) -> None:
    pa = library("pyarrow")
    table = pa.table(
        [frame["left"], frame["right"], frame["left"], frame["label"]], ["left", "right", "right", "label"]
    )
    with pytest.raises(DataError, match="'right' occurs more than once"):
        train(table, "twice")


@pytest.mark.parametrize("kind", ["series", "array", "generator", "nothing"])
def test_what_is_no_frame_is_named(frame: pd.DataFrame, kind: str) -> None:
    given = {
        "series": frame["left"],
        "array": frame.to_numpy(),
        "generator": (row for row in [("a", "b", 1)]),
        "nothing": None,
    }[kind]
    with pytest.raises(DataError, match=type(given).__name__) as refused:
        train(given, "out")
    assert refused.value.code == "FRAME_TYPE"
    assert not list(Path.cwd().iterdir())


def test_frames_and_files_do_not_mix(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="some splits are frames and some are not"):
        train({"train": frame, "test": "pairs.csv"}, "out")


def test_the_split_without_rows_is_named(frame: pd.DataFrame) -> None:
    with pytest.raises(DataError) as refused:
        train({"train": frame, "dev": frame.iloc[:0], "test": frame}, "out")
    assert refused.value.place == "dev of frame"


@pytest.mark.parametrize(
    ("columns", "remedy"), [(["left", "right"], "label=NAME"), (["left", "right", "score"], "scale=(LOW, HIGH)")]
)
def test_remedies_name_arguments(frame: pd.DataFrame, columns: list[str], remedy: str) -> None:
    frame["score"] = 5
    with pytest.raises(DataError) as refused:
        train(frame[columns], "out")
    assert remedy in refused.value.remedy
    assert "--label" not in str(refused.value)


def test_an_unknown_setting_is_a_fault_of_the_settings(frame: pd.DataFrame) -> None:
    with pytest.raises(ConfigError) as refused:
        seqtwin.train(frame, "out", settings={"epochs": 3})
    assert refused.value.place == "settings"


def test_a_comparison_of_few_series_is_one_of_recurrent_networks() -> None:
    """The starter config has kernels alone, from which every representation would be the same vector."""
    raw = {"data": {"name": "digits"}, "encoder": {"hidden": 8, "kernels": {"share": 1.0}}}
    base = study_over(raw, [], "data.csv").base
    assert (base.encoder.kernels, base.encoder.hidden) == (None, 8)
    asked = study_over(raw, ["encoder.kernels={share: 0.5}"], "data.csv").base
    assert asked.encoder.kernels is not None
