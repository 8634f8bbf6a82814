"""A trained encoder at work: the same vector alone and in a batch, typed errors, and no training imported."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import seqtwin
import tiny
from seqtwin.errors import ConfigError, DamagedError, DataError
from seqtwin.files import read_json
from seqtwin.inference import trained_encoder
from seqtwin.inference.batching import Batching
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.store import CARD, WEIGHTS, load_encoder

TEXTS = ["a", "fedcba" * 20, "be", "a", "cafe", "zzz", "b"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TrainedEncoder:
    return load(folder)


@given(order=st.permutations([*range(len(TEXTS)), 0, 4]))
def test_the_order_and_repeats_of_texts_change_no_bit(encoder: TrainedEncoder, order: list[int]) -> None:
    whole = encoder.encode(TEXTS)
    assert np.array_equal(encoder.encode([TEXTS[row] for row in order]), whole[order])


def test_vectors_are_those_of_the_model(folder: Path, encoder: TrainedEncoder) -> None:
    stored = load_encoder(folder)
    assert stored.tokens is not None
    ids = stored.tokens.encode(["cafe"])[0]
    with torch.no_grad():
        from seqtwin.records import Sequences

        expected = stored.model.encode(Sequences(torch.from_numpy(ids)[None], torch.tensor([len(ids)])))
    np.testing.assert_allclose(encoder.encode(["cafe"]), expected.numpy(), atol=1e-6)


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("batch", [1, 2, 3, 256])
def test_a_text_alone_has_the_vector_it_has_in_a_batch(tmp_path: Path, cell: str, batch: int) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", cell=cell, layers=2))
    together = encoder.encode(TEXTS, batch_size=batch)
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    assert together.shape == (7, encoder.dim) == (7, 5)
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-6, rtol=0)
    np.testing.assert_allclose(encoder.encode(TEXTS[::-1], batch_size=batch)[::-1], together, atol=1e-6, rtol=0)
    np.testing.assert_allclose(together[0], together[3], atol=1e-6, rtol=0)


def test_one_text_no_text_and_other_containers(encoder: TrainedEncoder) -> None:
    one = encoder.encode("cafe")
    assert one.shape == (1, 5)
    np.testing.assert_array_equal(one, encoder.encode(["cafe"]))
    assert encoder.encode([]).shape == (0, 5)
    assert encoder.encode([]).dtype == np.float32

    def drawn() -> Iterator[str]:
        yield from TEXTS

    expected = encoder.encode(TEXTS)
    for texts in (tuple(TEXTS), np.array(TEXTS), drawn()):
        np.testing.assert_array_equal(encoder.encode(texts), expected)  # type: ignore[arg-type]


@pytest.mark.parametrize("texts", [["a", 3], ["a", None], [["a"]], [b"a"], b"ab", 3, None, [float("nan")]])
def test_what_is_no_text_is_refused(encoder: TrainedEncoder, texts: Any) -> None:
    with pytest.raises(DataError, match=r"expected a (text|list of texts)") as caught:
        encoder.encode(texts)
    assert caught.value.code == "ENCODE_TYPE"


@pytest.mark.parametrize("text", ["", "  \t\n"])
def test_an_empty_text_follows_the_policy_of_the_training(tmp_path: Path, encoder: TrainedEncoder, text: str) -> None:
    with pytest.raises(DataError, match="text 1 is empty"):
        encoder.encode(["a", text])
    lenient = load(tiny.saved_encoder(tmp_path / "encoder", empty="unk"))
    np.testing.assert_allclose(lenient.encode([text]), lenient.encode(["\u2603"]), atol=1e-7)


@settings(max_examples=25)
@given(
    st.lists(st.text("abcdef \u00fc\U0001f600", min_size=1, max_size=70).filter(str.strip), max_size=9),
    st.integers(1, 10),
)
def test_any_texts_in_any_batch_have_the_vectors_they_have_alone(
    encoder: TrainedEncoder, texts: list[str], batch: int
) -> None:
    together = encoder.encode(iter(texts), batch_size=batch)
    assert together.shape == (len(texts), 5)
    for text, vector in zip(texts, together, strict=True):
        np.testing.assert_allclose(encoder.encode(text)[0], vector, atol=1e-6, rtol=0)


def test_a_batch_of_long_texts_is_cut_so_that_memory_stays_small(encoder: TrainedEncoder, monkeypatch: Any) -> None:
    expected = encoder.encode(TEXTS)
    monkeypatch.setattr(encoder, "batching", Batching(size=512, steps=5))
    np.testing.assert_allclose(encoder.encode(TEXTS), expected, atol=1e-6, rtol=0)
    cut = list(encoder.batching.batches(np.array([9, 1, 1, 2, 2])))
    assert [rows.tolist() for rows in cut] == [[1], [2], [3], [4], [0]]


def test_a_text_of_a_million_characters_is_cut_and_one_line_says_so(encoder: TrainedEncoder, caplog: Any) -> None:
    found = encoder.encode(["abc" * 333_334, "cafe"])
    assert np.isfinite(found).all()
    assert [r.getMessage() for r in caplog.records] == ["1 of 2 texts were too long and were cut to 4096 tokens"]
    np.testing.assert_allclose(found[1], encoder.encode("cafe")[0], atol=1e-6, rtol=0)
    np.testing.assert_allclose(found[0], encoder.encode("abc" * 1365 + "a")[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("texts", [{"a": 1}, {"a", "b"}, pd.DataFrame({"a": ["b"]}), {"a": 1}.keys()])
def test_what_has_no_order_or_would_give_its_keys_is_refused(encoder: TrainedEncoder, texts: Any) -> None:
    with pytest.raises(DataError, match="expected a list of texts, got a") as caught:
        encoder.encode(texts)
    assert caught.value.code == "ENCODE_TYPE"


def test_a_column_of_a_frame_is_read_in_its_order(encoder: TrainedEncoder) -> None:
    column = pd.Series(TEXTS, index=range(7, 0, -1))
    np.testing.assert_array_equal(encoder.encode(column), encoder.encode(TEXTS))


@pytest.mark.parametrize("batch", [0, -1])
def test_a_batch_size_that_cannot_be_is_refused(encoder: TrainedEncoder, batch: int) -> None:
    with pytest.raises(ConfigError, match="expected 1 or more"):
        encoder.encode(["a"], batch_size=batch)


def test_a_bar_changes_nothing_and_is_quiet_without_a_terminal(encoder: TrainedEncoder, capsys: Any) -> None:
    expected = encoder.encode(TEXTS, batch_size=2)
    np.testing.assert_array_equal(encoder.encode(TEXTS, batch_size=2, show_progress_bar=True), expected)
    assert capsys.readouterr() == ("", "")


def test_unit_length_where_it_is_asked_for(encoder: TrainedEncoder) -> None:
    vectors = encoder.encode(TEXTS, normalize_embeddings=True)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-6)
    plain = encoder.encode(TEXTS)
    np.testing.assert_allclose(vectors, plain / np.linalg.norm(plain, axis=1, keepdims=True), atol=1e-6)


def test_similarity_and_score_agree_with_numpy(encoder: TrainedEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(encoder.similarity(vectors, vectors[:3]), units @ units[:3].T, atol=1e-5)
    scores = encoder.score(TEXTS, TEXTS[::-1])
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, np.diag(units @ units[::-1].T), atol=1e-5)


def test_similarity_takes_one_vector_and_arrays_that_cannot_be_written(encoder: TrainedEncoder) -> None:
    vectors = encoder.encode(TEXTS)
    vectors.setflags(write=False)
    whole = encoder.similarity(vectors, vectors)
    np.testing.assert_allclose(encoder.similarity(vectors[0], vectors)[0], whole[0], atol=1e-6)
    np.testing.assert_allclose(encoder.similarity(vectors.astype(np.float64), vectors), whole, atol=1e-6)


@pytest.mark.parametrize("shape", [(2, 4), (6,), (2, 3, 5)])
def test_similarity_refuses_vectors_of_another_width(encoder: TrainedEncoder, shape: tuple[int, ...]) -> None:
    with pytest.raises(DataError, match=r"expected vectors \[n, 5\], got shape"):
        encoder.similarity(np.zeros(shape), np.zeros(5))


def test_is_same_is_the_score_at_the_threshold(encoder: TrainedEncoder) -> None:
    same = encoder.is_same(TEXTS, TEXTS[::-1])
    assert same.dtype == bool
    np.testing.assert_array_equal(same, [score >= 0.25 for score in encoder.score(TEXTS, TEXTS[::-1])])
    assert encoder.is_same([], []).shape == (0,)
    assert encoder.is_same("cafe", "cafe").tolist() == [True]


def test_without_a_threshold_nothing_is_called_the_same(folder: Path) -> None:
    stored = load_encoder(folder)
    found = TrainedEncoder(replace(stored, facts={**stored.facts, "threshold": None}))
    with pytest.raises(ConfigError, match="no threshold") as caught:
        found.is_same("a", "b")
    assert caught.value.code == "NO_THRESHOLD"


def test_an_encoder_says_what_it_is(tmp_path: Path, folder: Path, encoder: TrainedEncoder) -> None:
    assert (encoder.inputs, encoder.similarity_name, encoder.indexable) == ("tokens", "cosine", True)
    assert encoder.fingerprint == read_json(folder / CARD)["sha256"] == load(folder).fingerprint
    other = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    assert other.inputs == "series"
    assert other.fingerprint != encoder.fingerprint


def test_score_takes_two_texts_of_any_length(encoder: TrainedEncoder) -> None:
    assert encoder.score("cafe", "be") == pytest.approx(encoder.score(["cafe"], ["be"]))
    assert encoder.score([], []).shape == (0,)
    with pytest.raises(DataError, match="2 texts on the left, 1 on the right"):
        encoder.score(["a", "b"], ["a"])


def test_the_threshold_and_facts_come_along(encoder: TrainedEncoder) -> None:
    assert encoder.threshold == 0.25
    assert encoder.facts["scores"] == {"roc_auc": 0.5}


# series


def test_series_are_encoded_alone_as_in_a_batch(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    rng = np.random.default_rng(0)
    items = [rng.normal(size=(length, 3)) for length in (1, 64, 3, 3)]
    together = encoder.encode(items)
    np.testing.assert_allclose(together, np.concatenate([encoder.encode([i]) for i in items]), atol=1e-6, rtol=0)
    np.testing.assert_array_equal(encoder.encode([items[2].tolist()])[0], encoder.encode([items[2]])[0])


def test_series_as_rows_and_as_iterators_of_rows(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    rows = [[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]
    expected = encoder.encode([np.array(rows)])
    np.testing.assert_array_equal(encoder.encode([rows]), expected)
    np.testing.assert_array_equal(encoder.encode(iter([iter(rows)])), expected)
    with pytest.raises(DataError, match=r"got shape \(3,\)") as caught:
        encoder.encode(np.array(rows))
    assert "encode([series])" in caught.value.remedy


WRONG_SERIES = [
    np.zeros((4, 2)),
    np.zeros(3),
    np.zeros((0, 3)),
    np.full((2, 3), np.nan),
    "text",
    [[1, 2, 3], [4]],
    None,
]


@pytest.mark.parametrize("item", WRONG_SERIES, ids=["channels", "flat", "empty", "nan", "text", "ragged", "none"])
def test_what_is_no_series_is_refused(tmp_path: Path, item: Any) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    with pytest.raises(DataError, match="3 channels") as caught:
        encoder.encode([np.zeros((2, 3)), item])
    assert caught.value.code == "ENCODE_SERIES"


# loading


def test_the_run_that_holds_an_encoder_can_be_named(folder: Path, encoder: TrainedEncoder) -> None:
    for name in (folder.parent, str(folder.parent), str(folder)):
        np.testing.assert_array_equal(load(name).encode(TEXTS), encoder.encode(TEXTS))
    assert isinstance(seqtwin.load(folder), TrainedEncoder)
    np.testing.assert_array_equal(seqtwin.load(folder).encode(TEXTS), encoder.encode(TEXTS))


@pytest.mark.parametrize("name", ["nowhere", "empty"])
def test_a_folder_without_an_encoder_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigError, match=r"no encoder.json here or in encoder/") as caught:
        load(tmp_path / name)
    assert caught.value.place == str(tmp_path / name)


@pytest.mark.parametrize("name", [CARD, WEIGHTS, "tokenizer.json"])
def test_a_missing_file_is_damage(tmp_path: Path, name: str) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    (folder / name).unlink()
    for place in (folder, tmp_path):
        with pytest.raises(DamagedError):
            load(place)


def test_an_encoder_that_reads_pads_is_refused_unless_asked_for(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", padding="read")
    with pytest.raises(ConfigError, match="depend on the other texts in the batch") as caught:
        load(folder)
    assert caught.value.code == "PADDING_READ"
    encoder = load(folder, allow_read_padding=True)
    together, alone = encoder.encode(TEXTS)[0], encoder.encode(TEXTS[:1])[0]
    assert np.abs(together - alone).max() > 1e-4


def test_an_encoder_whose_vectors_change_with_the_batch_is_refused(folder: Path, monkeypatch: Any) -> None:
    def reading(path: Path) -> Any:
        stored = load_encoder(path)
        inner = stored.model.encode
        stored.model.encode = lambda s, p: inner(s, p) + s.values.shape[1]  # type: ignore[method-assign]
        return stored

    monkeypatch.setattr(trained_encoder, "load_encoder", reading)
    with pytest.raises(DamagedError, match="differs by"):
        load(folder)


ENCODE_ALONE = """
import sys, warnings
warnings.simplefilter("error")
import seqtwin
vectors = seqtwin.load(sys.argv[1]).encode(["cafe", "be"])
assert vectors.shape == (2, 5)
wrong = ("seqtwin.training", "seqtwin.study", "seqtwin.reporting", "pytorch_metric_learning", "sklearn", "matplotlib")
print([name for name in sys.modules if name.startswith(wrong)])
"""


def test_encoding_imports_no_training(folder: Path) -> None:
    command = [sys.executable, "-c", ENCODE_ALONE, str(folder)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == "[]"
