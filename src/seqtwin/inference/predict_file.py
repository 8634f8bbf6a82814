"""Predictions of an encoder with a head for every sequence of a file, as CSV text."""

from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path

from seqtwin.data.files.formats import LINES, format_of, has_words
from seqtwin.data.files.tables import Table, column, read_table, read_text_table
from seqtwin.data.reading.choose_columns import texts_named
from seqtwin.data.reading.column_options import Gaps
from seqtwin.data.reading.series import read_series_file
from seqtwin.errors import ConfigError
from seqtwin.guards.spreadsheets import csv_text
from seqtwin.inference.predict import Prediction
from seqtwin.inference.trained_encoder import TrainedEncoder
from seqtwin.inference.vector_files import read_texts
from seqtwin.paths import expand

COLUMNS = ("predicted", "probability")
WORDS = ("sent_id", "token")  # the columns of a table with one row per word, unless they are named
WORDS_REMEDY = "one row per word: --sequence NAME --token NAME; whole texts: --column NAME"
REMEDY = "fix or remove these rows; nothing was predicted"


def predict_file(
    encoder: TrainedEncoder,
    path: Path | str,
    *,
    column: str | None,
    sequence: str | None,
    token: str | None,
    gaps: Gaps = "error",
) -> tuple[str, int]:
    """The rows of a file with their predictions, as CSV text, and the number of predictions.

    For texts: the columns of the table, then `predicted` and `probability`. For words (`sequence` and `token` name
    their columns, by default sent_id and token): the same, one row per word. For series: `series_id`, `predicted`,
    `probability`.

    Raises: ConfigError, DataError.
    """
    path = expand(str(path))
    if encoder.inputs == "series":
        return _predict_series(encoder, path, gaps)
    steps = encoder.predicts == "class per step"
    if token or sequence or (steps and column is None and _is_tagged(path)):
        return _predict_words(encoder, path, sequence or WORDS[0], token or WORDS[1])
    return _predict_texts(encoder, path, column, WORDS_REMEDY if steps else "name it: --column NAME")


def _is_tagged(path: Path) -> bool:
    """Whether each row of a file is one word of a sentence, by its ending or by the usual names of its columns."""
    return has_words(path) or (format_of(path) is not None and set(WORDS) <= set(read_text_table(path).columns))


def _predict_series(encoder: TrainedEncoder, path: Path, gaps: Gaps) -> tuple[str, int]:
    file = read_series_file(path, channels=encoder.channels, gaps=gaps)
    predictions = encoder.predict(file.series)
    rows = [[id_, *cells] for id_, own in zip(file.ids, predictions, strict=True) for cells in _cells(own)]
    return _csv(["series_id", *COLUMNS], rows), len(rows)


def _predict_texts(encoder: TrainedEncoder, path: Path, name: str | None, remedy: str) -> tuple[str, int]:
    head, table_rows, texts = _rows_and_texts(path, name, remedy)
    predictions = encoder.predict(texts)
    if predictions and isinstance(predictions[0].answer, tuple):
        steps = zip(table_rows, texts, predictions, strict=True)
        rows = [[*row, *cells] for row, text, own in steps for cells in _step_cells(encoder.pieces(text), own)]
        return _csv([*head, *_free(head, ("token", *COLUMNS))], rows), len(rows)
    rows = [[*row, *cells] for row, own in zip(table_rows, predictions, strict=True) for cells in _cells(own)]
    return _csv([*head, *_free(head)], rows), len(rows)


def _rows_and_texts(path: Path, name: str | None, remedy: str) -> tuple[list[str], list[tuple[object, ...]], list[str]]:
    """The columns and rows of a table, or of a text file with one text per line, and its texts."""
    form = format_of(path)
    if form is None:
        lines = read_texts(path, None)
        return ["text"], [(line,) for line in lines], lines
    table = read_text_table(path)
    texts = _texts(table, LINES if form.texts and name is None else _text_column(table, name, remedy))
    return list(table.columns), list(zip(*table.columns.values(), strict=True)), texts


def _step_cells(pieces: Sequence[str], prediction: Prediction) -> list[list[str]]:
    return [[piece, *cells] for piece, cells in zip(pieces, _cells(prediction), strict=True)]


def _predict_words(encoder: TrainedEncoder, path: Path, sequence: str, token: str) -> tuple[str, int]:
    table = read_table(path)
    ids, words = [str(cell) for cell in column(table, sequence)], _texts(table, token)
    runs = [[words[place] for place in run] for _, run in groupby(range(len(ids)), key=ids.__getitem__)]
    cells = [row for prediction in encoder.predict(runs) for row in _cells(prediction)]
    if len(cells) != len(words):
        cause = f"{len(words)} words, but {len(cells)} predictions: this encoder does not predict one label per word"
        raise ConfigError("PREDICT_STEPS", cause, place=str(path), remedy="name --column, the column of whole texts")
    head = list(table.columns)
    rows = [[*row, *own] for row, own in zip(zip(*table.columns.values(), strict=True), cells, strict=True)]
    return _csv([*head, *_free(head)], rows), len(rows)


def _text_column(table: Table, name: str | None, remedy: str) -> str:
    """The column of texts: the one named, or the only one. `remedy`: of the error if there are several."""
    if name is not None:
        return name
    if len(table.columns) == 1:
        return next(iter(table.columns))
    cause = f"expected the name of the column of texts, one of: {', '.join(table.columns)}"
    raise ConfigError("PREDICT_COLUMN", cause, place=table.place, remedy=remedy)


def _texts(table: Table, name: str) -> list[str]:
    texts = texts_named(table, name, empty="error")
    table.finish(REMEDY)
    return texts


def _cells(prediction: Prediction) -> list[list[str]]:
    """The cells `predicted` and `probability`: one row for a class or a text, one row per step for labels of steps."""
    answer, share = prediction.answer, prediction.probability
    if isinstance(answer, tuple) and isinstance(share, tuple):
        return [[name, _digits(own)] for name, own in zip(answer, share, strict=True)]
    assert isinstance(answer, str)
    assert not isinstance(share, tuple)
    return [[answer, _digits(share)]]


def _digits(share: float | None) -> str:
    return "" if share is None else f"{share:.6g}"


def _free(head: Sequence[str], new: Sequence[str] = COLUMNS) -> list[str]:
    """The names of the new columns, prefixed if the table has them already."""
    return [f"encoder_{name}" if name in head else name for name in new]


def _csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    return csv_text([head, *rows])
