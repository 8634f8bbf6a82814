"""What the page may claim: what dev chose is called chosen, never the highest where the table shows a higher value."""

import copy
import re
from dataclasses import replace
from typing import Any

import pytest

from seqtwin.metrics import lower_is_better
from seqtwin.reporting.page import cell_marks, headline, methods, next_steps, sortable_tables
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table import meta as about
from seqtwin.reporting.table.facet import facets_of

SUPERLATIVES = re.compile(r"scored highest|has the highest|is the best\b|beats every|No other pairing scored higher")


def _with(table, **meta):
    return replace(table, meta={**table.meta, **meta})


def _shifted(table, amount):
    """The same study where `amount` is added to the test mean of every pairing that dev did not choose."""
    others = table.pairings["chosen"] != 1
    means = table.pairings["mean"] + amount * others
    return replace(table, pairings=table.pairings.assign(mean=means))


def _reversed(table):
    """The same study where test shows every other pairing to be significantly better than the chosen one."""
    analysis = copy.deepcopy(table.analysis)
    for row in analysis["facets"][0]["versus_best"]:
        row |= {"apart": True, "difference": -0.02, "low": -0.03, "high": -0.01}
    return replace(_shifted(table, 0.05), analysis=analysis)


def _answer(table) -> dict[str, Any]:
    (found,) = headline.answers(table, facets_of(table))
    return found


def _first_screen(files, name):
    text = files[name]
    if name == "index.html":
        text = text[text.index("<header>") : text.index("</header>")]
        text = re.sub(r"<table.*?</table>", "", text, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>|`", "", text))


@pytest.fixture(scope="module")
def quick_files(serious_table):
    """The report of a quick study in which every pairing scores higher on test than the chosen one."""
    return report_files(_with(_shifted(serious_table, 0.05), tier="quick"))


@pytest.mark.parametrize("name", ["index.html", "report.md", "best-encoder.md"])
def test_no_superlative_where_the_table_shows_a_higher_value(quick_files, name):
    text = _first_screen(quick_files, name)
    assert SUPERLATIVES.findall(text.replace("does not claim that it is the best", "")) == []
    assert re.search(r"\d others scores? higher on test|Higher on test", text)


def test_the_first_screen_names_the_choice_and_its_test_value(quick_files, serious_table):
    best = _answer(serious_table)
    interval = f"(95 % CI {best['low']} to {best['high']})"
    page, text = (_first_screen(quick_files, name) for name in ("index.html", "report.md"))
    expected = f"Chosen on validation data: max_output with mse: ROC-AUC {best['test']} on unseen pairs {interval}"
    assert expected in page
    assert f"ROC-AUC **{best['test']}** (95 % CI {best['low']} to {best['high']}" in text
    assert "max_output with mse chosen on validation data" in quick_files["index.html"]


@pytest.mark.long
def test_what_test_shows_to_be_better_is_not_called_worse(serious_table):
    table = _reversed(serious_table)
    found = _answer(table)
    assert len(found["ahead"]) == found["others"]
    assert (found["apart"], found["nearest"], found["taken"]) == (0, None, False)
    assert headline.headline(table, [found])["kind"] == "first"
    files = report_files(table)
    for name in ("index.html", "report.md", "best-encoder.md"):
        text = _first_screen(files, name)
        assert "Significantly better on test" in text
        assert "significantly worse" not in text
        assert "Use max_output" not in text


def test_the_lowest_is_below_the_chosen_one(serious_table):
    assert _answer(serious_table)["lowest"]
    assert _answer(_shifted(serious_table, 0.5))["lowest"] is None


@pytest.mark.parametrize(("sign", "word"), [(1, "lower"), (-1, "higher")])
def test_a_tie_is_lower_or_higher_as_the_table_has_it(serious_table, sign, word):
    analysis = copy.deepcopy(serious_table.analysis)
    for row in analysis["facets"][0]["versus_best"]:
        row |= {"apart": False, "difference": sign * 0.004}
    table = replace(serious_table, analysis=analysis)
    told = next_steps.changes(table, facets_of(table), cell_marks.diagnoses(serious_table))
    assert any(f"scores .004 {word}, not a significant difference" in one["what"] for one in told)


def test_arrows_point_at_every_metric_where_lower_is_better(serious_table):
    heads = [name for name, _ in sortable_tables.every_seed(serious_table)["heads"]]
    names = [str(name)[5:] for name in serious_table.results if str(name).startswith("test_")]
    assert sum(head.endswith(" ↓") for head in heads) == sum(map(lower_is_better, names))
    assert "MSE ↓" in [name for name, _ in sortable_tables.every_seed(_with_metric(serious_table, "mse"))["heads"]]


def _with_metric(table, name):
    return replace(table, results=table.results.assign(**{f"test_{name}": 0.1}))


def _counted(table, counts):
    datasets = {name: {**facts, "counts": counts} for name, facts in table.meta["datasets"].items()}
    return _with(table, datasets=datasets)


@pytest.mark.long
def test_metrics_that_rest_on_few_pairs_say_so(serious_table, contents):
    counts = {"dev": {"same": 3, "different": 90}, "test": {"same": 50, "different": 50}}
    files = report_files(_counted(serious_table, counts))
    for name in ("index.html", "report.md", "best-encoder.md"):
        assert "The metrics rest on very few pairs: 3 same pairs in dev." in files[name]
        assert "rest on very few" not in contents[name]


def test_classes_with_few_test_examples_are_named(serious_table):
    counts = {"dev": {"yes": 1, "no": 50}, "test": {"yes": 2, "no": 50}}
    table = _with(_counted(serious_table, counts), objective="classify", judged="texts")
    expected = ["The metrics of 1 of 2 classes rest on fewer than ten test examples: yes (2)."]
    assert headline.few_examples(table) == expected


class Cell:
    """A study cell of which only the manifest is asked."""

    def __init__(self, **manifest: Any) -> None:
        self.manifest = manifest


def test_kernels_are_gathered_with_all_their_values():
    cells = [
        Cell(kernels={"cpu_capability": "AVX512", "mkl": "2024.2"}),
        Cell(kernels={"cpu_capability": "AVX2", "mkl": "2024.2", "MKL_ENABLE_INSTRUCTIONS": "AVX2"}),
        Cell(),
    ]
    assert about._kernels(cells)["kernels"] == {
        "MKL_ENABLE_INSTRUCTIONS": ["AVX2", "not recorded", "unset"],
        "cpu_capability": ["AVX2", "AVX512", "not recorded"],
        "mkl": ["2024.2", "not recorded"],
    }
    assert about._kernels([Cell(), Cell(versions={})]) == {}


def test_the_methods_name_the_kernels_and_what_the_same_bytes_need(serious_table, contents):
    kernels = {"MKL_ENABLE_INSTRUCTIONS": ["AVX2", "unset"], "cpu_capability": ["AVX2"], "onednn": ["3.12.0"]}
    table = _with(serious_table, kernels=kernels)
    text = methods.paragraph(table, facets_of(table))[-1]
    assert text.startswith(
        "Arithmetic: PyTorch CPU kernels AVX2, oneDNN 3.12.0, MKL_ENABLE_INSTRUCTIONS=AVX2 or unset,"
    )
    assert "1 thread per study cell" in text
    assert "byte for byte" in text
    assert not any("Arithmetic" in one for one in methods.paragraph(serious_table, facets_of(serious_table)))
    assert "<dt>kernels</dt><dd>not recorded</dd>" in contents["index.html"]
