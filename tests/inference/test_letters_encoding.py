"""Words with their letters from a config to vectors, an index and reasons, by the public names alone."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import seqtwin
import tiny
from seqtwin.inference.trained_encoder import TrainedEncoder, load

TEXTS = ["cafe", "Cafe", "a", "fed bad Fed", "zzz", "a " * 50, "añb", "fedcba" * 9]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return load(tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder", characters=True))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
@pytest.mark.parametrize("batch", [1, 2, 256])
def test_a_text_alone_has_the_vector_it_has_in_a_batch(tmp_path: Path, cell: str, batch: int) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", characters=True, cell=cell))
    alone = np.concatenate([encoder.encode([text]) for text in TEXTS])
    np.testing.assert_allclose(encoder.encode(TEXTS, batch_size=batch), alone, atol=1e-6, rtol=0)


@given(texts=st.lists(st.text("abcdef zÉ,", min_size=1).filter(str.strip), min_size=1, max_size=6))
def test_any_texts_have_vectors_that_their_batch_does_not_change(encoder: TrainedEncoder, texts: list[str]) -> None:
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(encoder.encode(texts), alone, atol=1e-6, rtol=0)


def test_unknown_words_differ_by_their_letters_and_words_by_their_capitals(encoder: TrainedEncoder) -> None:
    one, other, small, large = encoder.encode(["ffffed", "fffeed", "cafe", "Cafe"])
    ids = encoder.sequences(["ffffed", "fffeed"])
    assert [text[0, 0] for text in ids] == [1, 1]
    assert np.abs(one - other).max() > 1e-4
    assert np.abs(small - large).max() > 1e-4


def test_an_index_of_words_with_letters_finds_itself(encoder: TrainedEncoder) -> None:
    texts = ["cafe", "bad fed", "Abe", "deaf"]
    found = seqtwin.Index.build(encoder, texts).search(texts, k=1)
    assert [hits[0].text for hits in found] == texts


@pytest.mark.long
def test_words_are_learnt_by_their_letters(tmp_path: Path) -> None:
    """Two words are the same when their first letters are; few of the test words were met in training."""
    data = tiny.write_pairs(tmp_path / "data", (400, 100, 200))
    tokens, encoder = {"unit": "word", "characters": True}, {"spelling": 16, "input_dropout": 0.1}
    seqtwin.train(
        tiny.raw_run(data, tokens=tokens, encoder=encoder, fit={"epochs": 10, "lr": 0.02}), out=tmp_path / "run"
    )
    found = load(tmp_path / "run")
    assert found.facts["scores"]["roc_auc"] > 0.95  # by their words alone: 0.53
    assert found.sequences(["accccd"])[0][0, 0] == 1
    same, other = found.score(["accccd", "accccd"], ["abdddf", "bccccd"])
    assert same > other
