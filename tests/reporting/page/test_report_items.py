"""Studies of single texts and steps: the same report, in their words and with what makes sense of them."""

import re
from dataclasses import replace

import fake_items
import numpy as np
import pandas as pd
import pytest

from seqtwin.reporting.findings import diagnose
from seqtwin.reporting.findings.item_rules import rules_of
from seqtwin.reporting.findings.refusals import check_claims
from seqtwin.reporting.page import confusion_tables, joined_maps
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.facet import facets_of
from seqtwin.reporting.table.study_table import FRAMES, MORE_FRAMES, read_study, write_results

KINDS = {"classify": fake_items.CLASSIFY, "label_steps": fake_items.LABEL, "decode": fake_items.DECODE}
OF_PAIRS = re.compile(r"\b(pairs?|loss(es)? of|per loss|the losses|margin|threshold|same and different)\b")


@pytest.fixture(scope="module", params=sorted(KINDS))
def study(request, tmp_path_factory):
    """The folder of a quick study of each objective."""
    return fake_items.build(tmp_path_factory.mktemp(request.param), KINDS[request.param])


@pytest.fixture(scope="module")
def table(study):
    return read_study(study)


@pytest.fixture(scope="module")
def files(table):
    return report_files(table)


@pytest.fixture(scope="module")
def classified(tmp_path_factory):
    """A study of tier standard, with a claim that nothing forbids."""
    left, right = {"representation": "attention_output"}, {"representation": "final_hidden"}
    planned = {"name": "attention vs final", "letter": "b", "left": left, "right": right, "within": {}}
    factors = {"representation": fake_items.POOLED, "loss": ("classify", "classify-layers2")}
    folder = tmp_path_factory.mktemp("classified")
    return read_study(
        fake_items.build(folder, fake_items.CLASSIFY, factors=factors, seeds=6, tier="standard", comparisons=(planned,))
    )


def _shown(html):
    """What a reader of the page sees of its text: neither style, script, labels of figures nor the table of rules."""
    html = re.sub(r"<(style|script|pre|svg|head)\b.*?</\1>", " ", html, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_the_page_never_speaks_of_pairs(files):
    for name in ("index.html", "report.md", "best-encoder.md"):
        assert not OF_PAIRS.findall(_shown(files[name])), name


def test_judged_rows_and_heads_are_named(table, files):
    page, judged = _shown(files["index.html"]), table.meta["judged"]
    assert f"on unseen {judged}" in page
    assert f"over new seeds and new test {judged}" in page
    assert f"slices of the test {judged}" in page
    heads = re.findall(r'<button type="button" title="Sort by this column">(.*?)</button>', files["index.html"])
    assert "head" in heads
    assert not {"loss", "threshold"} & set(heads)


def test_committed_results_remake_the_report(table, files, tmp_path):
    for name, text in write_results(table).items():
        (tmp_path / name).write_text(text, encoding="utf-8", newline="")
    again = report_files(read_study(tmp_path))
    assert {name: again[name] == files[name] for name in files} == dict.fromkeys(files, True)


def test_only_frames_with_rows_are_written(table):
    written = {name.removesuffix(".csv") for name in write_results(table) if name.endswith(".csv")}
    wanted = {"lengths"} if table.meta["objective"] == "decode" else {"confusion"}
    assert written - set(FRAMES) == wanted
    assert not len(table.histograms)
    assert not len(table.worst)


@pytest.mark.long
def test_pairs_write_no_new_file(plain):
    table = read_study(plain)
    assert not {f"{name}.csv" for name in MORE_FRAMES} & write_results(table).keys()
    assert not {"objective", "judged"} & table.meta.keys()


def test_means_and_intervals_are_shares_of_right_rows(table):
    for _, row in table.pairings.iterrows():
        assert row["low"] <= row["mean"] <= row["high"]
        assert row["interval"] == f"seeds and {table.meta['judged']}"


def test_confusion_counts_every_judged_row_of_every_seed(classified):
    rows = classified.confusion
    best = classified.pairings[classified.pairings["chosen"] == 1].iloc[0]
    assert rows["rows"].sum() == fake_items.CLASSIFY.rows * best["finished"]
    right = rows[rows["true"] == rows["predicted"]]["rows"].sum()
    assert right / rows["rows"].sum() == pytest.approx(best["mean"], abs=1e-6)
    (shown,) = confusion_tables.confusions(classified)
    assert shown["classes"] == list(fake_items.CLASSIFY.classes)
    assert [row["cells"][place]["own"] for place, row in enumerate(shown["rows"])] == [True] * 6


def test_many_classes_have_no_confusion_table(tmp_path):
    many = replace(fake_items.CLASSIFY, classes=tuple(f"class {i}" for i in range(21)), rows=60)
    table = read_study(
        fake_items.build(tmp_path, many, factors={"representation": ("max_output",), "loss": ("classify",)})
    )
    assert not len(table.confusion)
    assert "confusion.csv" not in write_results(table)


def test_lengths_are_the_plain_means_of_their_rows(tmp_path):
    kind, labels = fake_items.DECODE, {"representation": "mean_output", "loss": "decode"}
    table = read_study(fake_items.build(tmp_path, kind, factors={key: (label,) for key, label in labels.items()}))
    rows = fake_items._rows(kind)
    said = [fake_items._answers(kind, labels, seed, rows) for seed in range(3)]
    for _, point in table.lengths.iterrows():
        own = rows["length"] == point["length"]
        assert point["rows"] == own.sum()
        assert point["mean"] == pytest.approx(np.mean([one[own].mean() for one in said]), abs=1e-5)
        assert point["low"] <= point["mean"] <= point["high"]
    assert list(table.lengths["length"]) == sorted(set(rows["length"]))


def test_by_length_takes_the_place_of_its_slices(tmp_path, undrawn):
    table = read_study(fake_items.build(tmp_path, fake_items.DECODE))
    names = {name for name in report_files(table) if name.startswith("figures/")}
    assert {f"figures/by-length-{cell}.svg" for cell in ("lstm", "gru", "rnn")} <= names
    assert not [name for name in names if re.search(r"slices-\w+-(length|pad-share)|scores", name)]


def test_a_claim_is_printed_in_the_words_of_the_study(classified, undrawn):
    page = _shown(report_files(classified)["index.html"])
    assert "attention_output is better" in page
    assert "Representation × head interaction:" in page
    assert "the head moves" in page
    assert "TF-IDF + logistic regression .812" in page


@pytest.mark.parametrize("levels", [("classify",), ("classify", "classify-layers2")])
def test_one_row_or_one_column_says_nothing_of_interaction(levels, tmp_path, undrawn):
    factors = {"representation": ("max_output", "mean_output")[: 3 - len(levels)], "loss": levels}
    page = _shown(
        report_files(read_study(fake_items.build(tmp_path, fake_items.CLASSIFY, factors=factors)))["index.html"]
    )
    assert "interaction:" not in page.lower()
    assert "depends on the head" not in page
    assert ("max_output with classify" in page) == (len(levels) > 1)


@pytest.mark.parametrize(("names", "shape"), [(("final_hidden",), (3, 1)), (("final_hidden", "mean_output"), (2, 3))])
def test_heat_maps_of_one_column_are_one_table(names, shape, tmp_path, undrawn):
    factors = {**fake_items.DECODE.factors, "representation": names}
    table = read_study(fake_items.build(tmp_path, fake_items.DECODE, factors=factors))
    facets = facets_of(table)
    joined = joined_maps.whole(table, facets)
    assert (len(joined.rows), len(joined.columns)) == shape
    page = report_files(table)["index.html"]
    assert len(re.findall(r'<table class="heat" ', page)) == 1
    assert len(re.findall(r'<figure id="figure-by-length', page)) == (1 if shape[1] == 1 else 3)
    assert len(re.findall(r'<td class="cell', page)) == len(table.pairings)
    values = [f"{value:.3f}"[1:] for value in table.pairings["mean"]]
    assert sorted(re.findall(r'<td class="cell.*?<span class="v">(\.\d+)', page)) == sorted(values)


@pytest.mark.long
def test_heat_maps_of_pairs_and_of_several_columns_stay_apart(quick_table, tmp_path):
    table = read_study(fake_items.build(tmp_path, fake_items.CLASSIFY))
    assert joined_maps.whole(table, facets_of(table)) is None
    assert joined_maps.whole(quick_table, facets_of(quick_table)) is None


def test_rules_about_pairs_do_not_fire():
    values = {"train_auc": 0.1, "beyond_margin_start": 1.0, "probe_metric": 0.9, "native_metric": 0.1, "saturated": 0.9}
    assert {one.code for one in diagnose.diagnose(values).findings} >= {"D2", "D6", "D10", "D15"}
    assert diagnose.diagnose(values, rules_of({"objective": "classify"})).codes == {"D6"}


def test_leakage_forbids_claims_about_texts(tmp_path):
    factors = {"representation": ("max_output",), "loss": ("classify",)}
    table = read_study(
        fake_items.build(tmp_path, fake_items.CLASSIFY, factors=factors, evidence={"leakage_share": 0.25})
    )
    (found,) = [one for one in check_claims.check_study(table) if one.code == "R13"]
    assert found.why.startswith("25 % of the test texts of trec also occur in training")


def test_a_cell_explains_itself_by_the_rules_of_its_objective(study):
    cell = next((study / "cells").iterdir())
    assert diagnose.diagnose_cell(cell).label == "healthy"


def test_missing_class_shows_a_dash():
    rows = pd.DataFrame({"true": ["a", "a", "b", "b"], "predicted": ["a", "b", "a", "b"], "rows": [3.0, 1.0, 0.0, 0.0]})
    shown = [[cell["value"] for cell in row["cells"]] for row in confusion_tables._shown(rows)["rows"]]
    assert shown == [[".75", ".25"], ["–", "–"]]
