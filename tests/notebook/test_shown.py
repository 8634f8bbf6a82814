"""Objects as a notebook shows them: short text, HTML without scripts, maps of vectors, progress bars."""

import json
import re
import sys
import types
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny
from seqtwin.errors import ConfigError, DataError
from seqtwin.guards.html_cards import card, curve_svg, paragraph, table
from seqtwin.index.index import Index
from seqtwin.inference.trained_encoder import TrainedEncoder, load
from seqtwin.notebook.progress import in_notebook, study_bar, training_bar
from seqtwin.study.worker import Progress

NAMES = ["abcd", "abba", "cafe", "face", "deaf", "bead"]
ATTACK = "</script><img src=x>&\u2028\"'"


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> TrainedEncoder:
    return load(tiny.saved_encoder(tmp_path_factory.mktemp("shown") / "encoder"))


class Strict(HTMLParser):
    """Checks that every tag is closed, and collects the tags and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.text = ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in ("br", "polyline", "meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag != "polyline":
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_an_encoder_shows_itself(encoder: TrainedEncoder) -> None:
    assert repr(encoder) == f"TrainedEncoder('{encoder.home}', texts to 5 numbers, cosine)"
    shown = Strict(encoder._repr_html_())
    assert "pairs with a score of at least 0.250 are the same" in shown.text
    assert "roc_auc" in shown.text
    assert "encoder.map(texts)" in shown.text


def test_an_index_shows_its_first_items(encoder: TrainedEncoder) -> None:
    index = Index.build(encoder, NAMES, metadata={"city": [ATTACK, *"bcdef"]})
    assert repr(index) == "Index(6 items, exact, cosine)"
    shown = Strict(index._repr_html_())
    assert ATTACK in shown.text
    assert "abba" in shown.text
    assert "bead" not in shown.text, "five items are shown"
    assert shown.seen.isdisjoint({"img", "script"})


def test_html_is_escaped_and_closed() -> None:
    html = card(ATTACK, [paragraph(ATTACK), table([ATTACK], [[ATTACK]]), curve_svg([0, 1], ATTACK)], [ATTACK])
    assert Strict(html).text.count(ATTACK) >= 5
    assert "<img" not in html


def test_a_curve_has_one_point_per_known_value() -> None:
    svg = curve_svg([0.5, None, float("nan"), 0.7, 0.6], "dev")
    [points] = re.findall(r'points="([^"]+)"', svg)
    places = [tuple(map(float, point.split(","))) for point in points.split()]
    assert [x for x, _ in places] == pytest.approx([6, 192, 254])
    assert [y for _, y in places] == pytest.approx([84, 6, 45])  # the lowest value at the bottom
    assert "0.500 at the start, 0.600 at the end, 0.700 at most" in svg
    assert curve_svg([0.5, 0.5], "flat")


def test_a_map_shows_the_two_main_directions(encoder: TrainedEncoder) -> None:
    from sklearn.decomposition import PCA

    shown = encoder.map(NAMES)
    vectors = encoder.encode(NAMES, normalize_embeddings=True).astype(float)
    pca = PCA(2, svd_solver="full").fit(vectors)
    np.testing.assert_allclose(np.abs(shown.points), np.abs(pca.transform(vectors)), atol=1e-5)
    assert shown.share == pytest.approx(pca.explained_variance_ratio_.sum(), abs=1e-5)
    np.testing.assert_array_equal(shown.points, encoder.map(NAMES).points)
    assert list(shown.frame) == ["text", "x", "y"]
    assert repr(shown).startswith("VectorMap(6 vectors: the two main directions, with ")
    svg = shown.figure()._repr_svg_()
    assert all(name in svg for name in NAMES)


def test_a_map_has_labels_and_another_method(encoder: TrainedEncoder) -> None:
    shown = encoder.map(NAMES, labels=[1, 1, 2, 2, 2, 3], method="tsne", seed=1)
    assert shown.points.shape == (6, 2)
    assert np.isfinite(shown.points).all()
    assert shown.share is None
    assert shown.frame["label"].tolist() == ["1", "1", "2", "2", "2", "3"]
    assert "far distances mean nothing" in shown.title


def test_a_map_of_equal_texts_is_one_point(encoder: TrainedEncoder) -> None:
    shown = encoder.map(["abcd"] * 3)
    assert np.abs(shown.points).max() < 1e-6
    assert shown.html()


def test_a_page_of_a_map_has_no_other_file_and_escapes_texts(encoder: TrainedEncoder, tmp_path: Path) -> None:
    path = encoder.map([*NAMES, ATTACK], labels=[ATTACK] * 7).save(tmp_path / "map.html")
    html = path.read_text(encoding="utf-8")
    assert html.count("</script>") == 1
    assert "<img" not in html
    assert not re.search(r"(src|href)=|url\(|https?:", encoder.map(NAMES).html())
    data = json.loads(re.findall(r"^const data = (.*);$", html, re.M)[0])
    assert data["texts"][-1] == ATTACK
    assert len(data["points"]) == 7
    with pytest.raises(ConfigError, match="already exists"):
        encoder.map(NAMES).save(path)
    assert "allow-scripts" in encoder.map(NAMES)._repr_html_()


def test_maps_that_cannot_be_drawn(encoder: TrainedEncoder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected pca or tsne, got 'umap'"):
        encoder.map(NAMES, method="umap")
    with pytest.raises(DataError, match="three or more texts"):
        encoder.map(NAMES[:2])
    with pytest.raises(DataError, match="6 texts and 2 labels"):
        encoder.map(NAMES, labels=["a", "b"])
    series = load(tiny.saved_encoder(tmp_path / "series", series=True))
    assert "series of 3 channels" in repr(series)
    with pytest.raises(ConfigError, match="no texts to map"):
        series.map(NAMES)


@pytest.mark.long
def test_the_page_of_a_map_in_a_browser(browser: Any, encoder: TrainedEncoder, tmp_path: Path) -> None:
    path = encoder.map([*NAMES, ATTACK]).save(tmp_path / "map.html")
    browser.get(path.as_uri())
    browser.execute_script("document.getElementById('find').value = 'FACE'")
    browser.execute_script("document.getElementById('find').dispatchEvent(new Event('input'))")
    assert browser.find_element("id", "shown").text == "1 found: face"
    [x, y] = browser.execute_script("return place(0)")
    event = "new PointerEvent('pointermove', {clientX: arguments[0], clientY: arguments[1]})"
    move = f"canvas.dispatchEvent({event})"
    box = browser.execute_script("const b = canvas.getBoundingClientRect(); return [b.left, b.top]")
    browser.execute_script(move, x + box[0], y + box[1])
    assert browser.find_element("id", "shown").text == "abcd"
    drawn = "return pen.getImageData(0, 0, canvas.width, canvas.height).data.some(value => value > 0)"
    assert browser.execute_script(drawn)
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


class State:
    def __init__(self, epoch: int) -> None:
        self.epoch, self.history = epoch, [{"loss": 0.5, "dev": None if epoch == 1 else 0.75}]


def test_bars_are_for_notebooks_unless_asked(capsys: Any) -> None:
    for shown in (None, False):
        with training_bar(shown, 2, ["frame: 3 rows"]) as after_epoch:
            after_epoch(State(1))  # type: ignore[arg-type]
    assert capsys.readouterr() == ("", "")
    with training_bar(True, 2, ["frame: 3 rows"]) as after_epoch:
        after_epoch(State(1))  # type: ignore[arg-type]
        after_epoch(State(2))  # type: ignore[arg-type]
    text = capsys.readouterr().err
    assert text.startswith("frame: 3 rows\n")
    assert "2/2" in text
    assert "dev 0.7500" in text


def test_the_bar_of_a_study_counts_tunings_then_cells(capsys: Any) -> None:
    with study_bar(True, []) as after_event:
        for work in ("tunings", "study cells"):
            for cell in ("a", "b"):
                after_event(Progress(cell, 1, 3, of=2, work=work))
                after_event(Progress(cell, 3, 3, done="finished", of=2, work=work))
    text = capsys.readouterr().err
    assert "tunings" in text
    assert "study cells: 100%" in text
    assert "b finished" in text


def test_a_kernel_is_a_notebook(monkeypatch: Any) -> None:
    assert not in_notebook()
    shell = types.SimpleNamespace(kernel=object())
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))
    assert in_notebook()
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=object))
    assert not in_notebook()  # a terminal
