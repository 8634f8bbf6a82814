"""Which reader a path gets, and the reduction of vectors by PCA."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from test_binary_vectors import VECTORS, binary
from test_piece_tables import PIECES, TABLE, model_folder

from seqtwin.data.tokens.vector_sources import SOURCES, reduce_width, source_of
from seqtwin.errors import DataError


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """One path of each source."""
    found = {
        "text": tmp_path / "v.txt",
        "word2vec": tmp_path / "v.bin",
        "model2vec": model_folder(tmp_path / "model2vec", {"embeddings": TABLE}),
        "sentence-transformers": model_folder(tmp_path / "st", {"embedding.weight": TABLE}),
        "wordllama": tmp_path / "wordllama",
    }
    found["text"].write_text("der 1 2\nhouse 3 4\n")
    found["word2vec"].write_bytes(binary({"der": [1, 2], "house": [3, 4]}))
    made = model_folder(found["wordllama"] / "weights", {"embedding.weight": TABLE})
    (made / "model.safetensors").rename(made / "x_4.safetensors")
    (found["wordllama"] / "tokenizers").mkdir()
    (made / "tokenizer.json").rename(found["wordllama"] / "tokenizers" / "x.json")
    return found


@pytest.mark.parametrize("name", SOURCES)
def test_each_source_has_its_words_and_reads_them(name: str, places: dict[str, Path]) -> None:
    source = source_of(places[name])
    assert source is SOURCES[name]
    words = list(dict.fromkeys(source.words(places[name])))
    assert "house" in words
    rows, vectors = source.read(places[name], ["no such word", *words])
    assert sorted(rows.tolist()) == list(range(1, len(words) + 1))
    assert vectors.dtype == np.float32
    assert vectors.shape == (len(words), 2 if name in ("text", "word2vec") else 4)
    if len(words) == len(PIECES):
        assert np.isfinite(vectors).all()


def test_other_paths_are_refused(tmp_path: Path) -> None:
    for path, said in ((tmp_path, "a folder without word vectors"), (tmp_path / "absent.vec", "no such file")):
        with pytest.raises(DataError, match=said) as caught:
            source_of(path)
        assert caught.value.place == str(path)


@given(st.integers(2, 6), st.integers(1, 6), st.integers(0, 99))
def test_reduction_is_pca(width: int, dim: int, seed: int) -> None:
    dim = min(dim, width)
    vectors = np.random.default_rng(seed).standard_normal((12, width)) * np.arange(1, width + 1)
    ours, theirs = reduce_width(vectors.astype(np.float32), dim), PCA(dim).fit_transform(vectors)
    signs = np.sign((ours * theirs).sum(axis=0))
    np.testing.assert_allclose(ours * signs, theirs, atol=1e-3)


def test_reduction_keeps_the_products_of_all_components() -> None:
    vectors = np.array(list(VECTORS.values()), dtype=np.float32)
    centred = vectors - vectors.mean(axis=0)
    reduced = reduce_width(vectors, 2)
    np.testing.assert_allclose(reduced @ reduced.T, centred @ centred.T, atol=1e-5)
