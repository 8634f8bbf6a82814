"""An exported lexical channel gives the vectors of the model, for any text, alone and in a batch, without torch."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import seqtwin
import tiny
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig, LexicalConfig
from seqtwin.data.batches import Ragged
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.errors import ConfigError
from seqtwin.inference.onnx_encoder import OnnxEncoder
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.interop.sentence_transformers import export_sentence_transformer
from seqtwin.store import Stored, save_encoder
from seqtwin.training.fit_lexical import fit_lexical

Both = tuple[TrainedEncoder, OnnxEncoder, Path]
TEXTS = ["Red cédar table", "oak chair", "a b", "lamp, amber"]
texts_of_letters = st.lists(st.text("abcdeé RT,", min_size=1).filter(str.strip), min_size=1, max_size=5)


def saved(folder: Path, unit: str, share: float) -> Path:
    tokens = train_tokenizer(TEXTS, unit=unit, characters=unit == "word", empty="unk")
    blueprint = Blueprint(
        inputs="tokens",
        size=tokens.size,
        letters=tokens.letter_size,
        spelled=False,
        encoder=EncoderConfig(embedding=6, hidden=8, lexical=LexicalConfig(dim=32, share=share)),
        representation="max_output",
        projection={"name": "linear", "dim": 5},
        similarity="cosine",
    )
    model = build_siamese(blueprint, seed=0).eval()
    assert model.lexical is not None
    fit_lexical(model.lexical, tokens, Ragged.of(tokens.encode(TEXTS)))
    save_encoder(folder, Stored(model, blueprint, tokens, {"threshold": 0.5}), "# card\n")
    return folder


@pytest.fixture(scope="module", params=[("char", 0.4), ("word", 0.4), ("word", 1.0)], ids=str)
def both(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("both")
    encoder = seqtwin.load(saved(folder / "encoder", *request.param))
    exported = seqtwin.load(export_onnx(encoder, folder / "onnx"), backend="onnx")
    assert isinstance(exported, OnnxEncoder)
    return encoder, exported, folder


@settings(max_examples=40)
@given(texts=texts_of_letters)
def test_any_text_has_the_vector_of_the_model(both: Both, texts: list[str]) -> None:
    encoder, exported, _ = both
    expected = encoder.encode(texts)
    np.testing.assert_allclose(exported.encode(texts), expected, rtol=0, atol=1e-6)
    alone = np.concatenate([exported.encode([text]) for text in texts])
    np.testing.assert_allclose(alone, expected, rtol=0, atol=1e-6)


def test_long_words_are_hashed_alike(both: Both) -> None:
    encoder, exported, _ = both
    texts = ["abcde" * 40, "e" * 65, "table " * 30]
    np.testing.assert_allclose(exported.encode(texts), encoder.encode(texts), rtol=0, atol=1e-6)


def test_it_loads_without_torch(both: Both) -> None:
    code = (
        f"import sys, seqtwin; e = seqtwin.load({str(both[2] / 'onnx')!r}, backend='onnx'); e.encode(['oak chair']);"
        "print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_sentence_transformers_has_no_such_module(both: Both, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no module of hashed n-grams"):
        export_sentence_transformer(both[0], tmp_path / "st")


@pytest.mark.parametrize("unit", ["char", "word"])
@pytest.mark.parametrize(
    ("lexical", "dim"), [({}, 32), ({"share": 1}, 16), ({"share": 1, "mapped": False, "trained": False}, 16)], ids=str
)
def test_a_trained_run_is_loaded_with_the_same_vectors(
    tmp_path: Path, unit: str, lexical: dict[str, object], dim: int
) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    raw = tiny.raw_run(data, tokens={"unit": unit}, encoder={"lexical": {"dim": 16, **lexical}}, fit={"epochs": 2})
    run = seqtwin.train(raw, tmp_path / "run")
    encoder = seqtwin.load(run.path)
    assert encoder.dim == dim
    texts = [left for left, *_ in tiny.drawn_pairs(20, 9)]
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    np.testing.assert_allclose(alone, encoder.encode(texts), rtol=0, atol=1e-6)


def test_byte_pairs_have_no_letters(tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    with pytest.raises(ConfigError, match=r"encoder\.lexical requires tokens\.unit: char or word"):
        seqtwin.train(tiny.raw_run(data, tokens={"unit": "bpe"}, encoder={"lexical": {}}), tmp_path / "run")


def test_spellings_that_differ_in_case_alone_are_one_text(tmp_path: Path) -> None:
    """As without n-grams: a vocabulary of words is lower-cased, so dedupe links these with a score of 1."""
    data = tiny.write_pairs(tmp_path / "data")
    raw = tiny.raw_run(data, tokens={"unit": "word"}, encoder={"lexical": {"dim": 16}}, fit={"epochs": 1})
    encoder = seqtwin.load(seqtwin.train(raw, tmp_path / "run").path)
    a, b, c = encoder.encode(["Amber ACE", "amber ace", "AMBER ace"])
    np.testing.assert_allclose([b, c], [a, a], rtol=0, atol=1e-6)
    assert [r.key for r in encoder.readings(["ACE", "ace"])] == [encoder.readings(["Ace"])[0].key] * 2
