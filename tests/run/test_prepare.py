"""From a config to stores of token ids or series, and to word vectors."""

import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from seqtwin.config import RunConfig, parse_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.run.check_config import check_run
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.manifest import cell_key, config_hash
from seqtwin.run.prepare import DataSets, prepare
from seqtwin.run.prepared_data import data_facts


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny.write_pairs(tmp_path / "data")


def run(folder: Path, **sections: Any) -> RunConfig:
    return parse_run(tiny.raw_run(folder, **sections))


def test_stores_hold_the_pairs_as_tokens(folder: Path) -> None:
    found = prepare(run(folder))
    assert found.tokens is not None
    assert (found.inputs, found.size, found.primary) == ("tokens", 8, "roc_auc")
    assert {split: len(store) for split, store in found.stores.items()} == {"train": 96, "dev": 40, "test": 40}
    part, store = found.data.part("dev"), found.stores["dev"]
    words = found.tokens.vocabulary
    for row in range(len(store)):
        for side, column in ((store.left, "left"), (store.right, "right")):
            ids = store.items.take(side[row : row + 1]).values[0].tolist()
            assert "".join(words[i] for i in ids) == part[column][row]
    np.testing.assert_array_equal(store.target, part["target"])
    assert len(found.clusters["test"]) == 40


def test_the_vocabulary_is_that_of_train_alone(folder: Path) -> None:
    text = (folder / "test.csv").read_text().replace("c", "\u00e4")
    (folder / "test.csv").write_text(text, encoding="utf-8")
    found = prepare(run(folder))
    assert found.size == 8
    assert found.unknown_share > 0.05
    assert any("of the test texts are unknown" in note for note in found.notes)
    assert data_facts(found)["unknown_share"] == found.unknown_share


def test_the_same_data_are_read_once(folder: Path) -> None:
    config = run(folder)
    data = DataSets.of([config])
    first = data.prepare(config)
    assert data.prepare(run(folder, fit={"seed": 4}, loss="bce", encoder={"hidden": 9})) is first
    assert data.prepare(run(folder, tokens={"lower": True})) is not first
    assert data.prepare(run(folder, data={"cut": 0.4})) is not first
    tiny.write_pairs(folder, (96, 40, 20))
    assert len(prepare(config).stores["test"]) == 20, "a file that has changed is read again"


def test_prepared_data_are_the_same_in_another_process(folder: Path) -> None:
    config = run(folder)
    here = DataSets.of([config])
    there: DataSets = pickle.loads(pickle.dumps(here))
    assert cell_key(config, there.prepare(config)) == cell_key(config, here.prepare(config))
    assert there.prepare(config).notes == here.prepare(config).notes


def test_series_have_their_channels(tmp_path: Path) -> None:
    found = prepare(parse_run({"data": {"name": "digits", "pairs": 60}}))
    assert (found.inputs, found.size, found.tokens) == ("series", 8, None)
    assert found.stores["train"].items.steps.dtype == np.float32


@pytest.mark.parametrize(
    ("data", "why"),
    [
        ({"name": "placenames", "pears": 3}, "unknown option 'pears'"),
        ({"name": "placename"}, "did you mean 'placenames'"),
    ],
)
def test_a_built_in_set_that_cannot_be_is_refused(data: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        prepare(parse_run({"data": data}))


def test_a_missing_file_and_a_missing_variable_are_named(folder: Path, monkeypatch: Any) -> None:
    (folder / "dev.csv").unlink()
    with pytest.raises(DataError, match="no such file") as caught:
        prepare(run(folder))
    assert caught.value.place == str(folder / "dev.csv")
    monkeypatch.delenv("NOT_SET_AT_ALL", raising=False)
    with pytest.raises(ConfigError, match="NOT_SET_AT_ALL is not set"):
        prepare(run(folder, data={"dev": "${NOT_SET_AT_ALL}/dev.csv"}))


def test_a_variable_in_a_path_is_filled_in(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("TINY_ROOT", str(folder))
    sections = {split: f"${{TINY_ROOT}}/{split}.csv" for split in ("train", "dev", "test")}
    assert prepare(run(folder, data=sections)).data.fingerprint == prepare(run(folder)).data.fingerprint


# word vectors


LISTED = [[1, 2, 3], [0.5, 0.25, -1], [7, 8, 9], [1, 1, 1]]


@pytest.fixture
def words(folder: Path) -> Path:
    path = folder / "vectors.txt"
    path.write_text("abc 1 2 3\na 0.5 0.25 -1\nf 7 8 9\nzzz 1 1 1\n", encoding="utf-8")
    return path


def test_word_vectors_reach_the_embedding(folder: Path, words: Path) -> None:
    text = "left,right,label\n" + "a,f,1\nb a,c,0\n" * 4
    for split in ("train", "dev", "test"):
        (folder / f"{split}.csv").write_text(text)
    config = run(folder, tokens={"unit": "word"}, encoder={"embedding": 3, "vectors": str(words)})
    prepared = prepare(config)
    assert prepared.tokens is not None
    weight = fresh_model(config, prepared).encoder.inputs.embedding.weight
    place = prepared.tokens.vocabulary.index
    assert weight[place("a")].tolist() == [0.5, 0.25, -1.0]
    assert weight[place("f")].tolist() == [7.0, 8.0, 9.0]
    plain = fresh_model(run(folder, tokens={"unit": "word"}, encoder={"embedding": 3}), prepared)
    others = [i for i, word in enumerate(prepared.tokens.vocabulary) if word not in ("a", "f")]
    for word in ("[UNK]", "abc", "zzz"):  # the mean, and two words that train lacks
        others.remove(place(word))
    assert weight[1].tolist() == pytest.approx([2.375, 2.8125, 3])
    mean, deviation = torch.tensor([2.375, 2.8125, 3]), torch.tensor(np.std(LISTED, axis=0), dtype=torch.float32)
    expected = plain.encoder.inputs.embedding.weight[others] * deviation + mean
    assert torch.allclose(weight[others], expected, atol=1e-5)
    wrong = run(folder, tokens={"unit": "word"}, encoder={"embedding": 4, "vectors": str(words)})
    with pytest.raises(DataError, match=r"vectors of width 3, but encoder.embedding is 4") as caught:
        fresh_model(wrong, prepared)
    assert caught.value.remedy == "set encoder.embedding: 3"


@pytest.mark.parametrize(
    ("sections", "why"),
    [
        ({}, "tokens.unit is not word"),
        ({"tokens": {"unit": "word"}, "encoder": {"vectors": "/nowhere/v.txt"}}, "no such file"),
    ],
)
def test_vectors_that_cannot_be_used_are_refused_when_the_config_is_read(
    folder: Path, words: Path, sections: dict[str, Any], why: str
) -> None:
    encoder = {"vectors": str(words), **sections.get("encoder", {})}
    with pytest.raises((ConfigError, DataError), match=why):
        check_run(run(folder, **{**sections, "encoder": encoder}))
    with pytest.raises(ConfigError, match="series have no words"):
        check_run(parse_run({"data": {"name": "digits"}, "encoder": {"vectors": str(words)}}))


def test_a_device_that_is_not_there_is_refused_when_the_config_is_read(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError, match="this machine has no cuda"):
        check_run(run(folder, fit={"device": "cuda"}))


# identity


def test_a_key_belongs_to_config_and_data_wherever_they_lie(folder: Path, tmp_path: Path) -> None:
    here = run(folder)
    elsewhere = run(tiny.write_pairs(tmp_path / "other"))
    assert cell_key(here, prepare(here)) == cell_key(elsewhere, prepare(elsewhere))
    for section in ({"fit": {"lr": 0.01}}, {"loss": "bce"}, {"fit": {"seed": 1}}, {"encoder": {"hidden": 9}}):
        assert config_hash(run(folder, **section)) != config_hash(here)
    before = cell_key(here, prepare(here))
    tiny.write_pairs(folder, (96, 40, 39))
    os.utime(folder / "test.csv")
    assert cell_key(here, prepare(here)) != before
