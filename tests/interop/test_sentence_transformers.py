"""sentence-transformers: the same vectors through the wrapper, and through the modules loaded from a folder."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from interop_encoders import SPECS, TEXTS, encoder_of

from seqtwin.errors import ConfigError, DamagedError, DataError, MissingExtraError
from seqtwin.inference.load import load
from seqtwin.interop.sentence_transformers import POOLINGS, export_sentence_transformer, to_sentence_transformer
from seqtwin.model.representations import MeanOutput

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

st = pytest.importorskip("sentence_transformers")


@pytest.fixture(autouse=True)
def offline(monkeypatch: Any, tmp_path_factory: Any) -> None:
    """Any request is an error, and the code of a folder is copied to a temporary place."""
    import socket

    from transformers import dynamic_module_utils

    monkeypatch.setattr(dynamic_module_utils, "HF_MODULES_CACHE", str(tmp_path_factory.mktemp("modules")))

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the network was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "none"])
@pytest.mark.parametrize("representation", ["final_hidden", "join", "attention_output"])
def test_the_wrapper_gives_the_vectors_of_the_encoder(tmp_path: Path, cell: str, representation: str) -> None:
    spec = SPECS.get(representation, representation)
    encoder = encoder_of(tmp_path / "encoder", cell=cell, representation=spec)
    model = to_sentence_transformer(encoder)
    for batch in (1, 3, 32):
        found = model.encode(TEXTS, batch_size=batch)
        np.testing.assert_allclose(found, encoder.encode(TEXTS), atol=1e-6, rtol=0)
    assert model.get_sentence_embedding_dimension() == encoder.dim


@pytest.mark.parametrize(
    ("similarity", "top"),
    [("cosine", 1), ("dot", None), ("negative_euclidean", 0), ("exp_manhattan", None), ("exp_euclidean", None)],
)
def test_its_similarity_ranks_as_the_encoder_does(tmp_path: Path, similarity: str, top: float | None) -> None:
    encoder = encoder_of(tmp_path / "encoder", similarity=similarity)
    model = to_sentence_transformer(encoder)
    vectors = encoder.encode(sorted(set(TEXTS)))
    ours, theirs = encoder.similarity(vectors, vectors), model.similarity(vectors, vectors).numpy()
    np.testing.assert_array_equal(ours.argsort(1), theirs.argsort(1))
    if top is not None:
        np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_the_wrapper_reads_words_with_their_letters(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder", characters=True)
    texts = ["cafe", "Cafe Bad", "abcdef, fed", "zzz"]
    np.testing.assert_allclose(to_sentence_transformer(encoder).encode(texts), encoder.encode(texts), atol=1e-6, rtol=0)


def test_a_prompt_stands_before_each_text_and_empty_texts_are_refused(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder")
    model = to_sentence_transformer(encoder)
    np.testing.assert_allclose(model.encode(["fe"], prompt="ca"), encoder.encode(["cafe"]), atol=1e-6)
    with pytest.raises(DataError):
        model.encode([""])


def test_the_wrapper_can_be_trained_on(tmp_path: Path) -> None:
    model = to_sentence_transformer(encoder_of(tmp_path / "encoder"))
    model(model.preprocess(["cafe", "b"]))["sentence_embedding"].sum().backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ("settings", "match"),
    [({"series": True}, "series"), ({"similarity": "pair_scorer"}, "pair_scorer")],
    ids=str,
)
def test_what_the_wrapper_cannot_be_is_refused(tmp_path: Path, settings: Any, match: str) -> None:
    with pytest.raises(ConfigError, match=match):
        to_sentence_transformer(encoder_of(tmp_path / "encoder", **settings))


@pytest.mark.parametrize("settings", [{"cell": "gru", "empty": "unk"}, {"characters": True}, {"lexical": {}}], ids=str)
def test_a_saved_wrapper_is_loaded_by_both(tmp_path: Path, settings: Any) -> None:
    encoder = encoder_of(tmp_path / "encoder", **settings)
    to_sentence_transformer(encoder).save(str(tmp_path / "st"))
    both = (opened(tmp_path / "st"), load(tmp_path / "st"))
    for again in both:
        np.testing.assert_allclose(again.encode(TEXTS), encoder.encode(TEXTS), atol=1e-6, rtol=0)
    assert (both[1].fingerprint, both[1].threshold) == (encoder.fingerprint, 0.25)


def opened(folder: Path) -> Any:
    return st.SentenceTransformer(str(folder), device="cpu", local_files_only=True, trust_remote_code=True)


NATIVE: list[dict[str, Any]] = [
    {"representation": "mean_output"},
    {"representation": "max_output", "layers": 2},
    {"representation": "sqrt_mean_output", "bidirectional": False},
    {"representation": "last_output"},
    {"representation": "final_hidden", "bidirectional": False, "layers": 2},
    {"representation": {"name": "join", "parts": ["max_output", "mean_output", "last_output"]}},
    {"projection": {"name": "linear", "dim": 5}},
    {"projection": {"name": "mlp", "dim": 5, "hidden": 7, "normalize": True}},
    {"projection": {"name": "identity", "normalize": True}, "similarity": "dot"},
]


@pytest.mark.parametrize("settings", NATIVE, ids=str)
def test_native_modules_give_the_same_vectors_after_loading(tmp_path: Path, settings: dict[str, Any]) -> None:
    encoder = encoder_of(tmp_path / "encoder", **settings)
    folder = export_sentence_transformer(encoder, tmp_path / "st")
    model = opened(folder)
    assert {type(part).__module__.split(".")[0] for part in model} == {"sentence_transformers", "transformers_modules"}
    texts = [*TEXTS, "[PAD] cafe", "  be  ", "\u2603\U0001f600", "x" * 5000]
    for batch in (1, 32):
        np.testing.assert_allclose(model.encode(texts, batch_size=batch), encoder.encode(texts), atol=1e-6, rtol=1e-5)
    assert model.similarity_fn_name == settings.get("similarity", "cosine")
    assert "0.25" in (folder / "README.md").read_text()
    again = load(folder)
    np.testing.assert_array_equal(again.encode(texts), encoder.encode(texts))
    assert (again.fingerprint, again.threshold) == (encoder.fingerprint, 0.25)


NO_WORD = ["", " \t", "\u2603", "\u2603 \U0001f600", "the of and", "a", "...", "[PAD]", "\ud800"]


@pytest.mark.parametrize("representation", ["max_output", "mean_output", "last_output"])
@pytest.mark.parametrize("door", ["folder", "wrapper"])
def test_texts_without_a_known_word_get_the_vector_of_the_encoder(
    tmp_path: Path, representation: str, door: str
) -> None:
    encoder = encoder_of(tmp_path / "encoder", representation=representation, empty="unk")
    model = to_sentence_transformer(encoder)
    if door == "folder":
        model = opened(export_sentence_transformer(encoder, tmp_path / "st"))
    vectors = model.encode(NO_WORD)
    np.testing.assert_allclose(vectors, encoder.encode(NO_WORD), atol=1e-6, rtol=0)
    assert np.isfinite(model.similarity(vectors, vectors).numpy()).all()


@pytest.mark.parametrize("text", ["", " "])
def test_an_encoder_that_refuses_an_empty_text_does_so_everywhere(tmp_path: Path, text: str) -> None:
    encoder = encoder_of(tmp_path / "encoder")
    model = opened(export_sentence_transformer(encoder, tmp_path / "st"))
    for encode in (model.encode, model.encode_query, model.encode_document):
        with pytest.raises(ValueError, match="no token"):
            encode(["a", text])


def test_the_folder_loads_where_seqtwin_is_not_installed(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder", empty="unk")
    export_sentence_transformer(encoder, tmp_path / "st")
    code = """
import sys
sys.modules["seqtwin"] = None
from sentence_transformers import SentenceTransformer
model = SentenceTransformer(sys.argv[1], device="cpu", local_files_only=True, trust_remote_code=True)
import numpy as np
np.save(sys.argv[2], model.encode(["cafe", ""]))
"""
    run = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "st"), str(tmp_path / "vectors.npy")],
        env={**os.environ, "HF_MODULES_CACHE": str(tmp_path / "modules"), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    np.testing.assert_allclose(np.load(tmp_path / "vectors.npy"), encoder.encode(["cafe", ""]), atol=1e-6, rtol=0)


def test_modules_that_the_encoder_does_not_have_are_refused(tmp_path: Path) -> None:
    from sentence_transformers.base.modules import Normalize

    encoder = encoder_of(tmp_path / "encoder")
    model = opened(export_sentence_transformer(encoder, tmp_path / "st"))
    model.append(Normalize())
    model.save(str(tmp_path / "more"))
    with pytest.raises(ConfigError, match="found SeqTwinTokens, LSTM, Pooling, Normalize"):
        load(tmp_path / "more")
    model = opened(tmp_path / "st")
    model.prompts, model.default_prompt_name = {"a": "b"}, "a"
    model.save(str(tmp_path / "prompted"))
    with pytest.raises(ConfigError, match="default prompt"):
        load(tmp_path / "prompted")
    (tmp_path / "st" / "1_LSTM" / "model.safetensors").unlink()
    with pytest.raises(DamagedError, match="not an encoder"):
        load(tmp_path / "st")


@pytest.mark.parametrize("unit", ["word", "bpe"])
def test_words_and_byte_pairs_are_spelt_too(tmp_path: Path, unit: str) -> None:
    from dataclasses import replace

    from seqtwin.build import build_siamese
    from seqtwin.data.tokens.tokenizer import train_tokenizer
    from seqtwin.inference.trained_encoder import load
    from seqtwin.store import save_encoder

    stored = encoder_of(tmp_path / "first")._stored
    tokens = train_tokenizer(["Wien an der Donau", "Graz an der Mur"], unit=unit, normalize="fold", max_length=6)
    blueprint = stored.blueprint.model_copy(update={"size": tokens.size})
    model = build_siamese(blueprint, seed=0).eval()
    save_encoder(tmp_path / "encoder", replace(stored, model=model, tokens=tokens, blueprint=blueprint), "# card\n")
    encoder = load(tmp_path / "encoder")
    native = opened(export_sentence_transformer(encoder, tmp_path / "st"))
    texts = ["Wien", "D\u00d6NAU, Mur!", "an der an der an der an der an der", "[UNK] Graz"]
    np.testing.assert_allclose(native.encode(texts), encoder.encode(texts), atol=1e-6, rtol=0)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"cell": "gru"}, "cell 'gru'"),
        ({"characters": True}, "tokens.characters: true"),
        ({"cell": {"name": "lstm", "proj_size": 4}}, "cell 'lstm'"),
        ({"representation": "final_hidden"}, "FinalHidden"),
        ({"representation": "attention_output"}, "AttentionOutput"),
        ({"representation": "first_output"}, "FirstOutput"),
        ({"representation": {"name": "join", "parts": ["mean_output", "final_cell"]}}, "FinalCell"),
        ({"series": True}, "series"),
        ({"similarity": "pair_scorer"}, "pair_scorer"),
    ],
    ids=str,
)
def test_what_native_modules_cannot_spell_is_refused_by_name(tmp_path: Path, settings: Any, match: str) -> None:
    encoder = encoder_of(tmp_path / "encoder", **settings)
    with pytest.raises(ConfigError, match=match) as caught:
        export_sentence_transformer(encoder, tmp_path / "st")
    assert caught.value.code == "EXPORT_UNSUPPORTED"
    if match not in ("series", "pair_scorer"):
        assert "to_sentence_transformer" in caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["encoder"]


def test_modules_that_give_other_vectors_are_not_written(tmp_path: Path, monkeypatch: Any) -> None:
    encoder = encoder_of(tmp_path / "encoder")
    monkeypatch.setitem(POOLINGS, MeanOutput, "max")
    with pytest.raises(DamagedError, match="do not agree"):
        export_sentence_transformer(encoder, tmp_path / "st")
    assert [p.name for p in tmp_path.iterdir()] == ["encoder"]


def test_without_the_library_one_line_says_what_to_install(tmp_path: Path, monkeypatch: Any) -> None:
    encoder = encoder_of(tmp_path / "encoder")
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    for door in (to_sentence_transformer, lambda e: export_sentence_transformer(e, tmp_path / "st")):
        with pytest.raises(MissingExtraError) as caught:
            door(encoder)
        assert "seqtwin[st]" in caught.value.remedy


def test_exporting_moves_no_generator_and_changes_no_weight(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder")
    before, vectors = torch.random.get_rng_state(), encoder.encode(TEXTS)
    export_sentence_transformer(encoder, tmp_path / "st")
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(encoder.encode(TEXTS), vectors)
