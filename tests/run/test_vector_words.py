"""Word vectors in a training: words that train lacks are known, fixed rows stay, and the start does not change."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from seqtwin.config import RunConfig, parse_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.files import read_json
from seqtwin.inference.load import load
from seqtwin.run.check_config import check_run
from seqtwin.run.fresh_model import fresh_model
from seqtwin.run.prepare import data_key, prepare, word_vectors
from seqtwin.run.prepared_data import Prepared, prepared_lines
from seqtwin.run.train import train

TRAIN, DEV = ("red", "blue", "green", "house"), ("pink", "cyan", "blue", "house")
RNG = np.random.default_rng(0)
VECTORS = {word: RNG.standard_normal(4).round(3).tolist() for word in ("blue", "red", "pink", "cyan", "house", "far")}


def write_table(path: Path, words: tuple[str, ...]) -> None:
    rows = [f"{a} {b},{a} {c},1\n{a} {b},{d} {b},0\n" for a, b, c, d in _fours(words)]
    path.write_text("left,right,label\n" + "".join(rows), encoding="utf-8")


def _fours(words: tuple[str, ...]) -> list[tuple[str, ...]]:
    return [tuple(words[(start + step) % 4] for step in range(4)) for start in range(4)] * 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("words")
    for split, words in (("train", TRAIN), ("dev", DEV), ("test", DEV)):
        write_table(place / f"{split}.csv", words)
    lines = [f"{word} {' '.join(map(str, numbers))}\n" for word, numbers in VECTORS.items()]
    (place / "v.txt").write_text("".join(lines), encoding="utf-8")
    return place


def config(folder: Path, *, objective: str = "pairs", **encoder: Any) -> RunConfig:
    data = {split: str(folder / f"{split}.csv") for split in ("train", "dev", "test")}
    columns = {"left": "left", "right": "right", "label": "label"} if objective == "pairs" else {"text": "left"}
    settings = {"embedding": 4, "hidden": 4, "vectors": str(folder / "v.txt"), **encoder}
    raw = {"data": {**data, **columns}, "objective": objective, "tokens": {"unit": "word"}, "encoder": settings}
    return parse_run({**raw, "fit": {"epochs": 2, "lr": 0.05, "optimizer": "adamw", "weight_decay": 0.5}})


def table_of(run_folder: Path) -> dict[str, np.ndarray]:
    """The embeddings of a saved encoder by word."""
    from seqtwin.store import load_encoder

    stored = load_encoder(run_folder / "encoder")
    weight = stored.model.encoder.inputs.embedding.weight.detach().numpy()
    assert stored.tokens is not None
    return dict(zip(stored.tokens.vocabulary, weight, strict=True))


def changed(run_folder: Path) -> set[str]:
    """The words of the vectors that have another vector in a saved encoder."""
    table = table_of(run_folder)
    return {word for word, numbers in VECTORS.items() if not np.array_equal(table[word], np.float32(numbers))}


def test_words_that_train_lacks_are_known_and_keep_their_vectors(folder: Path, tmp_path: Path) -> None:
    run = train(config(folder), tmp_path / "run")
    assert changed(run.path) == {"red", "blue", "house"}
    encoder = load(run.path)
    pink, cyan, unknown = encoder.encode(["pink", "cyan", "mauve"])
    assert not np.allclose(pink, cyan)
    assert not np.allclose(pink, unknown)
    assert read_json(run.path / "facts.json")["tokens"]["known_words"] == 3
    assert read_json(run.path / "facts.json")["unknown_share"] == 0
    assert "3 words that do not occur in train have word vectors" in (run.path / "encoder" / "README.md").read_text()


def test_frozen_vectors_are_not_trained(folder: Path, tmp_path: Path) -> None:
    run = train(config(folder, vectors_frozen=True), tmp_path / "run")
    assert changed(run.path) == set()
    before = fresh_model(config(folder, vectors_frozen=True), prepare(config(folder))).encoder.inputs
    before.join_fixed()
    place = list(table_of(run.path)).index("green")  # it has no vector
    assert not np.array_equal(table_of(run.path)["green"], before.embedding.weight[place].detach().numpy())


def test_pads_and_the_unknown_token_get_no_word_vectors(folder: Path, tmp_path: Path) -> None:
    """Sources that compose vectors from pieces have one for any word, also for the names of these two ids."""
    names = ("[PAD]", "[UNK]", *TRAIN, *DEV)
    lines = [f"{word} {n + 1} 2 3 {n}\n" for n, word in enumerate(dict.fromkeys(names))]
    (tmp_path / "all.txt").write_text("".join(lines), encoding="utf-8")
    own = config(folder, vectors=str(tmp_path / "all.txt"), vectors_frozen=True)
    prepared = prepare(own)
    found = word_vectors(own, prepared)
    assert found is not None
    assert len(found[0]) == prepared.size - 2
    inputs = fresh_model(own, prepared).encoder.inputs
    inputs.join_fixed()
    np.testing.assert_allclose(inputs.embedding.weight[1].detach().numpy(), found[1].mean(axis=0), rtol=1e-6)
    train(own, tmp_path / "run")


def test_none_beyond_train_on_request(folder: Path) -> None:
    prepared = prepare(config(folder, known_words=0))
    assert (prepared.size, prepared.trained_size) == (6, 6)
    assert prepared.unknown_share > 0
    assert prepare(config(folder, known_words=2)).size == 8
    keys = {data_key(config(folder, **encoder)) for encoder in ({}, {"known_words": 0}, {"vectors": None})}
    assert len(keys) == 3


def test_known_words_are_noted(folder: Path) -> None:
    noted = "note: 3 words that do not occur in train are known by their vectors"
    assert noted in prepared_lines(prepare(config(folder)))
    assert noted not in prepared_lines(prepare(config(folder, known_words=0)))


def test_further_words_do_not_change_the_initial_weights(folder: Path) -> None:
    made = [config(folder, known_words=most) for most in (0, 9)]
    few, many = (fresh_model(one, prepare(one)) for one in made)
    states = [model.encoder.rnn.state_dict() for model in (few, many)]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    rows = [prepare(made[0]).tokens.vocabulary.index(word) for word in ("red", "blue", "house")]
    assert torch.equal(few.encoder.inputs.embedding.weight[rows], many.encoder.inputs.embedding.weight[rows])


def test_the_unknown_token_starts_at_the_mean(folder: Path) -> None:
    inputs = fresh_model(config(folder), prepare(config(folder))).encoder.inputs
    expected = np.mean(list(VECTORS.values()), axis=0)
    np.testing.assert_allclose(inputs.embedding.weight[1].detach().numpy(), expected, atol=1e-6)


def test_wider_vectors_are_reduced_on_request(folder: Path) -> None:
    narrow = config(folder, embedding=2, vectors_pca=True)
    inputs = fresh_model(narrow, prepare(narrow)).encoder.inputs
    inputs.join_fixed()
    assert inputs.embedding.weight.shape == (9, 2)
    with pytest.raises(DataError, match=r"vectors of width 4, but encoder.embedding is 2") as caught:
        fresh_model(config(folder, embedding=2), prepare(narrow))
    assert caught.value.remedy == "set encoder.embedding: 4, or encoder.vectors_pca: true"
    with pytest.raises(DataError, match=r"but encoder.embedding is 5"):
        fresh_model(config(folder, embedding=5, vectors_pca=True), prepare(narrow))


def test_vectors_without_any_training_word_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "other.txt").write_text("pink 1 2 3 4\nfern 1 2 3 4\n")
    other = config(folder, vectors=str(tmp_path / "other.txt"))
    with pytest.raises(DataError, match="none of the 6 words of the vocabulary is in the file"):
        fresh_model(other, prepare(other))


def test_a_decoder_writes_no_words_beyond_train(folder: Path, tmp_path: Path) -> None:
    texts = {"train": "red blue\ngreen house\n", "dev": "blue\npink\n", "test": "house\ncyan\n"}
    for split, text in texts.items():
        (tmp_path / f"{split}.csv").write_text(f"left\n{text}")
    raw = config(folder, objective="decode").model_dump(mode="json", exclude_unset=True)
    files = {split: str(tmp_path / f"{split}.csv") for split in texts}
    found = prepare(parse_run({**raw, "data": {**files, "text": "left"}}))
    assert found.size == found.trained_size == 6
    with pytest.raises(ConfigError, match="a decoder has an output for each word") as caught:
        check_run(config(folder, objective="decode", known_words=5))
    assert (caught.value.place, caught.value.remedy) == ("encoder.known_words", "remove encoder.known_words")
    assert not isinstance(found, Prepared)


@pytest.mark.parametrize("key", [{"known_words": 5}, {"vectors_frozen": True}, {"vectors_pca": True}])
def test_settings_of_vectors_need_vectors(folder: Path, key: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="require vectors"):
        config(folder, vectors=None, **key)
