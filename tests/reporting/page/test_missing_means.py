"""The page of a study in which some pairings have no mean: all their seeds failed, or the metric is undefined."""

from dataclasses import replace

import fake_study
import numpy as np
import pytest

from seqtwin.reporting.page import headline
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.facet import facets_of
from seqtwin.reporting.table.study_table import read_study

FACTORS = {"representation": ("mean_output", "max_output"), "loss": ("mse", "contrastive-auto")}
WITHOUT = {"one": [("max_output", "mse")], "both": [("max_output", "mse"), ("mean_output", "mse")]}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return read_study(fake_study.build(tmp_path_factory.mktemp("means") / "study", factors=FACTORS))


def without_means(table, names):
    missing = [(row.representation, row.loss) in names for row in table.pairings.itertuples()]
    return replace(table, pairings=table.pairings.assign(mean=table.pairings["mean"].mask(missing, np.nan)))


def test_an_effect_of_the_loss_needs_the_mean_of_every_pairing(whole):
    """One mean has no range: a pairing without the other is not called unmoved by the loss."""
    (found,) = headline.interactions(facets_of(without_means(whole, WITHOUT["one"])))
    assert found["most"] == found["least"] == "mean_output"
    page = report_files(without_means(whole, WITHOUT["one"]))
    assert "moves `mean_output` by" in page["report.md"]
    assert "moves `mean_output` by .01 and" not in page["report.md"]


def test_a_metric_that_is_undefined_everywhere_leaves_a_page(whole):
    """A test split of one pair has no ROC-AUC."""
    table = without_means(whole, WITHOUT["both"])
    (found,) = headline.interactions(facets_of(table))
    assert found["most"] == found["least"] == ""
    assert "moves" not in report_files(table)["report.md"]


def test_a_study_whose_cells_ended_without_a_score_is_not_called_unfinished(whole):
    headlines = [headline.headline(table, []) for table in (whole, replace(whole, results=whole.results[:0]))]
    assert [one["ended"] for one in headlines] == [True, False]
