"""Explanations of a pair: occlusion against encoding by hand, gradients against small steps, the records."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny
from seqtwin.cli.why import WIDTH, drawn, why
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.explain_pair import METHODS
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.store import load_encoder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.saved_encoder(tmp_path_factory.mktemp("run") / "encoder")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> TrainedEncoder:
    return load(folder)


def test_occlusion_is_the_score_with_and_without_each_character(encoder: TrainedEncoder) -> None:
    found = encoder.explain_pair("cafe", "facade")
    whole = encoder.score("cafe", "facade")[0]
    assert (found.method, found.score, found.threshold) == ("occlusion", pytest.approx(whole), 0.25)
    assert found.same == encoder.is_same("cafe", "facade")[0]
    left = [whole - encoder.score("cafe"[:i] + "cafe"[i + 1 :], "facade")[0] for i in range(4)]
    right = [whole - encoder.score("cafe", "facade"[:i] + "facade"[i + 1 :])[0] for i in range(6)]
    np.testing.assert_allclose(found.left.contributions, left, atol=1e-6)
    np.testing.assert_allclose(found.right.contributions, right, atol=1e-6)
    assert found.left.steps == tuple("cafe")
    assert found.right.spans == tuple((i, i + 1) for i in range(6))


@torch.no_grad()
def plain_score(encoder: TrainedEncoder, sides: list[torch.Tensor]) -> torch.Tensor:
    """The tiny encoder's score from embeddings, in double precision, by PyTorch's own LSTM."""
    model = encoder._stored.model
    vectors = []
    for x in sides:
        outputs, _ = model.encoder.rnn.double()(x)
        joined = torch.cat([outputs.mean(1), outputs.amax(1)], 1)
        vectors.append(model.projection.double()(joined))
    return torch.cosine_similarity(*vectors)[0]


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm"])
def test_the_gradient_is_what_a_small_stretch_of_a_step_does(tmp_path: Path, cell: str) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder", cell=cell, layers=2, bidirectional=False)
    found = load(folder).explain_pair("cafe", "facade", method="gradient")
    double = load(folder)
    tokens = double._stored.tokens
    assert tokens is not None
    table = double._stored.model.encoder.inputs.embedding.weight.detach().double()
    sides = [table[torch.from_numpy(ids)][None] for ids in tokens.encode(["cafe", "facade"])]
    assert float(plain_score(double, sides)) == pytest.approx(found.score, abs=1e-5)
    for which, side in enumerate((found.left, found.right)):
        for step, part in enumerate(side.contributions):
            ends = []
            for stretch in (1 + 1e-4, 1 - 1e-4):
                moved = [x.clone() for x in sides]
                moved[which][0, step] *= stretch
                ends.append(float(plain_score(double, moved)))
            assert part == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_words_with_letters_are_explained_word_by_word(tmp_path: Path, method: str) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", characters=True))
    found = encoder.explain_pair("Cafe bad fed", "cafe", method=method)
    assert found.left.steps == ("Cafe", "bad", "fed")
    assert found.score == pytest.approx(encoder.score("Cafe bad fed", "cafe")[0])
    assert all(part is not None for part in found.left.contributions)
    if method == "occlusion":
        less = encoder.score("Cafe fed", "cafe")[0]
        assert found.left.contributions[1] == pytest.approx(found.score - less, abs=1e-6)
        assert found.right.contributions == (None,)


def test_series_are_explained_step_by_step(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=True))
    rng = np.random.default_rng(0)
    left, right = (rng.normal(size=(n, 3)).astype(np.float32) for n in (4, 2))
    found = encoder.explain_pair(left, right)
    whole = encoder.score([left], [right])[0]
    expected = [whole - encoder.score([np.delete(left, i, axis=0)], [right])[0] for i in range(4)]
    np.testing.assert_allclose(found.left.contributions, expected, atol=1e-6)
    assert found.left.steps == ("0", "1", "2", "3")
    slope = encoder.explain_pair(left, right, method="gradient")
    moved = left.copy()
    moved[2] *= 1.01
    small = (encoder.score([moved], [right])[0] - whole) / 0.01
    assert slope.left.contributions[2] == pytest.approx(small, abs=2e-3)


@pytest.mark.parametrize("channel", ["lexical", "kernels"])
def test_without_a_network_there_is_no_gradient(tmp_path: Path, channel: str) -> None:
    series = channel == "kernels"
    options: dict[str, Any] = {channel: {"share": 1}}
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", series=series, **options))
    sides: tuple[Any, Any] = (np.zeros((4, 3), np.float32), np.ones((2, 3), np.float32)) if series else ("cafe", "be")
    assert len(encoder.explain_pair(*sides).left.contributions) == 4
    with pytest.raises(ConfigError, match="which have no gradient"):
        encoder.explain_pair(*sides, method="gradient")


@pytest.mark.parametrize("method", METHODS)
def test_a_record_says_which_it_is_and_is_json(encoder: TrainedEncoder, method: str) -> None:
    found = encoder.explain_pair("a", "be", method=method)
    said = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert said["method"] == method
    assert said["meaning"] == METHODS[method][0]
    assert len(said["right"]["contributions"]) == 2
    assert (said["left"]["contributions"] == [None]) == (method == "occlusion"), "one step alone cannot be left out"


def test_no_decision_without_a_threshold(folder: Path) -> None:
    stored = load_encoder(folder)
    found = TrainedEncoder(replace(stored, facts={})).explain_pair("cafe", "be")
    assert (found.threshold, found.same) == (None, None)
    assert "no decision" in drawn(found)[0]


def test_an_encoder_that_reads_pads_is_explained_without_pads(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder", padding="read"), allow_read_padding=True)
    found = encoder.explain_pair("cafe", "be")
    alone = [encoder.encode(text) for text in ("afe", "be")]
    expected = found.score - float(encoder.similarity(*alone)[0, 0])
    assert found.left.contributions[0] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("left", "right"), [("", "a"), (None, "a"), (["a"], "a"), ("a", 3)])
def test_what_is_no_text_is_refused(encoder: TrainedEncoder, left: Any, right: Any) -> None:
    with pytest.raises(DataError):
        encoder.explain_pair(left, right)


def test_too_long_for_occlusion_is_not_for_the_gradient(encoder: TrainedEncoder) -> None:
    with pytest.raises(DataError, match="1025 steps; expected at most 1024") as caught:
        encoder.explain_pair("a" * 1025, "b")
    assert caught.value.code == "EXPLAIN_LENGTH"
    assert len(encoder.explain_pair("a" * 1_000_000, "b", method="gradient").left.contributions) == 4096


def test_an_unknown_method_names_the_nearest(encoder: TrainedEncoder) -> None:
    with pytest.raises(ConfigError, match="did you mean 'occlusion'"):
        encoder.explain_pair("a", "b", method="oclusion")


@pytest.mark.parametrize("text", ["cafe", "  ca\u00f1e\t\tbe ", "\u6771\u4eac\U0001f600 a\u0301b", "b\ud800e"])
def test_spans_are_the_steps_of_the_text(encoder: TrainedEncoder, text: str) -> None:
    tokens = encoder._stored.tokens
    assert tokens is not None
    spans = tokens.spans(text)
    assert len(spans) == len(tokens.encode([text])[0])
    assert all(0 <= start <= end <= len(text) for start, end in spans)
    for (start, end), id_ in zip(spans, tokens.encode([text])[0], strict=True):
        assert id_ == 1 or tokens.vocabulary[id_] in (text[start:end], " ")


# drawn


def test_bars_stand_above_and_below_the_characters(encoder: TrainedEncoder) -> None:
    found = encoder.explain_pair("cafe", "be")
    parts = replace(found.left, contributions=(1.0, -0.5, None, 0.1))
    other = replace(found.right, contributions=(0.0, 0.0))
    lines = drawn(replace(found, left=parts, right=other))
    assert lines[3:] == ["", "█  ▁", "cafe", " ▄", "", "be"]


def test_wide_and_unprintable_signs_keep_the_bars_in_place(encoder: TrainedEncoder) -> None:
    found = encoder.explain_pair("\u6771\tbe", "a")
    parts = replace(found.left, contributions=(0.0, 0.0, 0.0, 1.0))
    assert drawn(replace(found, left=parts))[4:6] == ["    █", "\u6771·be"]


def test_long_texts_are_wrapped(encoder: TrainedEncoder) -> None:
    lines = drawn(encoder.explain_pair("abc" * 60, "cafe"))
    assert max(len(line) for line in lines[4:]) <= WIDTH
    assert "".join(line for line in lines[4:] if set(line) <= set("abc")) == "abc" * 60


def test_the_command_says_it_in_both_ways(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    why(folder, "cafe", "be")
    assert capsys.readouterr().out.startswith("score ")
    why(folder, "cafe", "be", method="gradient", as_json=True)
    assert json.loads(capsys.readouterr().out)["method"] == "gradient"


def test_the_command_refuses_an_encoder_of_series(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="needs an encoder of texts"):
        why(tiny.saved_encoder(tmp_path / "encoder", series=True), "a", "b")
