"""Options that add to the training pairs: what they change in a run, what they leave alone, and what is refused."""

import csv
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from seqtwin import cli
from seqtwin.api import refuse_misfits
from seqtwin.config import RunConfig, parse_run, parse_study, portable, read_run, vary
from seqtwin.errors import ConfigError
from seqtwin.files import read_json, write_text
from seqtwin.published import read_facts
from seqtwin.run.check_config import check_run, check_targets
from seqtwin.run.manifest import config_hash, config_text
from seqtwin.run.objectives.training_rows import added_lines, training_rows
from seqtwin.run.prepare import DataSets, prepare
from seqtwin.run.train import Run, train
from seqtwin.study.grid import expand_grid
from seqtwin.study.trials import dev_value
from seqtwin.training.epoch_pairs import EpochPairs

AUGMENT = {"typos": 0.5, "copies": 0.5}
CONTRASTIVE = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
FIT = {"augment": AUGMENT, "hard_negatives": {"from_epoch": 1, "margin": None}}
RESULTS = ("scores.json", "trace.csv", "predictions.csv", "encoder/model.safetensors", "reads.csv")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny.write_pairs(tmp_path_factory.mktemp("small") / "data")
    rows = [f"{left}g,{right}g,{4 * same + 1}" for left, right, same in tiny.drawn_pairs(50, 9)]
    write_text(folder / "stars.csv", "\n".join(["left,right,stars", *rows]) + "\n")
    return folder


def mix(folder: Path, **changes: object) -> dict[str, Any]:
    usual = {"train": str(folder / "stars.csv"), "score": "stars", "scale": [1, 5], "share": 0.25}
    return {"mix": [{**usual, **changes}]}


def run(folder: Path, **sections: Any) -> RunConfig:
    return parse_run(tiny.raw_run(folder, **{"loss": CONTRASTIVE, **sections}))


@pytest.fixture(scope="module")
def whole(folder: Path) -> Run:
    return train(run(folder, data=mix(folder), fit=FIT), folder.parent / "whole")


def bytes_of(one: Run) -> list[bytes]:
    return [(one.path / name).read_bytes() for name in RESULTS]


def test_without_options_the_rows_are_those_of_train(folder: Path) -> None:
    plain = run(folder)
    prepared = prepare(plain)
    off = run(folder, fit={"augment": {"typos": 0.0}})
    assert training_rows(plain, prepared) is prepared.stores["train"]
    assert training_rows(off, prepared) is prepared.stores["train"]


def test_options_that_change_nothing_train_the_same_encoder(folder: Path) -> None:
    plain = train(run(folder), folder.parent / "plain")
    assert bytes_of(train(run(folder, fit={"augment": {}}), folder.parent / "off")) == bytes_of(plain)
    assert "epoch_pairs" not in read_json(plain.path / "facts.json")


def test_hard_negatives_after_the_last_epoch_are_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="beyond the last epoch"):
        train(run(folder, fit={"hard_negatives": {"from_epoch": 9}}), folder.parent / "late")


def test_all_options_train_the_same_encoder_again_and_are_counted(folder: Path, whole: Run) -> None:
    config = run(folder, data=mix(folder), fit=FIT)
    assert bytes_of(train(config, folder.parent / "again")) == bytes_of(whole)
    other = train(vary(config, {"fit.augment.typos": 0.2}), folder.parent / "other")
    assert bytes_of(other)[-2] != bytes_of(whole)[-2]
    facts = read_json(whole.path / "facts.json")
    counts = facts["epoch_pairs"]
    assert counts["drawn_per_epoch"] == [32]
    assert counts["augmented"]["texts"] == counts["augmented"]["typos"] > counts["augmented"]["copies"] > 0
    assert counts["hard_negatives"]["searches"] == 3
    assert counts["hard_negatives"]["pairs"] > 0
    assert facts["source"]["mix"] == [{"file": "stars.csv", "pairs": 50, "share": 0.25, "left_out": 0}]
    assert facts["pairs"] == {"train": 146, "dev": 40, "test": 40}
    assert "50 further training pairs from stars.csv, 25% of the pairs of an epoch, drawn anew" in facts["notes"]


def test_the_history_counts_the_steps_of_the_added_pairs(folder: Path, whole: Run) -> None:
    with (whole.path / "history.csv").open(encoding="utf-8") as file:
        steps = [int(row["step"]) for row in csv.DictReader(file)]
    least = (96 + 32) // 16
    assert all(after - before > least for before, after in itertools.pairwise(steps))
    assert read_json(whole.path / "diagnostics.json")["step_budget"] >= steps[-1]


def test_dev_and_test_are_those_of_the_data_and_never_changed(folder: Path, whole: Run) -> None:
    plain, added = prepare(run(folder)), prepare(run(folder, data=mix(folder), fit=FIT))
    for split in ("dev", "test"):
        pd.testing.assert_frame_equal(plain.data.part(split), added.data.part(split))  # type: ignore[union-attr]
    pairs = pd.read_csv(folder / "test.csv")
    published = pd.read_csv(whole.path / "predictions.csv")
    assert published[published["split"] == "test"]["target"].tolist() == pairs["label"].tolist()


def test_texts_change_in_train_and_not_in_the_pairs_that_measure_it(folder: Path) -> None:
    config = run(folder, fit={"augment": {"typos": 1.0}})
    prepared = prepare(config)
    rows = training_rows(config, prepared)
    assert isinstance(rows, EpochPairs)
    first = rows.epoch(tiny.siamese(), 1)
    assert rows.store is prepared.stores["train"]
    np.testing.assert_array_equal(first.target, rows.store.target)
    assert first.items.steps.tobytes() != rows.store.items.steps.tobytes()
    assert len(first.items) == len(rows.store.items)


def test_items_of_one_class_are_no_hard_negatives(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    kinds = [f"{''.join(rng.choice(list('abcdef'), 5))},{row % 6}" for row in range(90)]
    write_text(tmp_path / "kinds.csv", "\n".join(["text,label", *kinds]) + "\n")
    data = {"file": str(tmp_path / "kinds.csv"), "text": "text", "label": "label", "pairs": 60}
    config = parse_run({"data": data, "loss": CONTRASTIVE, "fit": FIT})
    prepared = prepare(config)
    rows = training_rows(config, prepared)
    assert isinstance(rows, EpochPairs)
    assert rows.negatives is not None
    texts = sorted({*prepared.data.part("train")["left"], *prepared.data.part("train")["right"]})  # type: ignore[union-attr]
    named = prepared.data.labelled  # type: ignore[union-attr]
    assert named is not None
    classes = dict(zip(*named.part("train"), strict=True))
    things: dict[int, set[int]] = {}
    for text, thing in zip(texts, rows.negatives.things.tolist(), strict=True):
        things.setdefault(int(classes[text]), set()).add(thing)
    assert max(map(len, things.values())) == 1
    assert len(things) == 6


def test_tuning_trains_with_the_options_too(folder: Path) -> None:
    config = run(folder, fit={**FIT, "epochs": 2})
    prepared = prepare(config)
    seen = []
    dev_value(config, prepared, on_epoch=lambda state: seen.append(state.rows))
    assert seen[0] > len(prepared.stores["train"])


def test_a_grid_varies_them_on_the_same_data(folder: Path) -> None:
    grid = {"fit.augment.typos": [0.0, 0.5], "fit.hard_negatives": [None, {"per_text": 2}]}
    study = {"base": tiny.raw_run(folder, loss=CONTRASTIVE), "grid": grid, "seeds": 1}
    cells = expand_grid(parse_study(study)).cells
    assert len({cell.id for cell in cells}) == 4
    assert len(DataSets.of([cell.config for cell in cells]).prepared) == 1
    files = {"data.mix": [[], [mix(folder)["mix"][0]], [mix(folder, share=0.5)["mix"][0]]]}
    mixed = expand_grid(parse_study({**study, "grid": files})).cells
    assert [cell.factors["data.mix"] for cell in mixed] == ["none", "stars.csv-share0.25", "stars.csv-share0.5"]


def test_paths_of_further_files_are_relative_to_the_config(folder: Path, tmp_path: Path) -> None:
    config = run(folder, data=mix(folder))
    (tmp_path / "run.yaml").write_text(config_text(portable(config, tmp_path)), encoding="utf-8")
    assert str(folder) not in (tmp_path / "run.yaml").read_text(encoding="utf-8")
    again = read_run(tmp_path / "run.yaml")
    assert Path(again.data.mix[0].train).resolve() == folder / "stars.csv"
    assert config_hash(again) == config_hash(config)


def test_what_does_not_suit_the_data_is_refused(folder: Path) -> None:
    stars = str(folder / "stars.csv")
    graded = {"label": None, "score": "stars", "scale": [0, 9], **dict.fromkeys(("train", "dev", "test"), stars)}
    cases = [
        (run(folder, data=graded, fit={"hard_negatives": {}}), "hard negatives need labels"),
        (
            run(folder, loss="mse", data=mix(folder)),
            r"the data have labels, but .*stars.csv has graded scores; loss mse",
        ),
        (parse_run({"data": {"name": "digits", "pairs": 60}, "fit": {"augment": AUGMENT}}), "the data are series"),
    ]
    for config, why in cases:
        for check in (check_targets, refuse_misfits):
            with pytest.raises(ConfigError, match=why) as caught:
                check(config, prepare(config))
            assert caught.value.remedy
    alike = run(folder, loss="mse", data={**mix(folder), "label": None, "score": "label"})
    check_targets(alike, prepare(alike))
    check_targets(run(folder, data=mix(folder)), prepare(run(folder, data=mix(folder))))


@pytest.mark.parametrize(
    ("data", "fit", "named"),
    [
        ({}, {"augment": AUGMENT}, "fit.augment"),
        ({}, {"hard_negatives": {}}, "fit.hard_negatives"),
        ({"mix": [{"train": "a.csv", "label": "label"}]}, {}, "data.mix"),
    ],
)
def test_other_objectives_have_no_pairs_to_add(data: dict[str, Any], fit: dict[str, Any], named: str) -> None:
    config = parse_run({"data": {"name": "digits", **data}, "objective": "classify", "fit": fit})
    with pytest.raises(ConfigError, match=f"{named}: only for objective pairs, but the objective is classify"):
        check_run(config)


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({"fit": {"augment": {"typo": 0.1}}}, r"unknown key 'typo' in fit.augment; .*did you mean 'typos'"),
        ({"fit": {"augment": {"copies": 1}}}, "copies would be equal to their texts"),
        ({"fit": {"augment": {"typos": 0.1, "labelled": False}}}, "labelled: false changes nothing without copies"),
        ({"fit": {"augment": {"typos": 1.5}}}, "fit.augment.typos"),
        ({"fit": {"hard_negatives": {"per_text": 0}}}, "fit.hard_negatives.per_text"),
        ({"data": {"mix": [{"train": "a.csv"}]}}, "expected one of score and label"),
        ({"data": {"mix": [{"train": "a.csv", "label": "x", "share": 0.6}] * 2}}, r"the shares add up to 1.2"),
        ({"data": {"mix": [{"train": "a.csv", "lable": "x"}]}}, r"unknown key 'lable' in data.mix.0"),
    ],
)
def test_wrong_options_are_named(folder: Path, sections: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        run(folder, **sections)


def test_the_command_prints_what_was_added(folder: Path, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    config = run(folder, fit={**FIT, "epochs": 1})
    write_text(tmp_path / "run.yaml", config_text(config))
    printed = []
    for name, override in (("one", "fit.seed=0"), ("two", "fit={epochs: 1, device: cpu}")):
        arguments = ["seqtwin", "train", str(tmp_path / "run.yaml"), override, "--out", str(tmp_path / name)]
        monkeypatch.setattr("sys.argv", arguments)
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert caught.value.code == 0
        printed.append(capsys.readouterr().out)
    lines = added_lines(read_facts(tmp_path / "one")["epoch_pairs"])
    assert [line.split(":")[0] for line in lines] == ["changed texts, over all epochs", "hard negatives"]
    assert all(line in printed[0] and line not in printed[1] for line in lines)


def test_words_that_yaml_reads_as_truth_are_labels() -> None:
    further = {"train": "a.csv", "label": "same", "labels": {True: 1, False: 0}}
    config = parse_run({"data": {"name": "placenames", "mix": [further]}})
    assert config.data.mix[0].labels == {"true": 1, "yes": 1, "on": 1, "false": 0, "no": 0, "off": 0}
