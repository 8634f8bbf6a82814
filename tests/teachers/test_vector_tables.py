"""Vectors of texts from files: what NumPy and pyarrow wrote is found by its text, and nothing else is."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

import tiny_teachers as toy
from seqtwin.errors import ConfigError, DataError, SeqTwinError
from seqtwin.teachers.teacher import TeacherSource
from seqtwin.teachers.vector_tables import read_vector_table

TEXTS = ["ab", "c", "fade"]


def write_parquet(path: Path, *, with_texts: bool = True) -> Path:
    columns = {"text": TEXTS} if with_texts else {}
    pyarrow.parquet.write_table(pyarrow.table({**columns, "vector": toy.expected(TEXTS).tolist()}), path)
    return path


def write_npy(path: Path) -> Path:
    return toy.write_vectors(path, TEXTS)


@pytest.mark.parametrize(("name", "write"), [("v.npy", write_npy), ("v.parquet", write_parquet)])
def test_each_text_has_its_own_vector(name: str, write: Callable[[Path], Path], tmp_path: Path) -> None:
    encode = read_vector_table(TeacherSource(write(tmp_path / name)))
    wanted = ["fade", "ab", "fade"]
    np.testing.assert_allclose(encode(wanted), toy.expected(wanted), rtol=1e-6)


def test_a_list_of_texts_can_be_anywhere(tmp_path: Path) -> None:
    listed = tmp_path / "texts" / "mine.txt"
    listed.parent.mkdir()
    listed.write_text("\n".join(reversed(TEXTS)), encoding="utf-8")
    for path in (write_npy(tmp_path / "v.npy"), write_parquet(tmp_path / "v.parquet")):
        encode = read_vector_table(TeacherSource(path, listed))
        np.testing.assert_allclose(encode(["ab"]), toy.expected(["fade"]), rtol=1e-6)


def test_a_text_without_a_vector_is_named(tmp_path: Path) -> None:
    encode = read_vector_table(TeacherSource(write_npy(tmp_path / "v.npy")))
    with pytest.raises(DataError, match=r"1 of 2 texts have no vector here; the first is 'bad'") as caught:
        encode(["ab", "bad"])
    assert caught.value.code == "TEACHER_TEXTS"


def _no_list(folder: Path) -> TeacherSource:
    np.save(folder / "v.npy", toy.expected(TEXTS))
    return TeacherSource(folder / "v.npy")


def _table_as_list(folder: Path) -> TeacherSource:
    (folder / "t.csv").write_text("text\nab\n", encoding="utf-8")
    return TeacherSource(write_npy(folder / "v.npy"), folder / "t.csv")


def _short_list(folder: Path) -> TeacherSource:
    path = write_npy(folder / "v.npy")
    path.with_suffix(".txt").write_text("ab\n", encoding="utf-8")
    return TeacherSource(path)


def _one_axis(folder: Path) -> TeacherSource:
    path = write_npy(folder / "v.npy")
    np.save(path, np.zeros(3, dtype=np.float32))
    return TeacherSource(path)


def _not_npy(folder: Path) -> TeacherSource:
    (folder / "v.npy").write_text("no vectors", encoding="utf-8")
    return TeacherSource(folder / "v.npy")


def _pickled(folder: Path) -> TeacherSource:
    np.save(folder / "v.npy", np.array([{}], dtype=object), allow_pickle=True)
    return TeacherSource(folder / "v.npy")


def _no_column(folder: Path) -> TeacherSource:
    pyarrow.parquet.write_table(pyarrow.table({"text": TEXTS}), folder / "v.parquet")
    return TeacherSource(folder / "v.parquet")


def _unequal(folder: Path) -> TeacherSource:
    columns = {"text": ["ab", "c"], "vector": [[1.0], [1.0, 2.0]]}
    pyarrow.parquet.write_table(pyarrow.table(columns), folder / "v.parquet")
    return TeacherSource(folder / "v.parquet")


def _no_texts(folder: Path) -> TeacherSource:
    return TeacherSource(write_parquet(folder / "v.parquet", with_texts=False))


@pytest.mark.parametrize(("source", "kind", "code", "words"), [
    (_no_list, ConfigError, "TEACHER_TEXTS", r"v\.txt is not a file"),
    (_table_as_list, ConfigError, "TEACHER_TEXTS", r"t\.csv is a table"),
    (_no_texts, ConfigError, "TEACHER_TEXTS", r"v\.txt is not a file"),
    (_short_list, DataError, "TEACHER_TEXTS", "3 vectors, but 1 texts"),
    (_one_axis, DataError, "TEACHER_VECTORS", r"float32 of shape \(3,\)"),
    (_not_npy, DataError, "TEACHER_VECTORS", r"cannot be read as a \.npy file"),
    (_pickled, DataError, "TEACHER_VECTORS", r"cannot be read as a \.npy file"),
    (_no_column, DataError, "TEACHER_VECTORS", "expected a column `vector`"),
    (_unequal, DataError, "TEACHER_VECTORS", "expected a column `vector` of lists of equal length"),
])  # fmt: skip
def test_what_is_no_file_of_vectors_is_refused(
    source: Callable[[Path], TeacherSource], kind: type[SeqTwinError], code: str, words: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=words) as caught:
        read_vector_table(source(tmp_path))
    assert caught.value.code == code
