import itertools
import re
from html.parser import HTMLParser

import fake_study
import numpy as np
import pytest

from seqtwin.errors import ConfigError
from seqtwin.reporting import figures
from seqtwin.reporting.colours import contrast, painted
from seqtwin.reporting.page.write_report import report_files, write_report
from seqtwin.reporting.table.study_table import read_study

VOID = {"meta", "link", "br", "wbr", "input", "img", "hr"}
QUICK_GRIDS = {"all failed", "hostile names"}
ODD_GRIDS = {
    "one pairing": {"factors": {"representation": ("max_output",), "loss": ("mse",)}, "seeds": 2},
    "no factor, one seed": {"factors": {}, "seeds": 1},
    "no loss, graded": {"factors": {"representation": ("max_output", "mean_output")}, "graded": True, "seeds": 2},
    "no representation": {"factors": {"loss": ("mse", "contrastive-auto")}, "retrieval": False, "seeds": 2},
    "all failed": {"odd": {(): "failed"}, "seeds": 1},
    "one collapsed": {"odd": {("max_output", "mse", "1"): "collapsed"}, "seeds": 2, "unpublished": 2},
    "a further factor": {"factors": {"loss": ("mse", "cosent"), "encoder.hidden": ("32", "64")}, "seeds": 2},
    "two data sets": {"factors": {"data.name": ("placenames", "digits"), "loss": ("mse", "cosent")}, "seeds": 2},
    "hostile names": {
        "factors": {"representation": ("<script>alert(1)</script>", "$a$|b`c"), "loss": ('"q" & <b>', "ä,ö")},
        "seeds": 2,
        "name": "<i>study</i>",
    },
}


class Page(HTMLParser):
    """Ids, headings and references of a page; fails on tags that do not close."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.headings: list[int] = []
        self.links: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags.append((tag, found))
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]
        self.headings += [int(tag[1])] if re.fullmatch("h[1-6]", tag) else []
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def _check(text: str) -> Page:
    page = Page(text)
    assert len(page.ids) == len(set(page.ids))
    assert page.headings[0] == 1
    assert page.headings.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(page.headings))
    assert all(link.startswith(("#", "data:", "figures/")) for link in page.links)
    assert {link[1:] for link in page.links if link.startswith("#")} <= set(page.ids)
    assert not re.search(r"(https?:)?//\w|url\((?!#)", text[text.index("</style>") : text.index("<script")])
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    assert all("aria-label" in found for tag, found in page.tags if found.get("role") == "img")
    assert all("tabindex" in found for tag, found in page.tags if "cell" in (found.get("class") or "").split())
    return page


def test_the_page_is_whole_and_asks_nobody(usual):
    text = (usual / "report" / "index.html").read_text()
    page = _check(text)
    assert "default-src 'none'" in text
    assert sum(tag == "svg" for tag, _ in page.tags) == 10
    assert sum(len(re.findall(f'id="figure-{name}', text)) for name in ("interaction", "learning", "cost")) == 3


# a whole report each: `make test` takes two, `make test-all` every one
ODD = [name if name in QUICK_GRIDS else pytest.param(name, marks=pytest.mark.long) for name in ODD_GRIDS]


@pytest.mark.long
@pytest.mark.parametrize("name", ODD)
def test_odd_grids_have_a_page(name, tmp_path):
    folder = fake_study.build(tmp_path / "study", **ODD_GRIDS[name])
    contents = report_files(read_study(folder))
    _check(contents["index.html"])
    assert "nan" not in re.sub(r"<[^>]*>|provenance", "", contents["index.html"]).lower().split()
    assert "alert(1)<" not in contents["index.html"]


def test_the_first_screen_refuses_a_verdict_in_the_headline(usual):
    text = (usual / "report" / "index.html").read_text()
    headline = re.search(r"<h1>(.*?)</h1>", text, re.DOTALL).group(1)
    assert "Pooling over all steps scored" in headline
    assert "No verdict (R01)" in headline
    assert "Use <" not in text[: text.index("</h1>")]
    for code in ("R09", "R10", "R12", "R14"):
        assert f">{code}<" in text


def test_marks_are_written_out(usual):
    text = (usual / "report" / "index.html").read_text()
    for kind in ("failed", "d17", "e2"):
        assert f'id="mark-{kind}"' in text
        assert f'href="#mark-{kind}"' in text
    assert "no memory left &lt;while&gt; training" in text


def test_every_seed_is_a_dot(usual):
    text = (usual / "report" / "index.html").read_text()
    assert len(re.findall(r'<i style="left:', text)) == 49


def test_one_seed_has_an_interval_from_pairs_only(tmp_path, undrawn):
    folder = fake_study.build(tmp_path / "study", seeds=1)
    table = read_study(folder)
    assert set(table.pairings["interval"]) == {"pairs only"}
    assert "over pairs only, since there is one seed" in report_files(table)["index.html"]


def test_the_report_can_be_written_elsewhere_and_again(tmp_path):
    folder = fake_study.build(tmp_path / "study", factors={"loss": ("mse", "cosent")}, seeds=2)
    path = write_report(folder, tmp_path / "deep" / "report")
    first = {p.name: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()}
    write_report(folder, tmp_path / "deep" / "report")
    assert {p.name: p.read_bytes() for p in path.parent.rglob("*") if p.is_file()} == first
    assert {"index.html", "report.md", "results.csv", "pairings.csv", "study.json", "heatmap.png"} <= first.keys()


@pytest.mark.long
def test_pages_alone_point_to_the_results_they_come_from(usual, tmp_path):
    results = tmp_path / "results" / "first"
    results.mkdir(parents=True)
    for path in (*(usual / "report").glob("*.csv"), *(usual / "report").glob("*.json")):
        (results / path.name).write_bytes(path.read_bytes())
    folder = write_report(results, tmp_path / "pages" / "first", pages_only=True).parent
    whole, pages = ({p.relative_to(f).as_posix() for p in f.rglob("*.*")} for f in (usual / "report", folder))
    assert pages == {name for name in whole if name.endswith((".html", ".md", ".svg"))}
    text = (folder / "report.md").read_text()
    links = re.findall(r"\]\(([^)]+)\)", text)
    assert "../../results/first/results.csv" in links
    assert all((folder / link).is_file() for link in links)
    assert "in ../../results/first/results.csv)" in (folder / "index.html").read_text()


def test_pages_alone_need_results(usual, tmp_path):
    with pytest.raises(ConfigError, match="results to link to"):
        write_report(usual, tmp_path / "pages", pages_only=True)


def test_a_field_has_a_key_only_where_its_text_says_less(contents):
    fields = re.findall(r"<t[dh]( class=\"[\w ]+\")? data-key=\"([^\"]*)\">([^<]*)<", contents["index.html"])
    assert len(fields) > 100
    for _, key, text in fields:
        assert text.replace("−", "-").replace("+", "").replace(",", "") != key or not key
    assert "<td>1.000</td>" in contents["index.html"] or "<td>0</td>" in contents["index.html"]


def test_figures_are_small_and_their_text_is_text(usual):
    for path in (usual / "report" / "figures").glob("*.svg"):
        assert path.stat().st_size < 60_000
        assert "<text" in path.read_text()


@pytest.mark.long
def test_a_large_grid_keeps_its_figures_small(tmp_path):
    grid = {"representation": tuple(f"r{i}" for i in range(8)), "loss": tuple(f"l{i}" for i in range(5))}
    contents = report_files(read_study(fake_study.build(tmp_path / "study", factors=grid, seeds=4)))
    assert all(len(text) < 60_000 for name, text in contents.items() if name.endswith(".svg"))


def test_figures_inside_the_page_use_its_colours(usual):
    text = (usual / "report" / "index.html").read_text()
    drawn = "".join(re.findall(r"<svg.*?</svg>", text, re.DOTALL))
    assert not re.search(r"#[0-9a-f]{6}\b", drawn)
    assert "var(--c1)" in drawn


def test_markdown_tables_are_whole(usual):
    lines = (usual / "report" / "report.md").read_text().splitlines()
    tables = [line for line in lines if line.startswith("|")]
    assert len(tables) > 30
    for first, second in itertools.pairwise(lines):
        if first.startswith("|") and second.startswith("|"):
            assert len(re.findall(r"(?<!\\)\|", first)) == len(re.findall(r"(?<!\\)\|", second))


@pytest.mark.parametrize("palette", [((233, 240, 244), (15, 77, 107)), ((168, 188, 200), (13, 74, 106))])
def test_text_is_readable_on_every_shade(palette):
    def rgb(text):
        return tuple(int(text[i : i + 2], 16) for i in (1, 3, 5))

    shades = [painted(share, *palette) for share in np.linspace(0, 1, 301)]
    assert min(contrast(rgb(ground), rgb(ink)) for ground, ink in shades) >= 4.5
    light = [sum(rgb(ground)) for ground, _ in shades]
    assert light == sorted(light, reverse=True)


def test_names_at_line_ends_keep_apart():
    moved = figures.apart([0.5, 0.51, 0.52, 0.9], 0.1)
    assert np.diff(sorted(moved)).min() >= 0.1 - 1e-9
    assert moved[3] == 0.9
