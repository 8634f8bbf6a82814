"""Words composed from pieces, against plain loops over the published layouts and against sentence-transformers."""

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
from safetensors.numpy import save_file
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers

from seqtwin.data.tokens.piece_tables import (
    is_model2vec,
    is_sentence_transformers,
    is_wordllama,
    load_model2vec,
    load_sentence_transformers,
    load_wordllama,
)
from seqtwin.errors import DataError

PIECES = ("[PAD]", "[UNK]", "amber", "house", "##s", "am", "##ple", "a")
TABLE = np.random.default_rng(0).standard_normal((len(PIECES), 4)).astype(np.float32)
COMPOSED = {"amber": [2], "houses": [3, 4], "ample": [5, 6], "house": [3]}


def word_pieces() -> Tokenizer:
    """A tokenizer as BERT has it."""
    tokenizer = Tokenizer(models.WordPiece({piece: i for i, piece in enumerate(PIECES)}, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.enable_truncation(2)  # both would change the pieces of a word
    tokenizer.enable_padding()
    return tokenizer


def model_folder(folder: Path, tensors: dict[str, np.ndarray], tokenizer: Tokenizer | None = None) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors")
    (tokenizer or word_pieces()).save(str(folder / "tokenizer.json"))
    return folder


def means(table: np.ndarray, pieces: dict[str, list[int]]) -> np.ndarray:
    """The mean of the rows of the pieces of each word, by a plain loop."""
    found = []
    for ids in pieces.values():
        total = np.zeros(table.shape[1])
        for row in ids:
            total += table[row]
        found.append(total / len(ids))
    return np.array(found)


# model2vec


def test_a_word_is_the_mean_of_its_pieces(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, {"embeddings": TABLE})
    assert is_model2vec(folder)
    rows, vectors = load_model2vec(folder).read(["zebra", *COMPOSED])
    assert rows.tolist() == [1, 2, 3, 4]  # the pieces of zebra are unknown
    assert vectors == pytest.approx(means(TABLE, COMPOSED), abs=1e-6)
    assert list(dict.fromkeys(load_model2vec(folder).words())) == ["amber", "house", "am", "a"]


def test_rows_are_looked_up_by_the_mapping_and_multiplied_by_the_weights(tmp_path: Path) -> None:
    weights = np.linspace(0.5, 2, len(PIECES)).astype(np.float64)
    mapping = np.array([0, 0, 1, 2, 1, 0, 2, 0])
    folder = model_folder(tmp_path, {"embeddings": TABLE[:3], "weights": weights, "mapping": mapping})
    _, vectors = load_model2vec(folder).read(list(COMPOSED))
    table = np.array([TABLE[mapping[i]] * weights[i] for i in range(len(PIECES))])
    assert vectors == pytest.approx(means(table, COMPOSED), abs=1e-6)


def test_a_table_without_a_row_for_each_piece_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a row for each id up to 7, got shape \(3, 4\)") as caught:
        load_model2vec(model_folder(tmp_path, {"embeddings": TABLE[:3]}))
    assert caught.value.place == str(tmp_path)


def test_words_without_any_piece_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_model2vec(model_folder(tmp_path, {"embeddings": TABLE})).read(["zebra", "yak"])
    assert caught.value.code == "VECTORS_NONE"


@pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
def test_damaged_files_are_named(tmp_path: Path, name: str) -> None:
    folder = model_folder(tmp_path, {"embeddings": TABLE})
    (folder / name).write_bytes(b"{}")
    with pytest.raises(DataError, match="cannot be read") as caught:
        load_model2vec(folder)
    assert caught.value.code == "VECTORS_READ"


# wordllama

LLAMA = (
    "<unk>",
    "\u2581",
    "l",
    "o",
    "n",
    "L",
    "d",
    "\u2581a",
    "on",
    "\u2581l",
    "\u2581L",
    "\u2581Lo",
    "nd",
    "\u2581Lond",
)
LLAMA_MERGES = ("\u2581 a", "\u2581 l", "\u2581 L", "\u2581L o", "n d", "\u2581Lo nd", "o n", "\u2581Lond on")


def llama_pieces() -> Tokenizer:
    """A tokenizer as LLaMA has it: pieces that begin a word begin with \u2581."""
    vocabulary = {piece: i for i, piece in enumerate([*LLAMA, "\u2581London", "a"])}
    merges = [tuple(merge.split()) for merge in LLAMA_MERGES]
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.Strip(" ", 1, 0)])
    return tokenizer


@pytest.fixture
def wordllama(tmp_path: Path) -> Path:
    folder, tokenizer = tmp_path / "wordllama", llama_pieces()
    for name in ("weights", "tokenizers"):
        (folder / name).mkdir(parents=True)
    table = np.arange(2 * tokenizer.get_vocab_size(), dtype=np.float16).reshape(-1, 2)
    save_file({"embedding.weight": table[:, :1].copy()}, folder / "weights" / "small_1.safetensors")
    save_file({"embedding.weight": table}, folder / "weights" / "large_2.safetensors")
    tokenizer.save(str(folder / "tokenizers" / "large_tokenizer_config.json"))
    return folder


def test_wordllama_is_read_from_its_folder_and_from_its_wheel(wordllama: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "wordllama-0.4.0-py3-none-any.whl"
    with ZipFile(wheel, "w") as file:
        for path in wordllama.rglob("*.*"):
            file.write(path, path.relative_to(tmp_path))
    assert is_wordllama(wordllama)
    assert is_wordllama(wheel)
    table = np.arange(2 * 16).reshape(-1, 2)
    for place in (wordllama, wheel):
        rows, vectors = load_wordllama(place).read(["on", "noz", "London"])
        assert rows.tolist() == [0, 1, 2]
        assert vectors == pytest.approx(means(table, {"on": [1, 8], "noz": [1, 4, 3], "London": [14]}))


def test_a_word_is_looked_up_in_the_spelling_with_the_fewest_pieces(wordllama: Path) -> None:
    pieces = load_wordllama(wordllama)
    assert pieces.split(["london"]) == [[9, 3, 12, 8]]
    assert pieces.fewest(["london", "London", "on"]) == [[14], [14], [1, 8]]
    assert "london" in set(pieces.words())


def test_a_folder_without_a_table_and_a_broken_wheel_are_refused(wordllama: Path, tmp_path: Path) -> None:
    for file in (wordllama / "weights").iterdir():
        file.unlink()
    (tmp_path / "x.whl").write_bytes(b"PK")
    for place, said in ((wordllama, "expected weights/"), (tmp_path / "x.whl", "cannot be read")):
        with pytest.raises(DataError, match=said) as caught:
            load_wordllama(place)
        assert caught.value.place == str(place)


# sentence-transformers


def test_a_static_embedding_gives_words_as_the_library_does(tmp_path: Path) -> None:
    st = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding

    model = st.SentenceTransformer(
        modules=[StaticEmbedding(word_pieces(), embedding_weights=TABLE.copy())], device="cpu"
    )
    model.save(str(tmp_path / "static"))
    assert is_sentence_transformers(tmp_path / "static")
    rows, vectors = load_sentence_transformers(tmp_path / "static").read(list(COMPOSED))
    assert rows.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(vectors, model.encode(list(COMPOSED)), atol=1e-6)


@pytest.mark.parametrize(
    "name",
    ["embeddings.word_embeddings.weight", "bert.embeddings.word_embeddings.weight", "wte.weight", "shared.weight"],
)
def test_the_word_embeddings_of_a_transformer_are_found(tmp_path: Path, name: str) -> None:
    others = {"encoder.layer.0.weight": TABLE[:2], "embeddings.position_embeddings.weight": TABLE[:1]}
    model_folder(tmp_path / "0_Transformer", {name: TABLE, **others})
    (tmp_path / "modules.json").write_text(json.dumps([{"path": "0_Transformer"}, {"path": "1_Pooling"}]))
    _, vectors = load_sentence_transformers(tmp_path).read(list(COMPOSED))
    assert vectors == pytest.approx(means(TABLE, COMPOSED), abs=1e-6)


SIZE = {"vocab_size": len(TABLE), "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
ENDS = {"bos_token_id": 0, "eos_token_id": 0, "pad_token_id": 0}
MODELS: dict[str, dict[str, Any]] = {
    "Bert": {**SIZE, "intermediate_size": 8},
    "Albert": {**SIZE, "intermediate_size": 8, "embedding_size": 4},
    "DistilBert": {"vocab_size": len(TABLE), "dim": 8, "n_layers": 1, "n_heads": 2, "hidden_dim": 8},
    "Llama": {**SIZE, "intermediate_size": 8, "num_key_value_heads": 2, **ENDS},
    "GPTNeoX": {**SIZE, "intermediate_size": 8, **ENDS},
    "CLIPText": {**SIZE, "intermediate_size": 8, **ENDS},
    "GPT2": {"vocab_size": len(TABLE), "n_embd": 8, "n_layer": 1, "n_head": 2, "bos_token_id": 0, "eos_token_id": 0},
    "T5": {"vocab_size": len(TABLE), "d_model": 8, "d_kv": 4, "num_layers": 1, "num_heads": 2, "d_ff": 8},
    "XLNet": {"vocab_size": len(TABLE), "d_model": 8, "n_layer": 1, "n_head": 2, "d_inner": 8},
    "XLM": {"vocab_size": len(TABLE), "emb_dim": 8, "n_layers": 1, "n_heads": 2},
}


@pytest.mark.parametrize("name", MODELS)
def test_the_table_of_a_model_that_transformers_saved_is_its_input_embeddings(tmp_path: Path, name: str) -> None:
    # transformers 5.23; the models are as small as their configs allow
    transformers = pytest.importorskip("transformers")
    model = getattr(transformers, f"{name}Model")(getattr(transformers, f"{name}Config")(**MODELS[name]))
    model.save_pretrained(tmp_path)
    word_pieces().save(str(tmp_path / "tokenizer.json"))
    table = model.get_input_embeddings().weight.detach().numpy()
    _, vectors = load_sentence_transformers(tmp_path).read(list(COMPOSED))
    np.testing.assert_allclose(vectors, means(table, COMPOSED), atol=1e-6)


def test_pieces_are_those_within_a_text(tmp_path: Path) -> None:
    # as RoBERTa: a word after a blank has other pieces than at the beginning
    letters = pre_tokenizers.ByteLevel.alphabet()
    pieces = ["<unk>", *sorted(letters), "\u0120o", "\u0120on"]
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("\u0120", "o"), ("\u0120o", "n")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    folder = model_folder(tmp_path, {"wte.weight": np.zeros((len(pieces), 2), dtype=np.float32)}, tokenizer)
    found = load_sentence_transformers(folder)
    assert found.split(["on"]) == [[vocabulary["\u0120on"]]]
    assert "on" in set(found.words())


def test_a_model_without_word_embeddings_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no table of word embeddings that is known here"):
        load_sentence_transformers(model_folder(tmp_path, {"conv.weight": TABLE}))
