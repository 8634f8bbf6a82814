"""Every kind of teacher from a folder or a file, against the vectors it must have. Nothing is ever looked up online."""

import socket
from pathlib import Path
from typing import NoReturn

import numpy as np
import pytest

import tiny
import tiny_teachers as toy
from seqtwin.errors import ConfigError
from seqtwin.inference.load import load
from seqtwin.interop.onnx_folder import export_onnx
from seqtwin.interop.sentence_transformers import export_sentence_transformer
from seqtwin.teachers.open_teacher import TEACHERS, open_teacher
from seqtwin.teachers.teacher import TeacherSource

TEXTS = ["ab", "c", "fade", "ab"]


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Any connection fails the test."""

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("a connection")

    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def encoded(path: Path) -> np.ndarray:
    return open_teacher(TeacherSource(path)).load()(TEXTS)


@pytest.mark.usefixtures("offline")
def test_a_folder_of_sentence_transformers(tmp_path: Path) -> None:
    teacher = toy.write_sentence_transformer(tmp_path / "st")
    np.testing.assert_allclose(encoded(teacher), toy.expected(TEXTS), atol=1e-6)


@pytest.mark.usefixtures("offline")
def test_an_encoder_of_seqtwin_and_its_export(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "run" / "encoder")
    encoder = load(folder)
    export_onnx(encoder, tmp_path / "onnx")
    right = encoder.encode(TEXTS)
    for path in (folder, folder.parent):
        assert np.array_equal(encoded(path), right)
    np.testing.assert_allclose(encoded(tmp_path / "onnx"), right, atol=1e-5)


def test_a_file_of_vectors(tmp_path: Path) -> None:
    teacher = open_teacher(TeacherSource(toy.write_vectors(tmp_path / "v.npy", TEXTS)))
    assert not teacher.computed
    np.testing.assert_allclose(teacher.load()(TEXTS), toy.expected(TEXTS), rtol=1e-6)


def test_the_fingerprint_is_that_of_the_files(tmp_path: Path) -> None:
    def fingerprint() -> str:
        return open_teacher(TeacherSource(path)).fingerprint

    path = toy.write_vectors(tmp_path / "v.npy", TEXTS)
    first = fingerprint()
    assert fingerprint() == first
    path.with_suffix(".txt").write_text("ab\nc\nfade\nac\n", encoding="utf-8")
    second = fingerprint()
    np.save(path, 2 * toy.expected(TEXTS))
    assert len({first, second, fingerprint()}) == 3


@pytest.mark.usefixtures("offline")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_an_encoder_exported_to_sentence_transformers(tmp_path: Path) -> None:
    encoder = load(tiny.saved_encoder(tmp_path / "encoder"))
    np.testing.assert_allclose(encoded(export_sentence_transformer(encoder, tmp_path / "st")), encoder.encode(TEXTS))


@pytest.mark.parametrize("name", ["all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2"])
def test_the_name_of_a_model_on_a_hub_is_no_teacher(name: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such folder or file") as caught:
        open_teacher(TeacherSource(tmp_path / name))
    assert caught.value.code == "TEACHER_MISSING"


@pytest.mark.usefixtures("offline")
def test_a_folder_that_only_looks_like_a_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ConfigError, match="sentence-transformers cannot load this folder") as caught:
        encoded(tmp_path)
    assert caught.value.code == "TEACHER_DAMAGED"


def test_what_is_no_teacher_lists_the_kinds(tmp_path: Path) -> None:
    (tmp_path / "v.csv").write_text("1,2\n", encoding="utf-8")
    for path in (tmp_path, tmp_path / "v.csv"):
        with pytest.raises(ConfigError) as caught:
            open_teacher(TeacherSource(path))
        assert caught.value.code == "TEACHER_UNKNOWN"
        assert all(kind.says in caught.value.cause for kind in TEACHERS.values())


def test_an_encoder_of_series_is_no_teacher(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expects series") as caught:
        encoded(tiny.saved_encoder(tmp_path / "encoder", series=True))
    assert caught.value.code == "TEACHER_INPUTS"


def test_a_model_needs_no_list_of_texts(tmp_path: Path) -> None:
    folder = tiny.saved_encoder(tmp_path / "encoder")
    with pytest.raises(ConfigError, match="belongs to a file of vectors"):
        open_teacher(TeacherSource(folder, tmp_path / "texts.txt"))
