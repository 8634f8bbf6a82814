"""The choices of a starter config: enough steps, contrastive for labels, characters for numbers, letters for words."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny_examples as toy
from seqtwin.config import parse_run
from seqtwin.config.run import anchored
from seqtwin.data.inspect_file import Inspection, inspect_data
from seqtwin.data.starter_choices import CONTRASTIVE, choose_schedule
from seqtwin.data.starter_config import as_mapping, starter_settings, write_config
from seqtwin.data.text_statistics import number_share
from seqtwin.run.check_config import check_run
from seqtwin.run.prepare import prepare

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    def table(head: str, rows: list[Any], name: str = "data.csv") -> Path:
        return toy.table(tmp_path / name, head.split(","), rows)

    return table


def settings(found: Inspection, **changes: bool) -> Any:
    return as_mapping(starter_settings(found, **changes))


PLAIN = "a longer text about a thing with number {}"


def pairs(write: Write, last: Callable[[int], object], text: str = PLAIN, head: str = "label") -> Any:
    rows = [[text.format(i), f"{text.format(i)} again", last(i)] for i in range(110)]
    return settings(inspect_data(write(f"left,right,{head}", rows)))


# n-grams


def test_pairs_of_texts_have_the_lexical_channel_and_series_do_not(write: Write) -> None:
    assert pairs(write, lambda i: i % 2)["encoder"]["lexical"] == {"dim": 512}
    assert pairs(write, lambda i: i % 2, "{} Москва и город Moskva")["encoder"]["lexical"] is None
    steps = [[series, step, step / 2, series % 2] for series in range(20) for step in range(3)]
    series = inspect_data(write("series_id,t,ch0,label", steps))
    assert series.kind == "series"
    assert "lexical" not in settings(series)["encoder"]


@pytest.mark.parametrize("classes", [True, False])
@pytest.mark.parametrize(("count", "few"), [(140, True), (150, False)])
def test_few_series_have_the_kernel_channel_alone(write: Write, classes: bool, count: int, few: bool) -> None:
    """70 % of the series are for training: 98, and 105."""
    steps = [[series, step, step / 2, series % 2] for series in range(count) for step in range(3)]
    found = inspect_data(write("series_id,t,ch0,label", steps))
    config = settings(found, classes=classes)
    assert config["encoder"].get("kernels") == ({"share": 1.0} if few else None)
    check_run(parse_run(config))


# epochs


@given(st.integers(1, 2_000_000))
def test_there_are_enough_steps_where_the_limits_of_epochs_allow(rows: int) -> None:
    chosen = choose_schedule(rows)
    assert chosen.steps == sum(len(range(0, rows, chosen.batch)) for _ in range(chosen.epochs))
    assert 5 <= chosen.epochs <= 500
    assert chosen.steps >= 1000 or chosen.epochs == 500
    fewer = chosen.steps - chosen.steps // chosen.epochs
    assert chosen.epochs == 5 or fewer < 1000, "and no more than needed"
    assert chosen.patience <= chosen.epochs
    if rows >= 2000:
        assert chosen.epochs <= 32


def test_more_rows_never_get_more_epochs_with_the_same_batch() -> None:
    for rows in (range(1, 2000), range(2000, 60_000, 97)):
        epochs = [choose_schedule(count).epochs for count in rows]
        assert epochs == sorted(epochs, reverse=True)


def series_rows(count: int, steps: int = 20) -> list[list[object]]:
    return [[f"s{i}", t, i + 10 * t, i % 2] for i in range(count) for t in range(steps)]


def test_series_are_counted_not_their_steps(write: Write, tmp_path: Path) -> None:
    for split, count in (("train", 32), ("dev", 8), ("test", 8)):
        write("series_id,t,ch0,label", series_rows(count), f"{split}.csv")
    chosen = starter_settings(inspect_data(tmp_path), classes=True)
    assert chosen["encoder"]["embedding"].reason == "for about 32 training series"  # type: ignore[index]
    assert chosen["fit"]["epochs"].value == 500  # type: ignore[index]
    assert chosen["fit"]["epochs"].reason == "passes over 32 series: 500 steps"  # type: ignore[index]


def test_the_comment_on_classify_names_the_option_that_writes_its_config(write: Write, tmp_path: Path) -> None:
    found = inspect_data(write("series_id,t,ch0,label", series_rows(32)))
    (line,) = [one for one in write_config(found, folder=tmp_path).splitlines() if one.startswith("# objective:")]
    assert "the label of each series instead: seqtwin init --classify" in line
    config = parse_run(anchored(as_mapping(starter_settings(found, folder=tmp_path, classes=True)), tmp_path))
    check_run(config)
    assert config.fit.epochs * -(-len(prepare(config).stores["train"]) // config.fit.batch) == 500, "steps"
    assert config.encoder.cell == "gru"


def test_texts_with_a_class_get_letters_dropout_and_three_representations(write: Write) -> None:
    found = inspect_data(write("text,label", [[PLAIN.format(i), "abc"[i % 3]] for i in range(90)]))
    of_pairs, of_classes = settings(found), settings(found, classes=True)
    assert of_classes["tokens"]["characters"] is True
    assert of_classes["objective"] == {"name": "classify", "dropout": 0.5}
    assert len(of_classes["representation"]["join"]) == 3
    assert "characters" not in of_pairs["tokens"]
    assert of_pairs["fit"]["lr"] == 0.002


# loss


def test_short_strings_get_mse(write: Write) -> None:
    assert pairs(write, lambda i: i % 2, "name {}")["loss"] == "mse"


def test_labels_get_the_contrastive_loss_and_scores_mse(write: Write) -> None:
    assert pairs(write, lambda i: i % 2)["loss"] == CONTRASTIVE
    assert pairs(write, lambda i: i % 6, head="score")["loss"] == "mse"


def test_pairs_drawn_from_classes_get_mse(write: Write) -> None:
    texts = write("text,label", [[f"a text {i}", "abc"[i % 3]] for i in range(90)])
    assert settings(inspect_data(texts))["loss"] == "mse"
    assert "loss" not in settings(inspect_data(texts), classes=True)
    series = write("series_id,t,ch0,label", series_rows(32))
    assert settings(inspect_data(series))["loss"] == "mse"


# tokens


@pytest.mark.parametrize(("text", "unit"), [("nikon coolpix {} black camera", "char"), (PLAIN, "word")])
def test_texts_with_many_numbers_get_characters(text: str, unit: str, write: Write) -> None:
    assert pairs(write, lambda i: i % 2, text)["tokens"]["unit"] == unit


@given(st.lists(st.text("ab1 ", max_size=9), max_size=5))
def test_the_share_of_words_with_a_digit_is_that_of_a_plain_loop(texts: list[str]) -> None:
    words = " ".join(texts).split()
    assert number_share(texts) == (len([w for w in words if "1" in w]) / len(words) if words else 0.0)


def test_tagged_words_are_also_read_by_their_letters(write: Write) -> None:
    rows = [[f"s{i}", t, f"word{i}", "XY"[t]] for i in range(40) for t in range(2)]
    path = write("sent_id,t,token,upos", rows)
    assert settings(inspect_data(path))["tokens"] == {"unit": "word", "characters": True, "empty": "error"}
    assert settings(inspect_data(path), start=True)["tokens"] == {"empty": "error"}, "the encoder has its own tokens"
    assert "characters" not in pairs(write, lambda i: i % 2)["tokens"]
