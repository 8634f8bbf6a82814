"""Lean figures show what matplotlib drew: the same places, looks and names in fewer bytes."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.reporting.figures import svg
from seqtwin.reporting.figures.svg_paths import tight

TENTHS = st.integers(-2000, 2000).map(lambda number: number / 10)
POINTS = st.lists(st.tuples(TENTHS, TENTHS), min_size=1, max_size=12)
SIZE = {"m": 2, "l": 2, "h": 1, "v": 1, "c": 6, "q": 4, "z": 0}


def places(path):
    """The absolute places of a path of relative steps, one list of numbers per step."""
    here, start, found = (0.0, 0.0), (0.0, 0.0), []
    for sign, text in re.findall(r"([A-Za-z])([^A-Za-z]*)", path):
        numbers = [float(number) for number in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", text)]
        size = SIZE[sign.lower()]
        for at in range(0, max(len(numbers), 1), max(size, 1)):
            step = numbers[at : at + size]
            if sign == "z":
                here = start
                continue
            step = [step[0], 0.0] if sign == "h" else [0.0, step[0]] if sign == "v" else step
            step = step if sign == "M" else [number + here[i % 2] for i, number in enumerate(step)]
            here = (step[-2], step[-1])
            start = here if sign in "mM" else start
            found.append([round(number, 1) for number in step])
    return found


def drawn(points, close=False):
    return " ".join(f"{'L' if i else 'M'} {x:.1f} {y:.1f}" for i, (x, y) in enumerate(points)) + (" z" if close else "")


def without_repeats(steps):
    return [step for i, step in enumerate(steps) if not i or step != steps[i - 1]]


@given(POINTS, st.booleans())
def test_a_tight_path_goes_through_the_same_places(points, close):
    found = tight(drawn(points, close))
    assert without_repeats(places(found)) == without_repeats([[x, y] for x, y in points])
    assert found.endswith("z") == close


@given(POINTS, POINTS)
def test_the_parts_of_a_path_stay_where_they_are(first, second):
    found = places(tight(f"{drawn(first, close=True)} {drawn(second)}"))
    assert without_repeats(found) == without_repeats([[x, y] for x, y in first + second])


def test_a_curve_keeps_its_control_points():
    assert places(tight("M 1.0 1.0 C 2.0 3.5 4.0 -5.0 6.0 7.1 Q 1.0 1.0 0.0 0.0")) == [
        [1, 1], [2, 3.5, 4, -5, 6, 7.1], [1, 1, 0, 0],
    ]  # fmt: skip


DRAWN = """<?xml version="1.0"?>
<svg xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9" xmlns="http://www.w3.org/2000/svg" version="1.1">
<metadata>when</metadata>
<g id="axes"><path d="M 0 0 L 9 0 L 9 9 z" style="fill: none"/>
<g id="one"><path d="M 1.0 2.0 L 3.0 2.0" clip-path="url(#frame)" style="fill: none; stroke: #104e6c"/></g>
<g id="two"><path d="M 1.0 4.0 L 3.0 4.0" clip-path="url(#frame)" style="fill: none; stroke: #104e6c"/></g>
<defs><path id="dot" d="M 0 1 L 1 1 z" style="stroke: #104e6c"/><path id="area" d="M 5 5 L 6 5 L 6 6 z"/></defs>
<g clip-path="url(#frame)"><use xlink:href="#dot" x="1.0" y="2.0" style="fill: #157a74"/>
<use xlink:href="#dot" x="3.0" y="2.0" style="fill: #157a74"/></g>
<g clip-path="url(#frame)"><use xlink:href="#area" x="0" y="9" style="fill: #a4407a; fill-opacity: 0.2"/></g>
<text style="font-size: 11px; text-anchor: middle" x="1.5" y="8.0">a &lt; b &amp; c</text>
<text style="font-size: 11px; text-anchor: middle" x="2.5" y="8.0">d</text></g>
<defs><clipPath id="frame"><rect x="0.0" y="0.0" width="9" height="9"/></clipPath></defs></svg>"""


@pytest.fixture(scope="module")
def small():
    return svg.lean(DRAWN)


def test_neighbours_of_one_look_and_frame_stand_together(small):
    root = ElementTree.fromstring(re.sub(r' xmlns="[^"]*"', "", small))
    (frame,) = root.findall("g")
    assert [one.tag for one in frame] == ["path", "use", "use", "path"]
    assert places(frame[0].attrib["d"]) == [[1, 2], [3, 2], [1, 4], [3, 4]]
    assert frame[3].attrib["transform"] == "translate(0 9)"
    assert frame[3].attrib["style"] == "fill:#a4407a;fill-opacity:0.2"
    dot = root.find("defs/path")
    assert dot.attrib["style"] == "fill:#157a74;stroke:#104e6c"
    assert [one.text for one in root.findall("text")] == ["a < b & c", "d"]
    assert "when" not in small


def test_figures_of_one_page_share_styles_and_no_id(small):
    one, other = svg.inlined(small, "one"), svg.inlined(small, 'a "b" <c')
    page = svg.shared(f"<style>p{{}}</style><p>{one}</p><p>{other}</p>")
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) == 4
    assert set(re.findall(r'(?:href="|url\()#(\w+)', page)) == set(ids)
    used, told = set(re.findall(r'class="(\w+)"', page)), re.findall(r"\.(s\d+)\{", page)
    assert used == set(told)
    assert len(told) == len(set(told))
    assert page.startswith("<style>p{}.s0{")
    assert "#104e6c" not in page
    assert 'aria-label="a &quot;b&quot; &lt;c"' in page


def test_a_page_without_figures_stays_as_it_is():
    assert svg.shared("<style>p{}</style><p>no figure</p>") == "<style>p{}</style><p>no figure</p>"


def test_a_label_with_control_characters_is_drawn() -> None:
    """XML has no such characters, and a label can come from a file."""
    figure = '<svg xmlns="http://www.w3.org/2000/svg"><text x="1">a\x1b[2Jb\x00</text></svg>'
    assert "a\N{REPLACEMENT CHARACTER}[2Jb\N{REPLACEMENT CHARACTER}" in svg.lean(figure)
