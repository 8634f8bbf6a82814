"""The ONNX graph: every cell, depth, direction, representation and projection against the model it was written from."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from interop_encoders import SPECS, TEXTS, encoder_of

from seqtwin.errors import ConfigError, DamagedError, MissingExtraError
from seqtwin.files import verify
from seqtwin.inference.load import load
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.trained_encoder import load as load_torch
from seqtwin.interop import onnx as writer
from seqtwin.interop.onnx import to_onnx
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.side_channels.lexical import SPREAD
from seqtwin.model.side_channels.ngrams import PRIME

CELLS = ["rnn", {"name": "rnn", "nonlinearity": "relu"}, "gru", "lstm", "none"]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[TrainedEncoder, Path]:
    root = tmp_path_factory.mktemp("onnx")
    encoder = encoder_of(root / "encoder", representation=SPECS["join"], projection={"name": "linear", "dim": 5})
    return encoder, export_onnx(encoder, root / "exported")


@pytest.mark.parametrize("bidirectional", [True, False])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize(
    ("cell", "representation"),
    # only an lstm has a cell state
    [(cell, name) for cell in CELLS for name in sorted(REPRESENTATIONS) if name != "final_cell" or cell == "lstm"],
    ids=str,
)
def test_the_graph_gives_the_vectors_of_the_model(
    tmp_path: Path, cell: Any, representation: str, layers: int, bidirectional: bool
) -> None:
    spec = SPECS.get(representation, representation)
    encoder = encoder_of(
        tmp_path / "encoder", cell=cell, layers=layers, bidirectional=bidirectional, representation=spec
    )
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    expected = encoder.encode(TEXTS)
    for batch in (1, 3, 512):
        np.testing.assert_allclose(exported.encode(TEXTS, batch_size=batch), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize(
    "projection",
    [
        {"name": "identity", "normalize": True},
        {"name": "linear", "dim": 5},
        {"name": "linear", "dim": 5, "normalize": True},
        {"name": "mlp", "dim": 5, "hidden": 7},
    ],
    ids=str,
)
def test_projections_are_written(tmp_path: Path, projection: Any) -> None:
    encoder = encoder_of(tmp_path / "encoder", projection=projection)
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    np.testing.assert_allclose(exported.encode(TEXTS), encoder.encode(TEXTS), atol=1e-5)


def test_a_vector_of_zeros_stays_zero_when_it_is_brought_to_length_one(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder", projection={"name": "linear", "dim": 5, "normalize": True})
    with torch.no_grad():
        for parameter in encoder._model.projection.parameters():
            parameter.zero_()
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    np.testing.assert_array_equal(exported.encode(TEXTS), np.zeros((len(TEXTS), 5)))


@pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", "none"])
def test_series_are_written(tmp_path: Path, cell: str) -> None:
    encoder = encoder_of(tmp_path / "encoder", series=True, cell=cell, layers=2)
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(n, 3)) for n in (1, 9, 4, 33, 2)]
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    for batch in (1, 2, 512):
        np.testing.assert_allclose(exported.encode(series, batch_size=batch), encoder.encode(series), atol=1e-5)


@pytest.mark.parametrize("representation", ["final_hidden", "mean_output", "max_output"])
def test_the_scaling_of_series_is_folded_into_the_graph(tmp_path: Path, representation: str) -> None:
    encoder = encoder_of(tmp_path / "encoder", series=True, cell="gru", representation=representation)
    mean, deviation = np.array([300.0, -2.0, 0.1]), np.array([50.0, 0.01, 0.0])
    encoder._model.encoder.inputs.set_scaling(*map(torch.from_numpy, (mean, deviation)))
    rng = np.random.default_rng(0)
    series = [rng.normal(mean, deviation, (n, 3)) for n in (1, 9, 4, 33)]
    unscaled = load_torch(tmp_path / "encoder").encode(series)
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    np.testing.assert_allclose(exported.encode(series), encoder.encode(series), atol=1e-4)
    assert np.abs(encoder.encode(series) - unscaled).max() > 0.1


@pytest.mark.parametrize("length", [*range(1, 20), 63, 64, 65, 500, 4096])
def test_every_length_alone_and_in_a_batch(pair: tuple[TrainedEncoder, Path], length: int) -> None:
    encoder, folder = pair
    exported = load(folder, backend="onnx")
    text = "".join(np.random.default_rng(length).choice(list("abcdef"), length))
    expected = encoder.encode(text)
    np.testing.assert_allclose(exported.encode(text), expected, atol=1e-5)
    np.testing.assert_allclose(exported.encode(["a", text, "fed"])[1:2], expected, atol=1e-5)
    np.testing.assert_allclose(exported.encode(["a", text, "fed"])[1:2], exported.encode(text), atol=1e-6)


def test_what_stands_past_a_length_changes_nothing(pair: tuple[TrainedEncoder, Path]) -> None:
    import onnxruntime

    session = onnxruntime.InferenceSession(to_onnx(pair[0]), providers=["CPUExecutionProvider"])
    lengths = np.array([2, 5])
    clean = np.array([[2, 3, 0, 0, 0], [4, 5, 6, 7, 2]])
    dirty = np.where(clean == 0, 5, clean)
    found = [session.run(None, {"sequences": ids, "lengths": lengths})[0] for ids in (clean, dirty)]
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize(
    "similarity",
    [
        "cosine",
        "dot",
        "negative_euclidean",
        "exp_manhattan",
        {"name": "exp_manhattan", "tau": 1.5},
        {"name": "exp_euclidean", "tau": "learned"},
        {"name": "pair_scorer", "hidden": 7},
    ],
    ids=str,
)
def test_scores_are_those_of_the_model(tmp_path: Path, similarity: Any) -> None:
    encoder = encoder_of(tmp_path / "encoder", similarity=similarity)
    exported = load(export_onnx(encoder, tmp_path / "onnx"), backend="onnx")
    vectors = np.random.default_rng(0).normal(size=(150, encoder.dim)).astype(np.float32)
    vectors[3] = 0
    expected = encoder.similarity(vectors, vectors[:70])
    np.testing.assert_allclose(exported.similarity(vectors, vectors[:70]), expected, atol=1e-5, rtol=1e-5)
    np.testing.assert_allclose(exported.similarity(vectors[0], vectors[1]), expected[:1, 1:2], atol=1e-5, rtol=1e-5)
    none = vectors[:0]
    assert exported.similarity(none, vectors).shape == (0, 150)  # no rows never reach the runtime
    assert exported.similarity(vectors, none).shape == (150, 0)
    assert exported.score([], []).shape == (0,)
    right = TEXTS[::-1]
    np.testing.assert_allclose(exported.score(TEXTS, right), encoder.score(TEXTS, right), atol=1e-5)
    np.testing.assert_array_equal(exported.is_same(TEXTS, right), encoder.is_same(TEXTS, right))
    assert (exported.similarity_name, exported.indexable) == (encoder.similarity_name, encoder.indexable)
    assert exported.score([], []).shape == (0,)


def test_the_face_is_that_of_the_encoder(pair: tuple[TrainedEncoder, Path]) -> None:
    encoder, folder = pair
    exported = load(folder, backend="onnx")
    for name in ("dim", "threshold", "facts", "fingerprint", "inputs", "similarity_name", "indexable"):
        assert getattr(exported, name) == getattr(encoder, name), name
    assert exported.encode([]).shape == (0, encoder.dim)
    assert exported.encode([]).dtype == exported.encode("cafe").dtype == np.float32
    lengths = np.linalg.norm(exported.encode(TEXTS, normalize_embeddings=True), axis=1)
    np.testing.assert_allclose(lengths, 1, atol=1e-6)


def test_the_torch_free_loader_is_torch_free(pair: tuple[TrainedEncoder, Path]) -> None:
    code = (
        "import sys; from seqtwin.inference.load import load; "
        f"e = load({str(pair[1])!r}, backend='onnx'); v = e.encode(['cafe', 'b']); e.similarity(v, v); "
        "e.is_same(['a'], ['b']); print(sorted({m.split('.')[0] for m in sys.modules} & "
        "{'torch', 'pandas', 'sklearn', 'onnx', 'pydantic'}), v.shape)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=120)
    assert done.stdout.strip() == "[] (2, 5)", done.stderr


def test_the_folder_is_whole_and_verified(pair: tuple[TrainedEncoder, Path]) -> None:
    _, folder = pair
    names = {"model.onnx", "tokenizer.json", "tokenizer_config.json", "onnx.json", "README.md", "manifest.json"}
    assert {p.name for p in folder.iterdir()} == names
    assert set(verify(folder)["files"]) == names - {"manifest.json"}


def test_the_readme_says_what_a_runtime_must_support(pair: tuple[TrainedEncoder, Path]) -> None:
    # OpenVINO 2026.4.1 ignores sequence_lens of free axes and multiplies Int64 in 32 bits:
    # findings/openvino_ignores_lengths.sh, findings/openvino_counts_in_32_bits.sh
    readme = (pair[1] / "README.md").read_text()
    for words in ("checked with ONNX Runtime", "`sequence_lens`", "Int64 in 64 bits", "OpenVINO 2026.4"):
        assert words in readme


def test_hashes_of_ngrams_need_more_than_32_bits() -> None:
    assert PRIME < 2**31 < PRIME * SPREAD < 2**63


def test_what_has_no_graph_is_refused_by_name(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder", cell={"name": "lstm", "proj_size": 4})
    with pytest.raises(ConfigError, match="proj_size") as caught:
        export_onnx(encoder, tmp_path / "onnx")
    assert caught.value.code == "EXPORT_UNSUPPORTED"
    assert [p.name for p in tmp_path.iterdir()] == ["encoder"]


def test_words_with_letters_are_refused_by_name(tmp_path: Path) -> None:
    encoder = encoder_of(tmp_path / "encoder", characters=True)
    with pytest.raises(ConfigError, match=r"tokens\.characters: true has no ONNX graph") as caught:
        export_onnx(encoder, tmp_path / "onnx")
    assert "seqtwin.load" in caught.value.remedy
    assert [p.name for p in tmp_path.iterdir()] == ["encoder"]


def test_a_part_of_ones_own_is_refused_by_name(pair: tuple[TrainedEncoder, Path], monkeypatch: Any) -> None:
    known = dict(list(writer.REPRESENTATIONS.items())[:3])
    monkeypatch.setattr(writer, "REPRESENTATIONS", known)
    with pytest.raises(ConfigError, match="representation 'Join'"):
        to_onnx(pair[0])
    monkeypatch.setattr(type(pair[0]._model.similarity), "numpy_formula", None)
    with pytest.raises(ConfigError, match="similarity 'cosine'"):
        to_onnx(pair[0])
    monkeypatch.setattr(writer, "PROJECTIONS", {})
    with pytest.raises(ConfigError, match="projection 'Linear'"):
        to_onnx(pair[0])


def test_a_model_larger_than_the_format_is_refused(pair: tuple[TrainedEncoder, Path], monkeypatch: Any) -> None:
    monkeypatch.setattr(writer, "LARGEST", 100)
    with pytest.raises(ConfigError, match="2 GiB"):
        to_onnx(pair[0])


def test_a_graph_that_gives_other_vectors_is_not_written(
    pair: tuple[TrainedEncoder, Path], tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setitem(writer.GATES, "LSTM", (0, 1, 2, 3))
    with pytest.raises(DamagedError, match="differ") as caught:
        export_onnx(pair[0], tmp_path / "onnx")
    assert caught.value.code == "EXPORT_DIFFERS"
    assert list(tmp_path.iterdir()) == []


def test_pads_that_are_read_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    with pytest.raises(ConfigError):
        encoder_of(folder, padding="read")
    with pytest.raises(ConfigError, match="padding: read"):
        to_onnx(load_torch(folder, allow_read_padding=True))


def test_without_the_library_one_line_says_what_to_install(pair: tuple[TrainedEncoder, Path], monkeypatch: Any) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(MissingExtraError, match="onnx"):
        to_onnx(pair[0])


def test_a_taken_folder_is_refused(pair: tuple[TrainedEncoder, Path]) -> None:
    with pytest.raises(ConfigError, match="never overwritten"):
        export_onnx(*pair)
