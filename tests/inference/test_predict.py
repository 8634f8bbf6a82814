"""Predictions of an encoder with a head for new sequences: a class, one class per step, a text."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
import tiny_examples as toy
from seqtwin.config import parse_run
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.predict import Prediction
from seqtwin.inference.predict_file import predict_file
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.matching.dedupe import dedupe
from seqtwin.matching.link import link
from seqtwin.run.train import train

ITEMS: dict[str, list[Any]] = {
    "classes": toy.drawn_texts(9, seed=5),
    "series": toy.drawn_series(9, seed=5),
    "steps": [["ab", "q"], ["f"], ["zz", "New York", "dd", "a"], ["ab"]],
    "series_steps": toy.drawn_series(9, seed=6),
    "texts": toy.drawn_texts(9, seed=7),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("predicting")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Callable[[str], TrainedEncoder]:
    """The encoder of a kind, trained once."""
    done: dict[str, TrainedEncoder] = {}

    def of(kind: str) -> TrainedEncoder:
        if kind not in done:
            raw = toy.raw_run(kind, toy.write(kind, folder / f"{kind}.csv"), fit={"epochs": 1})
            done[kind] = load(train(parse_run(raw), folder / kind).path)
        return done[kind]

    return of


def numbers(found: list[Prediction]) -> np.ndarray:
    return np.concatenate([np.atleast_1d(one.probability or 0.0) for one in found])


def test_an_encoder_with_a_head_says_why_it_has_no_threshold(encoder: Callable[[str], TrainedEncoder]) -> None:
    found = encoder("classes")
    for asked in (partial(found.is_same, ["ab"]), partial(dedupe, found), partial(link, found, ["ab"])):
        with pytest.raises(ConfigError, match="trained to classify, not on pairs, and has no threshold") as caught:
            asked(["ab"])
        assert caught.value.code == "NO_THRESHOLD"


@pytest.mark.parametrize("kind", list(ITEMS))
def test_alone_and_in_a_batch_the_same_is_said(kind: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    items, found = ITEMS[kind], encoder(kind).predict(ITEMS[kind])
    alone = [encoder(kind).predict([item])[0] for item in items]
    assert [one.answer for one in alone] == [one.answer for one in found]
    np.testing.assert_allclose(numbers(alone), numbers(found), atol=1e-6)
    assert [one.answer for one in encoder(kind).predict(items, batch_size=2)] == [one.answer for one in found]


@pytest.mark.parametrize("kind", list(ITEMS))
def test_the_order_is_kept(kind: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    order = np.random.default_rng(0).permutation(len(ITEMS[kind]))
    found = encoder(kind).predict(ITEMS[kind])
    mixed = encoder(kind).predict([ITEMS[kind][row] for row in order])
    assert [one.answer for one in mixed] == [found[row].answer for row in order]


@pytest.mark.parametrize("kind", list(ITEMS))
def test_of_nothing_nothing_is_said(kind: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    assert encoder(kind).predict([]) == []


@pytest.mark.parametrize("kind", ["classes", "series"])
def test_a_class_comes_with_its_probability(kind: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    names = toy.CLASSES if kind == "classes" else tuple("npz")
    for one in encoder(kind).predict(ITEMS[kind]):
        assert one.answer in names
        assert isinstance(one.probability, float)
        assert 1 / len(names) <= one.probability <= 1


@pytest.mark.parametrize("kind", ["steps", "series_steps"])
def test_every_step_has_a_class(kind: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    for item, one in zip(ITEMS[kind], encoder(kind).predict(ITEMS[kind]), strict=True):
        assert isinstance(one.answer, tuple)
        assert isinstance(one.probability, tuple)
        assert len(item) == len(one.answer) == len(one.probability)
        assert set(one.answer) <= set(toy.CLASSES if kind == "steps" else "pn")


def test_words_may_be_given_as_text_too(encoder: Callable[[str], TrainedEncoder]) -> None:
    words = encoder("steps").predict([["ab", "cd", "!"], ("f",)])
    text = encoder("steps").predict(["ab  cd!", "f"])
    assert words == text
    assert encoder("steps").pieces("ab  cd!") == ["ab", "cd", "!"]


def test_a_text_is_written_without_probability(encoder: Callable[[str], TrainedEncoder]) -> None:
    for one in encoder("texts").predict(ITEMS["texts"]):
        assert isinstance(one.answer, str)
        assert one.probability is None


def test_one_text_alone_is_a_list_of_one(encoder: Callable[[str], TrainedEncoder]) -> None:
    assert encoder("classes").predict("abc") == encoder("classes").predict(["abc"])
    assert encoder("classes").predict(text for text in ["abc"]) == encoder("classes").predict(["abc"])


def test_an_encoder_of_pairs_has_no_head(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="trained on pairs") as caught:
        load(tiny.saved_encoder(tmp_path / "encoder")).predict(["a"])
    assert caught.value.code == "NO_HEAD"


def test_what_cannot_be_read_is_refused(encoder: Callable[[str], TrainedEncoder]) -> None:
    with pytest.raises(DataError, match=r"item 1: expected a text, got an object of type list"):
        encoder("steps").predict(["ab", ["ab"]])
    with pytest.raises(DataError, match=r"expected a text, got an object of type int"):
        encoder("classes").predict([3])
    with pytest.raises(DataError, match="2 channels"):
        encoder("series").predict([np.zeros((3, 5))])
    with pytest.raises(DataError, match="has no token"):
        encoder("classes").predict(["a", " "])
    with pytest.raises(DataError, match="has no token"):
        encoder("steps").predict([["a"], []])
    with pytest.raises(ConfigError, match="sequences of words need a vocabulary of words"):
        encoder("classes").predict([["ab", "cd"]])
    with pytest.raises(ConfigError, match="batch_size"):
        encoder("classes").predict(["a"], batch_size=0)


@given(texts=st.lists(st.text(min_size=1).filter(str.strip), min_size=1, max_size=5))
def test_any_text_has_an_answer(texts: list[str], encoder: Callable[[str], TrainedEncoder]) -> None:
    for kind in ("classes", "texts"):
        readable = [text for text in texts if encoder(kind)._stored.tokens.tokenizer.encode(text).ids]  # type: ignore[union-attr]
        found = encoder(kind).predict(readable)
        assert len(found) == len(readable)
        assert all(isinstance(one.answer, str) for one in found)


@given(text=st.text(min_size=1))
def test_a_labeller_of_words_says_one_class_a_piece(text: str, encoder: Callable[[str], TrainedEncoder]) -> None:
    if encoder("steps")._stored.tokens.tokenizer.encode(text).ids:  # type: ignore[union-attr]
        [found] = encoder("steps").predict([text])
        assert len(found.answer) == len(encoder("steps").pieces(text))


CONLLU = "".join(f"{n}\t{w}\t_\t_\t_\t_\t0\troot\t_\t_\n" for n, w in [(1, "ab"), (2, "q")]) + "\n"


def test_sentences_of_a_file_are_words_for_steps_and_texts_for_classes(
    encoder: Callable[[str], TrainedEncoder], tmp_path: Path
) -> None:
    (tmp_path / "a.conllu").write_text(CONLLU + CONLLU)
    unnamed: dict[str, Any] = {"column": None, "sequence": None, "token": None}
    text, rows = predict_file(encoder("steps"), tmp_path / "a.conllu", **unnamed)
    assert rows == 4
    assert text.splitlines()[0].startswith("sent_id,t,token")
    text, rows = predict_file(encoder("classes"), tmp_path / "a.conllu", **unnamed)
    assert rows == 2
    assert text.splitlines()[1].startswith("1,ab q,")
