"""A file of sequences to what an encoder with a head says of them, as CSV text."""

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from seqtwin.data.files.decode import ending_of
from seqtwin.data.files.formats import LINES, format_of
from seqtwin.data.files.tables import Table, column, read_table, read_text_table
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series import read_series_file
from seqtwin.errors import ConfigError
from seqtwin.inference.predict import Prediction
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.vector_files import read_texts

SAID = ("predicted", "probability")
REMEDY = "fix or remove these rows; nothing was predicted"


def predict_file(
    encoder: TrainedEncoder,
    path: Path,
    *,
    column: str | None,
    sequence: str | None,
    token: str | None,
    gaps: Gaps = "error",
) -> tuple[str, int]:
    """The rows of a file with what is said of each, as CSV text, and how many rows were said.

    Texts: the columns of the table, then `predicted` and `probability`. Words (`sequence` and `token` name their
    columns): the same, a row a word. Series: `series_id`, `predicted`, `probability`.

    Raises: ConfigError, DataError.
    """
    if encoder.inputs == "series":
        return _of_series(encoder, path, gaps)
    tagged = encoder.objective == "label_steps" and column is None and ending_of(path) == ".conllu"
    if token or sequence or tagged:
        return _of_words(encoder, path, sequence or "sent_id", token or "token")
    return _of_texts(encoder, path, column)


def _of_series(encoder: TrainedEncoder, path: Path, gaps: Gaps) -> tuple[str, int]:
    found = read_series_file(path, channels=encoder.channels, gaps=gaps)
    said = encoder.predict(found.series)
    rows = [[id_, *one] for id_, answer in zip(found.ids, said, strict=True) for one in _rows(answer)]
    return _csv(["series_id", *SAID], rows), len(rows)


def _of_texts(encoder: TrainedEncoder, path: Path, name: str | None) -> tuple[str, int]:
    form = format_of(path)
    if form is None:
        lines = read_texts(path, None)
        table_rows: list[list[Any]] = [[line] for line in lines]
        head, given = ["text"], lines
    else:
        table = read_text_table(path)
        given = _texts(table, LINES if form.texts and name is None else _named(table, name))
        head = list(table.columns)
        table_rows = [list(row) for row in zip(*table.columns.values(), strict=True)]
    said = encoder.predict(given)
    if said and isinstance(said[0].answer, tuple):
        pieces = zip(table_rows, given, said, strict=True)
        rows = [[*own, *one] for own, text, answer in pieces for one in _stepwise(encoder.pieces(text), answer)]
        return _csv([*head, *_free(head, ("token", *SAID))], rows), len(rows)
    rows = [[*own, *one] for own, answer in zip(table_rows, said, strict=True) for one in _rows(answer)]
    return _csv([*head, *_free(head)], rows), len(rows)


def _stepwise(pieces: Sequence[str], said: Prediction) -> list[list[Any]]:
    return [[piece, *one] for piece, one in zip(pieces, _rows(said), strict=True)]


def _of_words(encoder: TrainedEncoder, path: Path, sequence: str, token: str) -> tuple[str, int]:
    table = read_table(path)
    ids, words = [str(one) for one in column(table, sequence)], _texts(table, token)
    runs = [[words[place] for place in own] for _, own in groupby(range(len(ids)), key=ids.__getitem__)]
    said = [one for answer in encoder.predict(runs) for one in _rows(answer)]
    if len(said) != len(words):
        cause = f"{len(words)} words, but {len(said)} answers: this encoder does not say one a word"
        raise ConfigError("PREDICT_STEPS", cause, place=str(path), remedy="name --column, the column of whole texts")
    head = list(table.columns)
    rows = [[*own, *one] for own, one in zip(zip(*table.columns.values(), strict=True), said, strict=True)]
    return _csv([*head, *_free(head)], rows), len(rows)


def _named(table: Table, name: str | None) -> str:
    """The column of texts: the one that was named, or the only one there is."""
    if name is not None:
        return name
    if len(table.columns) == 1:
        return next(iter(table.columns))
    cause = f"which column holds the texts? There are {', '.join(table.columns)}"
    raise ConfigError("PREDICT_COLUMN", cause, place=table.place, remedy="name it: --column NAME")


def _texts(table: Table, name: str) -> list[str]:
    found = texts_named(table, name, empty="error")
    table.finish(REMEDY)
    return found


def _rows(said: Prediction) -> list[list[Any]]:
    """One row for what is said of the whole, one a step for what is said of steps."""
    if isinstance(said.answer, tuple) and isinstance(said.probability, tuple):
        return [[name, _digits(share)] for name, share in zip(said.answer, said.probability, strict=True)]
    return [[said.answer, _digits(said.probability)]]


def _digits(share: Any) -> str:
    return "" if share is None else f"{share:.6g}"


def _free(head: Sequence[str], new: Sequence[str] = SAID) -> list[str]:
    """The names of the new columns; with a prefix where the table has them already."""
    return [f"encoder_{name}" if name in head else name for name in new]


def _csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(head)
    writer.writerows(rows)
    return text.getvalue()
