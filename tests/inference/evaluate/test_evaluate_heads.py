"""An encoder with a head, measured on a labelled file: the numbers are those of scikit-learn on its predictions."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss

import tiny_examples as toy
from seqtwin.config import parse_run
from seqtwin.data.inspect_file import inspect_data
from seqtwin.data.reading.column_options import ColumnOptions
from seqtwin.errors import ConfigError, DataError
from seqtwin.inference.evaluate.evaluate_heads import evaluate_head
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.run.train import train

Encoders = Callable[[str], TrainedEncoder]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("evaluating")


@pytest.fixture(scope="module")
def encoder(folder: Path) -> Encoders:
    """The encoder of a kind, trained once."""
    done: dict[str, TrainedEncoder] = {}

    def of(kind: str) -> TrainedEncoder:
        if kind not in done:
            raw = toy.raw_run(kind, toy.write(kind, folder / f"{kind}.csv"), fit={"epochs": 2})
            done[kind] = load(train(parse_run(raw), folder / kind).path)
        return done[kind]

    return of


def test_texts_with_their_class(encoder: Encoders, tmp_path: Path) -> None:
    texts = toy.drawn_texts(20, seed=8)
    path = toy.table(tmp_path / "new.csv", ["text", "label"], [[text, toy.class_of(text)] for text in texts])
    found = encoder("classes")
    told = evaluate_head(found, inspect_data(path))
    values = told.values
    right = [toy.class_of(text) for text in texts]
    said = [one.answer for one in found.predict(texts)]
    assert values["accuracy"] == pytest.approx(accuracy_score(right, said))
    shares = found.probabilities(texts)
    whole = shares / shares.sum(axis=1, keepdims=True)  # float32 sums to 1 but for rounding
    assert values["log_loss"] == pytest.approx(log_loss(right, whole, labels=list(found.classes)), rel=1e-5)
    assert told.undefined == {}
    rows = np.array([0, 3, 3, 7])
    answers = [(right[row], said[row]) for row in rows]
    assert told.on_rows(rows) == pytest.approx(np.mean([a == b for a, b in answers]))


def test_blank_texts_are_left_out_and_quotes_read_as_asked(encoder: Encoders, tmp_path: Path) -> None:
    found, header = encoder("classes"), ["text", "label"]
    rows = [[text, toy.class_of(text)] for text in toy.drawn_texts(12, seed=8)]
    right = evaluate_head(found, inspect_data(toy.table(tmp_path / "plain.csv", header, rows))).values
    blank = toy.table(tmp_path / "blank.csv", header, [*rows[:4], [" ", "ab"], *rows[4:]])
    assert evaluate_head(found, inspect_data(blank)).values == right
    quoted = tmp_path / "quoted.tsv"
    quoted.write_text("\n".join(["text\tlabel", *(f'"{text}"\t{label}' for text, label in rows)]), encoding="utf-8")
    assert evaluate_head(found, inspect_data(quoted, ColumnOptions(quoting="csv"))).values == right
    assert evaluate_head(found, inspect_data(quoted, ColumnOptions(quoting="none"))).values != right


def test_few_rows_and_one_class_can_be_evaluated_and_repeated_texts_are_noted(
    encoder: Encoders, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found, header = encoder("classes"), ["text", "label"]
    for texts in (["ab", "cd", "ef"], ["ab", "ba"]):
        rows = [[text, toy.class_of(text)] for text in texts]
        data = toy.table(tmp_path / f"{len(texts)}.csv", header, rows)
        right = np.mean(
            [own.answer == toy.class_of(text) for own, text in zip(found.predict(texts), texts, strict=True)]
        )
        assert found.evaluate(data)["value"]["accuracy"] == right
    assert not caplog.messages
    repeated = toy.table(tmp_path / "repeated.csv", header, [["ab", "ab"]] * 3 + [["cd", "cd"]])
    evaluate_head(found, inspect_data(repeated))
    assert caplog.messages == ["note: 2 repeated items left out"]


def test_series_with_their_class(encoder: Encoders, tmp_path: Path) -> None:
    data = inspect_data(toy.write_series(tmp_path / "series.csv", seed=9))
    values = evaluate_head(encoder("series"), data).values
    right = ["zpn"[row % 3] for row in range(45)]
    said = [one.answer for one in encoder("series").predict(toy.drawn_series(45, seed=9))]
    assert values["accuracy"] == pytest.approx(accuracy_score(right, said))


def test_words_with_a_tag_each(encoder: Encoders, tmp_path: Path) -> None:
    rows = [["s0", "ab", "ab"], ["s0", "q", "cd"], ["s1", "f", "ef"]]
    path = toy.table(tmp_path / "words.csv", ["sent_id", "token", "upos"], rows)
    told = evaluate_head(encoder("steps"), inspect_data(path))
    said = [name for one in encoder("steps").predict([["ab", "q"], ["f"]]) for name in one.answer]
    assert told.values["accuracy"] == pytest.approx(np.mean([a == row[2] for a, row in zip(said, rows, strict=True)]))
    assert told.clusters.tolist() == [0, 0, 1], "the words of a sentence stay together"


def test_a_class_the_head_does_not_know_is_named(encoder: Encoders, tmp_path: Path) -> None:
    path = toy.table(
        tmp_path / "new.csv", ["text", "label"], [["ab", "ab"], ["cd", "else"], *[[f"e{n}", "ef"] for n in range(8)]]
    )
    with pytest.raises(DataError, match="unknown to the encoder: else; it knows ab, cd, ef"):
        evaluate_head(encoder("classes"), inspect_data(path))


def test_data_of_another_kind_are_refused(encoder: Encoders, tmp_path: Path) -> None:
    path = toy.write_series(tmp_path / "series.csv")
    with pytest.raises(DataError, match="expected texts with one class each, found series"):
        evaluate_head(encoder("classes"), inspect_data(path))
    with pytest.raises(ConfigError, match="a decoder is evaluated only on the test split of its training"):
        evaluate_head(encoder("texts"), inspect_data(toy.write_classes(tmp_path / "classes.csv")))
    with pytest.raises(ConfigError, match="it does not predict classes"):
        encoder("texts").probabilities(["ab"])
