"""The folder for the web, in Node with both ONNX Runtimes of JavaScript: the ids and the numbers of the encoder."""

import json
import random
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from interop_encoders import encoder_of
from node_packages import RUNTIMES, WEB, require_packages

from seqtwin.build import build_siamese
from seqtwin.data.tokens.letters import Letters
from seqtwin.data.tokens.tokenizer import TextTokens, train_tokenizer
from seqtwin.errors import ConfigError
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.trained_encoder import load as load_torch
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.interop.web_folder import TEMPLATES, export_web
from seqtwin.interop.web_tokens import lower_case, punctuation, tokens_for_web
from seqtwin.store import save_encoder

pytestmark = pytest.mark.long  # Node takes seconds

CORPUS = ["Wien an der Donau", "Graz an der Mur", "caf\u00e9 don't stop, it's 123", "", "STRASSE stra\u00dfe"]
EDGES = [
    "caf\u00e9", "cafe\u0301", "\u03a3\u0391\u03a3 \u03a3", "\u0130stanbul", "\ufeffbom", "a\u0323\u0307 a\u0307\u0323",
    "  a\t\nb\u00a0\u3000c\u0085d  ", "don't I'll we're O'Neil", "a,b.c;d!$+<=>^`|~", "\u2e43\u166d\u061d",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 \U0001f1e6\U0001f1f9", "\u0928\u092e\u0938\u094d\u0924\u0947",
    "\u304c\u304e \uff76\uff9e \ud55c\uad6d\uc5b4", "x\ud800y", "\ufb01ne \u00bd \u2460 \u32ff", "[PAD] [UNK]",
    "a" * 300, "\u01c5 \u1e9e \u00df", "\U0001d4d0 \uab69 \ua7f2", "1234567 12,5 \u0664\u0665", "tabs\t\tand\r\nlines",
]  # fmt: skip
SETTINGS = [("nfc", None), ("fold", None), ("none", False), ("nfkc", True)]


def every_character() -> list[str]:
    """Every character of this Python's version of Unicode, without those for private use."""
    codes = (code for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000)
    return [chr(code) for code in codes if unicodedata.category(chr(code)) not in ("Cn", "Co")]


def drawn_texts(count: int) -> list[str]:
    """Texts of characters from everywhere in Unicode, next to plain ones."""
    draw, every = random.Random(7), every_character()
    plain = "abc ABC \u00e9\u00dc,.'-1 "
    return ["".join(draw.choice(every if draw.random() < 0.5 else plain) for _ in range(30)) for _ in range(count)]


@pytest.fixture(autouse=True)
def packages() -> None:
    require_packages()


def run(**asked: object) -> Any:
    done = subprocess.run(
        ["node", str(WEB / "run.mjs")],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def with_tokens(root: Path, tokens: TextTokens, **settings: Any) -> TrainedEncoder:
    """An encoder with these tokens."""
    stored = encoder_of(root / "first", **settings)._stored
    letters = {} if tokens.letters is None else {"letters": tokens.letter_size, "spelled": False}
    blueprint = stored.blueprint.model_copy(update={"size": tokens.size, **letters})
    model = build_siamese(blueprint, seed=0).eval()
    save_encoder(root / "encoder", replace(stored, model=model, tokens=tokens, blueprint=blueprint), "# card\n")
    return load_torch(root / "encoder")


@pytest.mark.parametrize("unit", ["word", "char", "bpe", "word with letters"])
def test_every_text_has_the_ids_of_the_encoder(tmp_path: Path, unit: str) -> None:
    texts = [*EDGES, *drawn_texts(400)]
    if unit == "char":
        every = every_character()
        texts += ["a".join(every[start : start + 20]) for start in range(0, len(every), 20)]
    expected, folders = [], []
    for form, lower in SETTINGS:
        tokens = train_tokenizer(
            texts,
            unit=unit.partition(" ")[0],
            normalize=form,
            lower=lower,
            max_length=40,
            size=600 if unit == "bpe" else None,
            empty="unk",
        )
        if "letters" in unit:
            tokens = replace(tokens, letters=Letters.of(tokens.vocabulary[2:], lower=True))
        folder = tmp_path / f"{form}-{lower}"
        folder.mkdir()
        (folder / "seqtwin.mjs").write_text((TEMPLATES / "seqtwin.mjs").read_text(), encoding="utf-8")
        (folder / "settings.json").write_text(json.dumps({"tokens": tokens_for_web(tokens)}), encoding="utf-8")
        folders.append(str(folder))
        expected.append([ids.tolist() for ids in tokens.encode(texts)])
    found = run(run="tokens", folders=folders, texts=texts)
    for ours, theirs in zip(expected, found, strict=True):
        assert [text for text, a, b in zip(texts, ours, theirs, strict=True) if a != b] == []


@pytest.mark.parametrize(
    ("unit", "settings"),
    [
        ("word", {"similarity": "cosine", "representation": "max_output", "layers": 2}),
        ("char", {"similarity": "exp_manhattan", "cell": "gru", "representation": "attention_output", "empty": "unk"}),
        ("bpe", {"similarity": "negative_euclidean", "representation": "final_hidden", "threshold": None}),
        ("char", {"similarity": {"name": "exp_euclidean", "tau": "learned"}, "lexical": {}}),
        ("word", {"lexical": {}, "spelled": True, "empty": "unk"}),
        ("word", {"similarity": "dot", "projection": {"name": "mlp", "dim": 5, "hidden": 7, "normalize": True}}),
    ],
    ids=str,
)
def test_vectors_scores_and_hits_are_those_of_the_encoder(tmp_path: Path, unit: str, settings: Any) -> None:
    empty = settings.get("empty", "error")
    tokens = train_tokenizer(CORPUS, unit=unit, normalize="fold", size=400 if unit == "bpe" else None, empty=empty)
    settings = dict(settings)
    if settings.pop("spelled", False):
        tokens = replace(tokens, letters=Letters.of(tokens.vocabulary[2:], lower=True))
    encoder = with_tokens(tmp_path, tokens, **settings)
    folder = export_web(encoder, tmp_path / "web", CORPUS)
    texts = [*EDGES, *CORPUS[:3], *drawn_texts(60)] + ([""] if empty == "unk" else [])
    queries = ["donau", "caf\u00e9"]
    refused = [] if empty == "unk" else [""]
    for runtime in RUNTIMES:
        asked = {"folder": str(folder), "texts": texts, "queries": queries, "refused": refused}
        check_answers(run(run="encoder", runtime=runtime, **asked), encoder, texts, queries)


def check_answers(found: Any, encoder: TrainedEncoder, texts: list[str], queries: list[str]) -> None:
    """Assert that everything a runtime gives is what the encoder gives."""
    vectors = encoder.encode(texts)
    np.testing.assert_allclose(found["vectors"], vectors, atol=1e-5)
    np.testing.assert_allclose(found["alone"], vectors, atol=1e-5)
    np.testing.assert_allclose(found["scores"], encoder.similarity(vectors, vectors), atol=1e-5)
    assert found["none"] == []
    assert all("no token" in message for message in found["errors"])
    assert found["threshold"] == encoder.threshold
    assert (found["same"] is None) == (encoder.threshold is None)
    corpus = [text for text in CORPUS if text]
    expected = encoder.similarity(encoder.encode(queries), encoder.encode(corpus))
    for own, hits in zip(expected, found["hits"], strict=True):
        best = np.argsort(-own, kind="stable")[:3].tolist()
        assert [(hit["row"], hit["text"]) for hit in hits] == [(row, corpus[row]) for row in best]
        np.testing.assert_allclose([hit["score"] for hit in hits], own[best], atol=1e-5)


def test_the_library_of_hugging_face_finds_the_unknown_words(tmp_path: Path) -> None:
    tokens = train_tokenizer(CORPUS, unit="word")
    folder = export_onnx(with_tokens(tmp_path, tokens), tmp_path / "onnx")
    texts = [text for text in [*CORPUS, "caf\u00e9 nowhere, never", "unknown"] if text]
    assert run(run="tokenizers", folder=str(folder), texts=texts) == [ids.tolist() for ids in tokens.encode(texts)]


def test_the_lists_are_those_of_the_library() -> None:
    marks, low = punctuation(), lower_case()
    assert {ord(mark) for mark in "!$+<=>^`|~[]_-,.'\u00a1\u2014\u3001"} <= set(marks)
    assert not {ord(letter) for letter in "a1 \u00e9\u2603\u00a2\u20ac"} & set(marks)
    assert (low["\u03a3"], low["\u0130"], low["A"], low.get("a")) == ("\u03c3", "i\u0307", "a", None)


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"series": True}, "series"),
        ({"similarity": "pair_scorer"}, "pair_scorer"),
        ({"characters": True, "cell": "none"}, "tokens.characters"),
    ],
    ids=str,
)
def test_what_has_no_javascript_is_refused_by_name(tmp_path: Path, settings: Any, match: str) -> None:
    encoder = encoder_of(tmp_path / "encoder", **settings)
    with pytest.raises(ConfigError, match=match) as caught:
        export_web(encoder, tmp_path / "web")
    assert caught.value.code == "EXPORT_UNSUPPORTED"
    assert [path.name for path in tmp_path.iterdir()] == ["encoder"]


def test_a_corpus_without_a_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no text to search"):
        export_web(encoder_of(tmp_path / "encoder"), tmp_path / "web", ["", " "])
