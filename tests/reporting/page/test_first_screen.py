"""The three layers of the page: an answer with its picture, one screen of why, and everything else folded."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import fake_items
import fake_study
import pandas as pd
import pytest

from seqtwin.reporting.findings.refusals.check_claims import REFUSALS
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.page import evidence_tables, page_budget, planned_rows, planned_verdicts, sortable_tables
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.facet import facets_of
from seqtwin.reporting.table.study_table import read_study

MOST_WORDS = 1200
MOST_BYTES = 400_000
MOST_BESIDE = 60
PARTS = ["limits", "numbers", "tuned", "marks", "planned-tables", "omnibus", "changes", "learning", "scores", "slices",
         "readings", "finding", "cost", "diagnosed", "worst", "every-seed", "losses", "words", "failed", "methods",
         "again", "versions"]  # fmt: skip


class Unfolded(HTMLParser):
    """The words that a reader sees before unfolding anything; those of figures, labels and scripts are not words."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.aside = "", ""
        self.open: list[tuple[str, str]] = []
        self.feed(page[page.index("<main>") : page.index("</main>")])
        self.words, self.beside = self.text.split(), self.aside.split()

    def handle_starttag(self, tag, attrs):
        if tag not in {"wbr", "br", "img"}:
            self.open.append((tag, str(dict(attrs).get("class") or "")))
        self._space(tag)

    def handle_endtag(self, tag):
        self._space(tag)
        while self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        tags = [tag for tag, _ in self.open]
        folded = "details" in tags and "summary" not in tags[tags.index("details") :]
        if folded or "svg" in tags or "script" in tags:
            return
        self.text += data
        if any("beside" in name for _, name in self.open):
            self.aside += data

    def _space(self, tag):
        """A word goes on over the end of these tags, and over no other."""
        space = "" if tag in {"wbr", "code", "b", "strong", "a", "span", "small"} else " "
        self.text, self.aside = self.text + space, self.aside + space


@pytest.fixture(scope="module")
def classes(tmp_path_factory):
    return report_files(read_study(fake_items.build(tmp_path_factory.mktemp("classes"), fake_items.CLASSIFY)))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A study of 96 pairings in four heat maps."""
    grid = {"representation": fake_study.REPRESENTATIONS[:4], "loss": tuple(f"l{i}" for i in range(6)),
            "encoder.hidden": ("8", "16", "32", "64")}  # fmt: skip
    return read_study(fake_study.build(tmp_path_factory.mktemp("large") / "study", factors=grid, seeds=4))


def test_a_reader_sees_few_words_before_unfolding(contents, classes):
    for files in (contents, classes):
        shown = Unfolded(files["index.html"])
        assert 150 < len(shown.words) <= MOST_WORDS
        assert 20 < len(shown.beside) <= MOST_BESIDE
        assert len(files["index.html"].encode()) <= MOST_BYTES


def test_the_headline_and_the_picture_come_before_all_else(contents):
    page = contents["index.html"]
    places = [page.index(text) for text in ("<h1>", '<table class="heat"', 'class="answer"', '<section id="why"',
                                            'class="shares"', 'class="marked"', 'class="forest"',
                                            '<section id="details"')]  # fmt: skip
    assert places == sorted(places)
    assert "<details" not in page[: page.index('<section id="why"')]


def test_everything_else_is_folded_in_a_fixed_order(contents):
    page = contents["index.html"]
    assert re.findall(r'<details class="part" id="([\w-]+)">', page) == PARTS
    folded = page[page.index('<section id="details"') :]
    assert len(re.findall(r"<table", folded)) > 8
    assert "open" not in re.findall(r"<details[^>]*>", folded)


def test_no_page_speaks_of_pointing_or_of_words_without_an_explanation(contents, classes):
    for files in (contents, classes):
        words = " ".join(Unfolded(files["index.html"]).words)
        assert not re.search(r"[Pp]oint at|\btier\b|\breplicates?\b|\bdev\b(?! /)", words)
        assert "train / dev / test" in words
        explained = files["index.html"][files["index.html"].index('id="words"') :]
        for word in ("pairing", "dev", "tier", "replicates", "plateau"):
            assert word in explained


def test_marks_on_the_first_screen_lead_to_their_cards(contents):
    page = contents["index.html"]
    assert set(re.findall(r'href="#(mark-[\w-]+)"', page)) <= set(re.findall(r'id="(mark-[\w-]+)"', page))
    listed = re.search(r'<ul class="marked">(.*?)</ul>', page, re.DOTALL).group(1)
    assert "Train every study cell longer" in listed


def test_of_mirror_images_one_is_shown(serious_table):
    (facet,) = facets_of(serious_table)
    rows = facet.analysis["interaction"]
    sheet = planned_verdicts.omnibus(serious_table, facet, "x")["contrasts"]
    assert len(rows) == 2 * len(sheet["rows"])
    kept = {(row[0].text, row[1].text): row[2].key for row in sheet["rows"]}
    for row in rows:
        mirrored = {key: -value for key, value in kept.items() if key[0] == row["representation"]}
        here = kept.get((row["representation"], row["loss"]), *mirrored.values())
        assert here == pytest.approx(row["contrast"], abs=1e-5)
    assert "opposite sign" in sheet["caption"]


def test_three_losses_have_no_mirror_images(large):
    facet = facets_of(large)[0]
    sheet = planned_verdicts.omnibus(large, facet, "x")["contrasts"]
    assert len(sheet["rows"]) == len(facet.analysis["interaction"]) == 24


def test_equal_metrics_are_shown_once(serious_table):
    same = serious_table.pairings.assign(**{
        "retrieval_hit_rate@1_mean": serious_table.pairings["retrieval_recall@1_mean"],
        "retrieval_odd_mean": serious_table.pairings["retrieval_recall@1_mean"] + 0.01,
    })  # fmt: skip
    sheet = sortable_tables.retrieval(replace(serious_table, pairings=same))
    heads = [name for name, _ in sheet["heads"]]
    assert heads.count("recall@1") == 1
    assert not any("hit rate@1" in name.lower() for name in heads)
    assert "odd" in heads
    assert "equals recall@1 here" in sheet["caption"]


def test_readings_that_are_equal_in_every_row_are_one_column(serious_table):
    (facet,) = facets_of(serious_table)
    twin = serious_table.reads[serious_table.reads["read"] == "mean_output"].assign(read="sqrt_mean_output")
    table = replace(serious_table, reads=pd.concat([serious_table.reads, twin], ignore_index=True))
    found = evidence_tables.readings(table, facet)
    assert found["columns"] == evidence_tables.readings(serious_table, facet)["columns"]
    assert found["same"] == "sqrt_mean_output has the same values as mean_output."
    assert all(len(row["cells"]) == len(found["columns"]) for row in found["rows"])


def test_the_forest_has_places_of_all_its_numbers(serious_table):
    (rows,) = planned_verdicts.planned(serious_table).values()
    plot = planned_rows.forest_rows(rows, 0.01)
    drawn = plot["shown"] + plot["more"]
    assert len(drawn) == len(rows)
    assert [row["claimed"] for row in drawn] == sorted((row["claimed"] for row in rows), reverse=True)
    for row in drawn:
        assert 0 <= row["left"] <= row["point"] <= row["left"] + row["width"] + 0.11 <= 100.2
        assert (row["point"] > plot["zero"]) == (row["difference"].startswith("+"))
    assert plot["rope_left"] < plot["zero"] < plot["rope_left"] + plot["rope_width"]


def test_a_reason_common_to_all_comparisons_is_given_once(serious_table):
    quick = replace(serious_table, meta={**serious_table.meta, "tier": "quick"})
    (rows,) = planned_verdicts.planned(quick).values()
    plot = planned_rows.forest_rows(rows, 0.01)
    assert plot["everywhere"].startswith("too few seeds")
    assert not any("too few seeds" in row["verdict"] for row in plot["shown"])


def test_no_remedy_uses_a_word_that_the_first_screens_do_not_explain():
    for rule in RULES.values():
        assert not re.search(r"\bdev\b|\btier\b|\breplicate", f"{rule.name} {rule.remedy}")


def test_every_refusal_of_a_comparison_has_a_reason_in_words():
    of_claims = {code for code, rule in REFUSALS.items() if rule.claim or rule.pairing or rule.datasets}
    assert of_claims <= planned_rows.REASONS.keys()


@pytest.mark.long
def test_a_large_study_has_a_small_page_and_an_overview(large):
    files = report_files(large)
    page = files["index.html"]
    assert len(page.encode()) <= MOST_BYTES
    assert len(Unfolded(page).words) <= MOST_WORDS
    first = page[: page.index('<section id="why"')]
    assert len(re.findall(r"<tr><th scope=\"row\">", first)) == 4
    assert len(re.findall(r'<td class="tile', first)) == 16
    for name, file in page_budget.FILES.items():
        assert f'id="{name}"' in page
        assert file in files
    linked = set(re.findall(r'href="figures/([\w-]+\.svg)"', page))
    assert linked
    assert {f"figures/{name}" for name in linked} <= files.keys()


def test_a_part_is_left_out_only_from_a_heavy_page():
    def page(size):
        parts = "".join(f'<details class="part" id="{name}">{"x" * size}</details>\n' for name in page_budget.FILES)
        return f"<main>{parts}</section></main>"

    assert page_budget.left_out(page(10)) == {}
    heavy = page_budget.left_out(page(60_000))
    assert list(heavy) == list(page_budget.FILES)[: len(heavy)]
    kept = len(page_budget.FILES) - len(heavy)
    assert kept * 60_000 <= page_budget.PAGE_BYTES < (kept + 1) * 60_100
