from itertools import combinations

import matplotlib.ticker
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure

from seqtwin.reporting import figures
from seqtwin.reporting.figures import panels, style


def _boxes(grid):
    return [axes.get_position() for panel in grid for axes in panel]


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 2), st.integers(0, 9), st.booleans())
def test_panels_lie_inside_their_figure_and_do_not_overlap(number, across, each, names, share):
    across, down = min(number, across), -(-number // min(number, across))
    frame = panels.Frame(left=52, rows=[(21, 22), (10, 36)][:each])
    figure = Figure(figsize=(1064 / 72, (60 + 160 * down * each) / 72))
    grid = panels.panels(figure, number, across, frame, names=names, share=share)
    assert [len(panel) for panel in grid] == [each] * number
    boxes = _boxes(grid)
    assert all(box.x0 > 0 and box.y0 > 0 and box.x1 < 1 and box.y1 < 1 for box in boxes)
    assert all(box.size == pytest.approx(boxes[0].size) and min(box.size) > 0 for box in boxes)
    for one, other in combinations(boxes, 2):
        apart = one.x1 <= other.x0 or other.x1 <= one.x0 or one.y1 <= other.y0 or other.y1 <= one.y0
        assert apart
    grid[0][0].set_ylim(3.0, 4.0)
    beside = [panel[0].get_ylim() == (3.0, 4.0) for panel in grid[1:across]]
    assert beside == [share] * (across - 1)


@settings(max_examples=50, deadline=None)
@given(st.floats(-1e3, 1e3), st.floats(0.01, 1e3), st.integers(1, 8))
def test_ticks_are_those_of_matplotlib(low, width, most):
    figure = Figure()
    axes = figure.add_subplot()
    axes.set_xlim(low, low + width)
    axes.xaxis.set_major_locator(matplotlib.ticker.MaxNLocator(most))
    shown = [place for place in axes.get_xticks() if low <= place <= low + width]
    found = panels.ticks_of(matplotlib.ticker.MaxNLocator(most), (low, low + width), lambda value, _: f"{value:g}")
    assert list(found.places) == pytest.approx(shown)
    assert list(found.texts) == [f"{place:g}" for place in shown]


def _histogram(title):
    return figures.Histogram(title, np.linspace(-1, 1, 4), np.array([1.0, 2, 3]), np.array([3.0, 2, 1]), 0.25)


def test_panels_have_their_titles_ticks_and_labels():
    line = figures.Slices("mse", np.arange(2.0), np.array([0.7, 0.9]), np.array([0.6, 0.8]), np.array([0.8, 0.95]))
    svg = figures.slices({"first": [line], "second": [line]}, ["short", "long"], ["mse"], "ROC-AUC")
    assert svg.count(">short<") == svg.count(">long<") == 2  # in both panels
    assert svg.count(">test ROC-AUC<") == svg.count(">.80<") == 1  # only in the first, whose y the second shares
    assert all(f">{text}<" in svg for text in ("first", "second", "mse"))


@pytest.mark.parametrize("kind", ["panels", "constrained"])
def test_a_figure_is_drawn_once(kind, monkeypatch):
    draw, drawn = Figure.draw, []
    monkeypatch.setattr(Figure, "draw", lambda self, renderer: (drawn.append(1), draw(self, renderer)))
    if kind == "panels":
        figures.histograms([_histogram("a"), _histogram("b")])
    else:
        style.drawn(300, 200, lambda figure: figure.add_subplot().set_title("a"))
    assert len(drawn) == 1
