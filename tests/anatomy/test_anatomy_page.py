"""The page of an anatomy: one file, no request, the same numbers as the record, nothing read as HTML."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from dissected import of_series, of_text

from seqtwin.anatomy import svg
from seqtwin.anatomy.page import page

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
VOID = {"meta", "link", "br", "img"}
CASES: dict[str, Any] = {
    "lstm": {},
    "gru, one direction": {"cell": "gru", "bidirectional": False},
    "projected": {"cell": {"name": "lstm", "proj_size": 3}, "layers": 2},
    "reads pads": {"cell": "rnn", "padding": "read"},
}


class Outline(HTMLParser):
    """Checks that what is opened is closed, and notes what a reader of the page needs."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.levels: list[int] = []
        self.unlabelled: list[str] = []
        self.heads_without_scope = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = dict(attrs)
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch(r"h\d", tag):
            self.levels.append(int(tag[1]))
        if tag == "svg" and not known.get("aria-label"):
            self.unlabelled.append(tag)
        self.heads_without_scope += tag == "th" and "scope" not in known

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def outline(text: str) -> Outline:
    found = Outline()
    found.feed(text)
    return found


@pytest.mark.parametrize("encoder", CASES.values(), ids=CASES)
@pytest.mark.parametrize("text", ["c", "cafe", "abcdef" * 12])
def test_a_page_is_whole_and_asks_for_nothing(encoder: dict[str, Any], text: str) -> None:
    html = page(of_text(text, **encoder))
    found = outline(html)
    assert found.open == []
    assert found.levels[0] == 1
    assert all(later - before <= 1 for before, later in zip(found.levels, found.levels[1:], strict=False))
    assert (found.unlabelled, found.heads_without_scope) == ([], 0)
    assert not re.search(r"https?:|<script|url\(|@import", html)
    assert "default-src 'none'" in html
    assert len(html) < 300_000


def test_the_same_record_gives_the_same_bytes() -> None:
    found = of_text("cafe")
    assert page(found) == page(found)


def test_the_answer_and_every_statement_stand_on_it() -> None:
    found = of_text("cafe", layers=2)
    html = page(found)
    assert "<h1>In this encoder, <code>output[-1]</code> is not <code>h_n</code></h1>" in html
    assert html.count('class="badge') == len(found.statements)
    assert html.count('class="badge equal"') == sum(one.equal for one in found.statements)
    for one in found.readings:
        assert f"<code>{one.name}</code>" in html
    assert f"{found.outputs[2, 1, 3]:.3f}" in html


def test_rows_are_found_where_they_stand() -> None:
    html = page(of_text("cafe", layers=2))
    table = html[html.index('<h2 id="rows">') : html.index('<h2 id="equal">')]
    found = re.findall(r"<code>([hc]_n\[\d\])</code>.*?<td>([^<]*|<code>[^<]*</code>)</td></tr>", table)
    places = {name: re.sub("<.*?>", "", place) for name, place in found}
    assert places["h_n[2]"] == "output[-1, :H]"
    assert places["h_n[3]"] == "output[0, H:]"
    assert {places[name] for name in ("h_n[0]", "h_n[1]", "c_n[0]", "c_n[3]")} == {"no output"}


def test_a_text_is_never_read_as_html() -> None:
    html = page(of_text('<img src=x onerror="a">&c', source="<b>where</b>"))
    assert "<img" not in html
    assert "<b>where" not in html
    assert outline(html).open == []


def test_a_series_has_a_page_too() -> None:
    html = page(of_series(5))
    assert "<bdi>noise</bdi>, 5 steps" in html
    assert outline(html).open == []


def test_strips_hold_a_shade_for_every_unit() -> None:
    values = [np.array([-1.0, 0.0, 1.0]), None]
    drawn = svg.drawn(svg.Strip(values, ["a", "<b>"], 1.0, box=svg.Box(0, "h_n")), 'a "label" <x>')
    assert [f'class="k{level}"' in drawn for level in (0, 6, 12)] == [True] * 3
    assert 'class="void"' in drawn
    assert "&lt;b&gt;" in drawn
    assert "<x>" not in drawn


def test_what_machines_get_is_json() -> None:
    found = of_text("cafe", layers=2)
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    np.testing.assert_allclose(np.array(told["outputs"]), found.outputs, atol=1e-7)
    assert {one["key"]: one["equal"] for one in told["statements"]} == {one.key: one.equal for one in found.statements}
    assert (told["time"], told["steps"], told["body"]["layers"]) == (4, list("cafe"), 2)


def test_eight_units_are_drawn_and_the_others_are_folded() -> None:
    html = page(of_text("cafe", hidden=20, bidirectional=False, cell="gru"))
    first = html[html.index('<div class="panels">') : html.index("<details>")]
    assert "8 of 20 units" in first
    assert "<summary>All 20 units</summary>" in html
    drawn = [
        len(re.findall(r"M\d+ \d+h", part)) for part in (first, html[html.index("<details>") :].split("</details>")[0])
    ]
    assert drawn == [4 * 8, 4 * 20]
    assert "<summary>All" not in page(of_text("cafe", hidden=8))
