"""The ONNX encoder: an invalid folder or input gives one typed error."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import own_parts
import tiny
from seqtwin.errors import ConfigError, DamagedError, DataError, MissingExtraError, SeqTwinError
from seqtwin.inference import load as loading
from seqtwin.inference import onnx_encoder
from seqtwin.inference.batching import Batching
from seqtwin.inference.load import load
from seqtwin.inference.onnx_encoder import CARD, GRAPH, OnnxEncoder
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.trained_encoder import load as load_torch
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.model.numpy_similarities import NumpyFormula
from seqtwin.model.similarities import SIMILARITIES, Dot


def exported(root: Path, **settings: Any) -> Path:
    return export_onnx(load_torch(tiny.saved_encoder(root / "encoder", **settings)), root / "onnx")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return exported(tmp_path)


@pytest.fixture
def encoder(folder: Path) -> OnnxEncoder:
    return load(folder, backend="onnx")


@pytest.mark.parametrize("name", [GRAPH, "tokenizer.json", CARD])
def test_a_changed_file_is_found(folder: Path, name: str) -> None:
    (folder / name).write_bytes((folder / name).read_bytes() + b" ")
    if name == CARD:  # white space at the end of the card says the same; a number does not
        (folder / name).write_text((folder / name).read_text().replace('"dim": 5', '"dim": 6'))
    with pytest.raises(DamagedError):
        load(folder, backend="onnx")


@pytest.mark.parametrize("name", [GRAPH, "tokenizer.json"])
def test_a_missing_file_is_found(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(DamagedError, match="missing"):
        load(folder, backend="onnx")


def test_a_card_of_another_format_is_refused(folder: Path) -> None:
    (folder / CARD).write_text('{"format": 99}')
    with pytest.raises(DamagedError, match="99"):
        load(folder, backend="onnx")
    (folder / CARD).write_text("[1")
    with pytest.raises(DamagedError):
        load(folder, backend="onnx")


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        ([""], "DATA_EMPTY_TEXT"),
        (["a", 3], "ENCODE_TYPE"),
        (None, "ENCODE_TYPE"),
        ({"a"}, "ENCODE_TYPE"),
        ({"a": 1}, "ENCODE_TYPE"),
    ],
    ids=str,
)
def test_bad_texts_get_the_error_that_torch_gives(tmp_path: Path, encoder: OnnxEncoder, texts: Any, code: str) -> None:
    both: list[OnnxEncoder | TrainedEncoder] = [encoder, load_torch(tmp_path / "encoder")]
    for one in both:
        with pytest.raises(SeqTwinError) as caught:
            one.encode(texts)
        assert caught.value.code == code


@pytest.mark.parametrize("series", [[[1.0, 2.0]], [np.zeros((0, 3))], [[[float("nan"), 1, 2]]], ["text"], [[["a"]]]])
def test_bad_series_get_the_error_that_torch_gives(tmp_path: Path, series: Any) -> None:
    one = load(exported(tmp_path, series=True), backend="onnx")
    for same in (one, load_torch(tmp_path / "encoder")):
        with pytest.raises(DataError) as caught:
            same.encode(series)
        assert caught.value.code == "ENCODE_SERIES"


def test_wrong_numbers_of_things_are_refused(encoder: OnnxEncoder) -> None:
    with pytest.raises(DataError, match="2 texts on the left, 1"):
        encoder.score(["a", "b"], ["a"])
    with pytest.raises(DataError, match="expected vectors"):
        encoder.similarity(np.zeros((2, 4)), np.zeros((2, 5)))
    with pytest.raises(ConfigError, match="batch_size"):
        encoder.encode(["a"], batch_size=0)


def test_an_empty_text_follows_the_policy_of_the_training(tmp_path: Path) -> None:
    lenient = load(exported(tmp_path, empty="unk"), backend="onnx")
    np.testing.assert_allclose(lenient.encode([" "]), lenient.encode(["\u2603"]), atol=1e-7)


def test_a_text_of_a_million_characters_is_cut(encoder: OnnxEncoder, tmp_path: Path) -> None:
    text = "abc" * 333_334
    found = encoder.encode([text, "cafe"])
    np.testing.assert_allclose(found, load_torch(tmp_path / "encoder").encode([text, "cafe"]), atol=1e-5)


def test_a_batch_of_long_texts_is_cut_so_that_memory_stays_small(encoder: OnnxEncoder, monkeypatch: Any) -> None:
    texts = ["a", "abc" * 9, "be", "fed"]
    expected = encoder.encode(texts)
    monkeypatch.setattr(encoder, "batching", Batching(size=64, steps=5))
    np.testing.assert_allclose(encoder.encode(texts), expected, atol=1e-6)


def test_a_bar_changes_nothing_and_is_quiet_where_there_is_no_terminal(encoder: OnnxEncoder, capfd: Any) -> None:
    texts = ["a", "abc", "be"]
    np.testing.assert_array_equal(encoder.encode(texts, show_progress_bar=True), encoder.encode(texts))
    assert "encoding" not in capfd.readouterr().err


def test_a_scorer_without_threshold_says_so(encoder: OnnxEncoder) -> None:
    assert encoder.is_same("a", "a").tolist() == [True]
    encoder.threshold = None
    with pytest.raises(ConfigError, match="no threshold"):
        encoder.is_same("a", "a")


def test_threads_follow_the_environment(folder: Path, monkeypatch: Any) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    options = load(folder, backend="onnx")._session.get_session_options()
    assert options.intra_op_num_threads == 1


def test_the_wrong_folder_and_the_wrong_backend_are_one_line(tmp_path: Path, folder: Path, monkeypatch: Any) -> None:
    with pytest.raises(ConfigError, match=r"no onnx\.json"):
        load(tmp_path / "encoder", backend="onnx")
    with pytest.raises(ConfigError, match="exported to ONNX"):
        load(folder)
    assert loading.ONNX_CARD == CARD
    with pytest.raises(ConfigError, match="did you mean 'onnx'"):
        load(folder, backend="onxn")  # type: ignore[call-overload]
    with pytest.raises(ConfigError, match="applies to the torch backend only"):
        load(folder, backend="onnx", allow_read_padding=True)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(MissingExtraError, match="onnxruntime"):
        load(folder, backend="onnx")


def test_the_door_opens_both(tmp_path: Path, folder: Path) -> None:
    assert isinstance(load(tmp_path / "encoder"), TrainedEncoder)
    assert isinstance(load(str(folder), backend="onnx"), OnnxEncoder)


def test_the_formula_of_an_own_similarity_is_that_of_its_class() -> None:
    class Halved(Dot):
        """Half of a . b."""

        numpy_formula = NumpyFormula(lambda a, b, _: (a * b).sum(-1) / 2)

    with own_parts.removed():
        SIMILARITIES["halved"] = Halved
        assert onnx_encoder._formula("halved") is Halved.numpy_formula
        assert onnx_encoder._formula("dot") is Dot.numpy_formula
        with pytest.raises(ConfigError, match="'pair_scorer' has no NumPy formula"):
            onnx_encoder._formula("pair_scorer")
