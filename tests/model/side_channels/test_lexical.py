"""The lexical channel: before training the cosine of TF-IDF vectors, and joined an average of two cosines."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from sklearn.feature_extraction.text import TfidfVectorizer

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig, LexicalConfig
from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.errors import ConfigError
from seqtwin.model.heads import StepHead
from seqtwin.model.siamese import Siamese
from seqtwin.model.side_channels.lexical import BUCKETS, LexicalChannel
from seqtwin.records import PairBatch, Sequences
from seqtwin.training.fit_lexical import fit_lexical, folded_ids

TEXTS = [
    "red cedar table",
    "Red cedar tables",
    "cédar table, red",
    "oak chair",
    "oak chairs and a table",
    "lamp",
    "amber lamp",
    "a b",
]


def tokens_of(unit: str) -> TextTokens:
    return train_tokenizer(TEXTS, unit=unit, characters=unit == "word")


def sequences_of(tokens: TextTokens, texts: list[str]) -> Sequences:
    return Ragged.of(tokens.encode(texts)).take(np.arange(len(texts)))


def channel_of(tokens: TextTokens, *, dim: int = 4096, share: float = 0.5, trained: bool = True) -> LexicalChannel:
    channel = LexicalChannel(tokens.letter_size or tokens.size, dim, share, trained=trained)
    fit_lexical(channel, tokens, Ragged.of(tokens.encode(TEXTS)))
    return channel


def joint(unit: str = "char", **lexical: float | bool) -> tuple[Siamese, TextTokens]:
    tokens = tokens_of(unit)
    encoder = EncoderConfig(embedding=6, hidden=8, lexical=LexicalConfig(**{"dim": 32, **lexical}))
    blueprint = Blueprint(
        inputs="tokens",
        size=tokens.size,
        letters=tokens.letter_size,
        spelled=False,
        encoder=encoder,
        representation="mean_output",
        projection="identity",
        similarity="cosine",
    )
    model = build_siamese(blueprint, seed=0).eval()
    assert model.lexical is not None
    fit_lexical(model.lexical, tokens, Ragged.of(tokens.encode(TEXTS)))
    return model, tokens


def test_untrained_cosines_are_those_of_tfidf() -> None:
    tokens = tokens_of("char")
    vectors = channel_of(tokens, dim=8192)(sequences_of(tokens, TEXTS))

    def words_and_grams(text: str) -> list[str]:
        framed = [f" {word} " for word in text.split()]
        grams = [word[i : i + n] for word in framed for n in (2, 3, 4) for i in range(len(word) - n + 1)]
        return [*grams, *(f"word:{word}" for word in text.split())]

    plain = [text.lower().replace("é", "e") for text in TEXTS]
    known = TfidfVectorizer(analyzer=words_and_grams).fit_transform(plain).toarray()
    assert np.abs((vectors @ vectors.T).detach().numpy() - known @ known.T).max() < 0.05


@pytest.mark.parametrize("unit", ["char", "word"])
def test_capitals_and_accents_are_ignored(unit: str) -> None:
    tokens = tokens_of(unit)
    a, b = channel_of(tokens)(sequences_of(tokens, ["Red cédar", "red cedar"])).detach()
    torch.testing.assert_close(a, b)


@pytest.mark.parametrize("unit", ["char", "word"])
@given(order=st.permutations(range(len(TEXTS))))
def test_a_vector_does_not_depend_on_its_batch(unit: str, order: list[int]) -> None:
    tokens = tokens_of(unit)
    channel = channel_of(tokens, dim=64)
    batch = channel(sequences_of(tokens, [TEXTS[i] for i in order])).detach()
    for place, i in enumerate(order):
        alone = channel(sequences_of(tokens, [TEXTS[i]])).detach()
        torch.testing.assert_close(batch[place], alone[0], rtol=0, atol=1e-6)


def test_vectors_have_length_one_or_none() -> None:
    tokens = tokens_of("char")
    lengths = channel_of(tokens)(sequences_of(tokens, ["oak", "a b", "lamp table"])).detach().norm(dim=1)
    torch.testing.assert_close(lengths, torch.ones(3))
    blank = Sequences(torch.tensor([[0]]), torch.tensor([1]))
    assert not channel_of(tokens)(blank).detach().any()


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_a_joined_cosine_is_the_average_of_both(unit: str, share: float) -> None:
    model, tokens = joint(unit, share=share)
    sequences = sequences_of(tokens, TEXTS)
    assert model.space.dim == (32 if share == 1 else 16 + 32)
    recurrent = torch.nn.functional.normalize(model.vectors_of(model.encoder(sequences)), dim=1)
    lexical = model.lexical(sequences) if model.lexical else torch.empty(0)
    expected = (1 - share) * recurrent @ recurrent.T + share * lexical @ lexical.T
    vectors = model.encode(sequences)
    torch.testing.assert_close(vectors @ vectors.T, expected, rtol=0, atol=1e-5)
    assert vectors.shape[1] == model.space.dim
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(len(TEXTS)))


def test_every_part_is_trained_unless_it_is_fixed() -> None:
    model, tokens = joint()
    left, right = sequences_of(tokens, TEXTS[:4]), sequences_of(tokens, TEXTS[4:])
    pairs = PairBatch(left, right, torch.tensor([1.0, 0, 1, 0]), torch.arange(4))
    model(pairs).score.sum().backward()
    for name, weight in model.lexical.named_parameters() if model.lexical else []:
        assert weight.grad is not None, name
        assert weight.grad.abs().sum() > 0, name
    assert model.encoder.inputs.embedding.weight.grad.abs().sum() > 0
    fixed, _ = joint(trained=False)
    assert fixed.lexical is not None
    assert [n for n, p in fixed.lexical.named_parameters() if p.requires_grad] == ["logit"]


def test_frequencies_are_those_of_scikit_learn() -> None:
    channel = LexicalChannel(5, 8, 0.5)
    counts = torch.zeros(BUCKETS, dtype=torch.int64)
    counts[:3] = torch.tensor([1, 4, 9])
    channel.set_frequencies(counts, 9)
    fitted = TfidfVectorizer(norm=None).fit([f"{'aa' if i < 1 else ''} {'bb' if i < 4 else ''} cc" for i in range(9)])
    np.testing.assert_allclose(channel.idf[:3].numpy(), fitted.idf_, rtol=1e-6)
    assert float(channel.idf[3]) == pytest.approx(np.log(10) + 1)


def test_series_have_no_letters() -> None:
    encoder = EncoderConfig(embedding=6, hidden=8, lexical=LexicalConfig())
    parts = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}
    with pytest.raises(ConfigError, match="series have no words or letters"):
        build_siamese(Blueprint(inputs="series", size=3, encoder=encoder, **parts), seed=0)


def test_syllables_and_marked_letters_stay_different() -> None:
    letters = ["", "", *"가각나かがий½éeÉς"]
    folded = dict(zip(letters, folded_ids(letters), strict=True))
    assert len({int(folded[letter]) for letter in "가각나かがий½"}) == 8
    assert folded["é"] == folded["e"] == folded["É"]


def test_letters_that_training_lacks_make_no_texts_alike() -> None:
    tokens = tokens_of("char")
    vectors = channel_of(tokens)(sequences_of(tokens, ["日本", "?!", "lamp"])).detach()
    assert not vectors[:2].any()
    assert float(vectors[2].norm()) == pytest.approx(1.0)


def test_a_class_per_step_does_not_use_it() -> None:
    model, _ = joint()
    with pytest.raises(ValueError, match="a class per step does not use"):
        StepHead(model, 3)


def test_vectors_have_no_effect_without_a_network() -> None:
    with pytest.raises(ValidationError, match="vectors have no effect"):
        EncoderConfig(vectors="a.vec", lexical=LexicalConfig(share=1))
