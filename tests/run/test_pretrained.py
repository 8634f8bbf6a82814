"""Pre-training: a run that starts from the encoder of another one."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
import tiny_examples as toy
from seqtwin.build import build_siamese
from seqtwin.config import RunConfig, parse_run, parse_study, portable, read_run, vary
from seqtwin.errors import ConfigError
from seqtwin.files import read_json
from seqtwin.run.check_config import check_run
from seqtwin.run.fresh_model import blueprint_for, fresh_model
from seqtwin.run.manifest import cell_key
from seqtwin.run.prepare import DataSets, prepare
from seqtwin.run.pretrained import SHAPE, followed, load_start, start_folder
from seqtwin.run.train import Run, train
from seqtwin.store import Stored, load_encoder
from seqtwin.study.grid import expand_grid
from seqtwin.study.study_json import declare

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = tmp_path_factory.mktemp("start")
    tiny.write_pairs(found / "pairs")
    for kind in ("classes", "texts", "series"):
        toy.write(kind, found / f"{kind}.csv")
    return found


@pytest.fixture(scope="module")
def decoded(folder: Path) -> Run:
    return train(parse_run(toy.raw_run("texts", folder / "texts.csv", fit={"epochs": 1})), folder / "decoded")


def classify(folder: Path, start: Path, **sections: Any) -> RunConfig:
    encoder = {"from": str(start), **sections.pop("encoder", {})}
    raw = toy.raw_run("classes", folder / "classes.csv", **sections)
    return parse_run({**raw, "encoder": encoder})


def weights(model: torch.nn.Module) -> Weights:
    return {name: value.clone() for name, value in model.state_dict().items()}


def same(a: Weights, b: Weights) -> dict[str, bool]:
    assert list(a) == list(b)
    return {name: torch.equal(a[name], b[name]) for name in a}


def stored(path: Path) -> Stored:
    return load_encoder(path / "encoder")


def test_a_series_encoder_keeps_its_kernels(folder: Path, tmp_path: Path) -> None:
    raw = toy.raw_run("series", folder / "series.csv", fit={"epochs": 1})
    kernels = {"features": 84, "dim": 8}
    first = train(parse_run({**raw, "encoder": {**raw["encoder"], "kernels": kernels}}), tmp_path / "first")
    config = followed(parse_run({**raw, "fit": {**raw["fit"], "seed": 1}, "encoder": {"from": str(first.path)}}))
    found, trained = fresh_model(config, prepare(config)).kernels, stored(first.path).model.kernels
    assert found is not None
    assert trained is not None
    assert all(same(weights(found), weights(trained)).values())


def test_before_training_the_weights_are_those_it_starts_from(folder: Path, decoded: Run) -> None:
    config = followed(classify(folder, decoded.path))
    found = fresh_model(config, prepare(config))
    assert all(same(weights(found.encoder), weights(stored(decoded.path).model.encoder)).values())
    fresh = build_siamese(blueprint_for(config, prepare(config)), seed=0)
    assert not all(same(weights(found.encoder), weights(fresh.encoder)).values())


def test_run_and_encoder_folder_name_the_same(folder: Path, decoded: Run) -> None:
    for path in (decoded.path, decoded.path / "encoder"):
        assert start_folder(classify(folder, path)) == decoded.path / "encoder"
    assert start_folder(parse_run(toy.raw_run("classes", folder / "classes.csv"))) is None


def test_tokens_and_shape_are_those_of_the_start(folder: Path, decoded: Run) -> None:
    config = followed(classify(folder, decoded.path, tokens={"unit": "word", "size": 4}))
    prepared = prepare(config)
    assert prepared.tokens is not None
    known = stored(decoded.path).tokens
    assert known is not None
    assert prepared.tokens.vocabulary == known.vocabulary
    assert (config.encoder.embedding, config.encoder.hidden) == (6, 8)
    assert any("the tokens are those of the encoder that training starts from" in note for note in prepared.notes)
    assert prepared.start == stored(decoded.path).fingerprint
    assert followed(config) == config, "what was followed once is as it is"


def test_without_a_start_a_config_stays_as_it_is(folder: Path) -> None:
    config = parse_run(toy.raw_run("classes", folder / "classes.csv"))
    assert followed(config) is config
    assert load_start(config) is None
    assert prepare(config).start == ""


@pytest.mark.parametrize(("key", "value"), [("hidden", 16), ("cell", "gru"), ("layers", 2), ("bidirectional", False)])
def test_another_shape_is_refused(key: str, value: Any, folder: Path, decoded: Run) -> None:
    with pytest.raises(ConfigError, match=f"{key} is {value}, but .* has") as caught:
        train(classify(folder, decoded.path, encoder={key: value}), folder / "never")
    assert (caught.value.code, caught.value.place) == ("START_SHAPE", f"encoder.{key}")
    assert not (folder / "never").exists()


def test_the_same_shape_may_be_named(folder: Path, decoded: Run) -> None:
    known = stored(decoded.path).blueprint.encoder
    named = {key: getattr(known, key) for key in SHAPE}
    assert followed(classify(folder, decoded.path, encoder=named)).encoder.hidden == 8


def test_a_folder_without_an_encoder_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no encoder.json here or in encoder/") as caught:
        train(classify(folder, folder / "nowhere"), folder / "never")
    assert caught.value.code == "NO_ENCODER"
    assert caught.value.place.startswith("encoder.from: ")


def test_an_encoder_that_reads_something_else_is_refused(folder: Path, decoded: Run) -> None:
    raw = toy.raw_run("series", folder / "series.csv")
    config = parse_run({**raw, "encoder": {"from": str(decoded.path)}})
    with pytest.raises(ConfigError, match=r"expects tokens \(8\), but the data are series \(2\)") as caught:
        train(config, folder / "never")
    assert caught.value.code == "START_INPUTS"


def test_a_frozen_encoder_does_not_move(folder: Path, decoded: Run) -> None:
    before = weights(stored(decoded.path).model.encoder)
    for frozen in (True, False):
        run = train(classify(folder, decoded.path, encoder={"frozen": frozen}), folder / f"frozen-{frozen}")
        found = same(weights(stored(run.path).model.encoder), before)
        assert set(found.values()) == {frozen}
        assert run.scores["untrained"] == read_json(folder / "frozen-True" / "scores.json")["untrained"]


def test_a_frozen_encoder_with_nothing_above_it_is_refused(folder: Path, decoded: Run) -> None:
    raw = {**tiny.raw_run(folder / "pairs"), "encoder": {"from": str(decoded.path), "frozen": True}}
    with pytest.raises(ConfigError, match="nothing above it can be trained") as caught:
        train(parse_run(raw), folder / "never")
    assert caught.value.code == "FROZEN_ALL"
    for part in ({"projection": "linear"}, {"representation": "attention_output"}):
        check_run(followed(parse_run({**raw, **part})))


@pytest.mark.parametrize("decay", [1.0, 0.1])
def test_lower_layers_move_less_where_the_rate_decays(decay: float, folder: Path, decoded: Run) -> None:
    before = weights(stored(decoded.path).model.encoder)
    run = train(classify(folder, decoded.path, fit={"layer_decay": decay, "epochs": 1}), folder / f"decay-{decay}")
    after = weights(stored(run.path).model.encoder)
    moved = {name: float((after[name] - before[name]).abs().max()) for name in before}
    lowest = max(value for name, value in moved.items() if name.startswith("inputs."))
    assert (lowest < 0.02) == (decay < 1)
    assert lowest > 0


CHAIN: list[Callable[[Path], dict[str, Any]]] = [
    lambda folder: toy.raw_run("texts", folder / "texts.csv", fit={"epochs": 1}),
    lambda folder: tiny.raw_run(folder / "pairs", fit={"epochs": 1}),
    lambda folder: toy.raw_run("classes", folder / "classes.csv", fit={"epochs": 1}),
]


def test_every_objective_starts_from_any_other(folder: Path, tmp_path: Path) -> None:
    last: Path | None = None
    for number, raw in enumerate(CHAIN):
        config = raw(folder)
        if last is not None:
            config["encoder"] = {"from": str(last)}
        run = train(parse_run(config), tmp_path / str(number))
        assert run.status == "finished"
        facts = read_json(run.path / "facts.json")
        assert facts["start"] == (stored(last).fingerprint if last else "")
        last = run.path
    assert last is not None
    assert stored(last).blueprint.encoder.start is None, "a saved encoder has its own weights"


def test_the_key_of_a_cell_changes_with_the_encoder_it_starts_from(folder: Path, decoded: Run, tmp_path: Path) -> None:
    raw = toy.raw_run("texts", folder / "texts.csv", fit={"epochs": 1, "seed": 5})
    (tmp_path / "a").mkdir()
    other = train(parse_run(raw), tmp_path / "a" / decoded.path.name)  # of the same name
    configs = [followed(classify(folder, path)) for path in (decoded.path, other.path)]
    keys = [cell_key(config, prepare(config)) for config in configs]
    assert keys[0] != keys[1]
    assert keys[0] == cell_key(configs[0], prepare(configs[0]))


def test_an_encoder_that_is_trained_anew_is_read_anew(folder: Path, tmp_path: Path) -> None:
    raw = toy.raw_run("texts", folder / "texts.csv", fit={"epochs": 1})
    train(parse_run(raw), tmp_path / "one")
    config = classify(folder, tmp_path / "start")
    os.rename(tmp_path / "one", tmp_path / "start")
    first = prepare(followed(config)).start
    os.rename(tmp_path / "start", tmp_path / "old")
    train(vary(parse_run(raw), {"fit.seed": 3}), tmp_path / "start")
    assert prepare(followed(config)).start != first


def test_the_published_config_names_the_start_from_where_it_lies(folder: Path, decoded: Run) -> None:
    run = train(classify(folder, decoded.path, fit={"epochs": 1}), folder / "deep" / "run")
    text = (run.path / "config.yaml").read_text(encoding="utf-8")
    assert "from: ../../decoded" in text
    assert str(folder) not in text
    again = read_run(run.path / "config.yaml")
    assert start_folder(again) is not None
    assert load_start(again) is load_start(again)
    assert followed(again).encoder.hidden == 8
    moved = portable(again, folder)
    assert moved.encoder.start == "decoded"


def test_a_study_may_vary_where_it_starts(folder: Path, decoded: Run) -> None:
    base = toy.raw_run("classes", folder / "classes.csv")
    study = parse_study({"base": base, "grid": {"encoder.from": [None, str(decoded.path)]}, "seeds": 1})
    cells = expand_grid(study).cells
    assert [cell.config.encoder.start for cell in cells] == [None, str(decoded.path)]
    assert len({cell.id for cell in cells}) == 2
    assert [prepare(cell.config).start != "" for cell in cells] == [False, True]


def test_the_plan_of_such_a_study_names_no_place_of_one_machine(folder: Path, decoded: Run) -> None:
    base = toy.raw_run("classes", folder / "classes.csv")
    study = parse_study({"base": base, "grid": {"encoder.from": [None, str(decoded.path)]}, "seeds": 1})
    declare(study, expand_grid(study), folder / "deep" / "study", DataSets())
    said = (folder / "deep" / "study" / "study.json").read_text(encoding="utf-8")
    assert json.loads(said)["config"]["grid"] == {"encoder.from": [None, "../../decoded"]}
    assert str(folder) not in said


@pytest.fixture(scope="module")
def projected(folder: Path) -> Run:
    sections = {"projection": {"name": "linear", "dim": 4}, "representation": {"name": "attention_output"}}
    return train(parse_run(tiny.raw_run(folder / "pairs", fit={"epochs": 1}, **sections)), folder / "projected")


@pytest.mark.parametrize(
    ("changes", "carried"),
    [
        ({}, {"representation": True, "projection": True}),
        ({"encoder": {"frozen": True}}, {"representation": True, "projection": True}),
        ({"projection": {"name": "linear", "dim": 3}}, {"representation": True, "projection": False}),
        ({"projection": {"name": "mlp", "dim": 4}}, {"representation": True, "projection": False}),
        ({"representation": {"name": "attention_output", "heads": 2}}, {"representation": False, "projection": False}),
    ],
)
def test_parts_above_the_encoder_are_taken_over_where_they_fit(
    changes: dict[str, Any], carried: dict[str, bool], folder: Path, projected: Run
) -> None:
    sections = {"projection": {"name": "linear", "dim": 4}, "representation": {"name": "attention_output"}, **changes}
    encoder = {"from": str(projected.path), **sections.pop("encoder", {})}
    config = followed(parse_run({**tiny.raw_run(folder / "pairs", **sections), "encoder": encoder}))
    found, start = fresh_model(config, prepare(config)), stored(projected.path).model
    for name, taken in carried.items():
        own, trained = weights(getattr(found, name)), weights(getattr(start, name))
        assert (own.keys() == trained.keys() and all(torch.equal(own[key], trained[key]) for key in own)) == taken
        assert all(weight.requires_grad for weight in getattr(found, name).parameters())
