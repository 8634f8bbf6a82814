"""TEACHERS: the kinds of teachers. A folder or a file is opened as the first kind that it suits.

To add one: a `TeacherKind` and a line in the dict at the end. A hub is never contacted: a teacher is a local path.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from seqtwin.errors import ConfigError, missing_extra
from seqtwin.inference.load import ONNX_CARD, load
from seqtwin.inference.retrained_folder import is_exported
from seqtwin.store import CARD
from seqtwin.teachers.teacher import Encode, Teacher, TeacherSource, fingerprint_of
from seqtwin.teachers.vector_tables import READERS, list_path, read_vector_table

KEY = "objective.teacher"


@dataclass(frozen=True)
class TeacherKind:
    """One kind of teacher. `says`: the kind in a few words; `suits(path)`: whether a path is of this kind.

    `load(source)`: the function from texts to vectors. `computed`: whether it runs a model.
    """

    says: str
    suits: Callable[[Path], bool]
    load: Callable[[TeacherSource], Encode]
    computed: bool = True


def open_teacher(source: TeacherSource) -> Teacher:
    """The teacher at a path. Its files are read for the fingerprint; its model is not loaded yet.

    Raises: ConfigError for a path that does not exist or is no teacher, and for a list of texts that is not used.
    """
    if not source.path.exists():
        cause = "no such folder or file (the names of models on a hub are not looked up)"
        remedy = f"save the model in a folder first, and name that: {KEY}=FOLDER"
        raise ConfigError("TEACHER_MISSING", cause, place=f"{KEY}: {source.path}", remedy=remedy)
    kind = next((kind for kind in TEACHERS.values() if kind.suits(source.path)), None)
    if kind is None:
        expected = "; ".join(kind.says for kind in TEACHERS.values())
        raise ConfigError("TEACHER_UNKNOWN", f"expected one of these: {expected}", place=f"{KEY}: {source.path}")
    if kind.computed and source.texts is not None:
        cause = "a list of texts belongs to a file of vectors, but the teacher is a model"
        raise ConfigError("TEACHER_TEXTS", cause, place="objective.texts", remedy="remove objective.texts")
    listed = [] if kind.computed or not list_path(source).is_file() else [list_path(source)]
    return Teacher(source.path, fingerprint_of([source.path, *listed]), cache(lambda: kind.load(source)), kind.computed)


def _load_onnx(source: TeacherSource) -> Encode:
    return load(source.path, backend="onnx").encode


def _load_encoder(source: TeacherSource) -> Encode:
    encoder = load(source.path)
    if encoder.inputs != "tokens":
        cause = "this encoder expects series, but a teacher encodes texts"
        raise ConfigError("TEACHER_INPUTS", cause, place=f"{KEY}: {source.path}", remedy="choose an encoder of texts")
    return encoder.encode


def _load_sentence_transformer(source: TeacherSource) -> Encode:
    """Raises: MissingExtraError; ConfigError for a folder that sentence-transformers cannot load."""
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError as error:
        raise missing_extra("sentence-transformers", "st") from error
    try:
        model = SentenceTransformer(str(source.path), device=source.device, local_files_only=True)
    except Exception as error:  # the library raises whatever the modules of the folder raise
        cause = f"sentence-transformers cannot load this folder: {str(error).splitlines()[0]}"
        raise ConfigError("TEACHER_DAMAGED", cause, place=f"{KEY}: {source.path}", remedy="save it again") from error
    return lambda texts: np.asarray(model.encode(list(texts), show_progress_bar=False, convert_to_numpy=True))


TEACHERS: dict[str, TeacherKind] = {
    "onnx": TeacherKind(
        "an encoder exported to ONNX by seqtwin", lambda path: (path / ONNX_CARD).is_file(), _load_onnx
    ),
    "encoder": TeacherKind(
        "a run or encoder folder of seqtwin",
        lambda path: is_exported(path) or any((folder / CARD).is_file() for folder in (path, path / "encoder")),
        _load_encoder,
    ),
    "sentence-transformers": TeacherKind(
        "a folder saved by sentence-transformers",
        lambda path: any((path / name).is_file() for name in ("modules.json", "config.json")),
        _load_sentence_transformer,
    ),
    "vectors": TeacherKind(
        f"a file of vectors ({', '.join(READERS)})",
        lambda path: path.is_file() and path.suffix in READERS,
        read_vector_table,
        computed=False,
    ),
}
