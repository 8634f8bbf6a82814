"""The anatomy in a terminal: 80 columns, with colour and without, whatever the text."""

import io
from dataclasses import replace
from typing import Any

import pytest
from dissected import of_series, of_text
from rich.cells import cell_len
from rich.console import Console

from seqtwin.anatomy import sentences
from seqtwin.anatomy.records import Anatomy
from seqtwin.anatomy.terminal import drawn

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")


def shown(a: Anatomy, width: int = 80, **console: Any) -> str:
    file = io.StringIO()
    Console(file=file, width=width, highlight=False, **console).print(drawn(a, width))
    return file.getvalue()


CASES = {
    "lstm": {},
    "gru, one direction": {"cell": "gru", "bidirectional": False},
    "rnn, three layers": {"cell": "rnn", "layers": 3},
    "projected": {"cell": {"name": "lstm", "proj_size": 3}, "layers": 2},
    "reads pads": {"padding": "read"},
}
TEXTS = {"one": "c", "four": "cafe", "long": "abcdef" * 12, "odd": "a\u0645😀東 \u200db\x07"}


@pytest.mark.parametrize("encoder", CASES.values(), ids=CASES)
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(encoder: dict[str, Any], text: str, width: int) -> None:
    lines = shown(of_text(text, **encoder), width).splitlines()
    assert max(cell_len(line) for line in lines) <= width
    assert "\x07" not in "".join(lines)


def test_the_answer_stands_first() -> None:
    text = shown(of_text("cafe"))
    assert text.index("In this encoder, output[-1] is not h_n.") < text.index("Where h_n is in output")
    assert "has read only one \ntoken, “e”." in text
    assert "In this encoder, output[-1] is h_n." in shown(of_text("cafe", bidirectional=False))
    assert "With a single step, output[-1] is h_n." in shown(of_text("c"))
    assert "`" not in text


def test_a_second_layer_has_heard_of_every_token() -> None:
    text = " ".join(shown(of_text("cafe", layers=2)).split())
    assert "has made only one step in its own layer, although the layer below has read all 4 tokens." in text
    assert "only one token" not in text


def test_without_colour_there_are_no_escapes() -> None:
    found = of_text("cafe")
    assert "\x1b[" in shown(found, force_terminal=True, color_system="truecolor")
    assert "\x1b[3" not in shown(found, force_terminal=True, no_color=True)
    assert "\x1b" not in shown(found)


def test_h_n_is_boxed_where_each_direction_ends() -> None:
    lines = shown(of_text("cafe")).splitlines()
    forward, backward = (line for line in lines if line.startswith("unit 1 "))
    assert forward.index("│") > backward.index("│")
    assert [line.split()[2:] for line in lines if line.startswith("has read")] == [list("1234"), list("4321")]


def test_what_is_left_out_is_said() -> None:
    text = shown(of_text("abcdef" * 12))
    assert "of 72 steps. All steps were checked." in text
    assert "Not in the vocabulary, treated as the unknown token: “Z”." in shown(of_text("aZ"))


def test_a_series_has_steps() -> None:
    text = " ".join(shown(of_series(5)).split())
    assert "has read only one step, step 5. The backward half of h_n has read all 5 steps" in text
    assert "token" not in text.split("Which entries")[0]


def test_chance_is_called_chance() -> None:
    # an encoder whose states are all the same: equal, though nothing makes them so
    a = of_text("cafe")
    same = replace(a.statement("last_is_final"), equal=True, difference=0.0)
    assert "by chance" in sentences.headline(replace(a, statements=(same, *a.statements[1:])))
    assert sentences.why(same).startswith("Equal for this text, but not in general.")
