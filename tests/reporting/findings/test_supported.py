"""Letters and means are shown only of pairings that may be compared, on every page and in every table."""

import fake_study
import pytest
from matplotlib.text import Text

from seqtwin.reporting.findings.refusals.supported import lettered_facets, with_learned_means, with_supported_letters
from seqtwin.reporting.page.chosen_figures.grid import heat_map_of
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.study_table import read_study

FACTORS = {"representation": ("final_hidden", "last_output", "mean_output", "max_output"),
           "loss": ("mse", "contrastive-auto")}  # fmt: skip
STUCK = {"plateau_ratio": 0.99, "stuck": 1.0}
MIXED = ("mean_output", "mse")


def study(folder, **options):
    return read_study(fake_study.build(folder / "study", factors=FACTORS, tuned=True, **options))


def shown(table):
    (facet,) = lettered_facets(table)
    return {(row, name): facet.letters(row, name) for row in facet.rows for name in facet.columns}


def words_of(table):
    (facet,) = lettered_facets(table)
    figure = heat_map_of(facet)
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize(("seeds", "tier"), [(5, "quick"), (4, "standard"), (1, "standard")])
def test_a_study_without_verdicts_has_no_letters(tmp_path, seeds, tier):
    table = study(tmp_path, seeds=seeds, tier=tier)
    assert not any(shown(table).values())
    assert not any(with_supported_letters(table).pairings["letters"].fillna(""))
    assert "share a letter" not in words_of(table)


def test_a_serious_study_has_letters(tmp_path):
    table = study(tmp_path, seeds=6, tier="standard")
    assert len(set(shown(table).values())) > 1
    assert "share a letter" in words_of(table)
    assert with_supported_letters(table).pairings["letters"].tolist() == table.pairings["letters"].tolist()


def test_a_pairing_that_is_not_trained_yet_has_no_letter(tmp_path):
    table = study(tmp_path, seeds=6, tier="standard", evidence={("last_output", "mse"): STUCK})
    letters = shown(table)
    assert letters.pop(("last_output", "mse")) == ""
    assert all(letters.values())
    assert (with_supported_letters(table).pairings["letters"] == "").sum() == 1
    every = study(tmp_path / "all", seeds=6, tier="standard", evidence={(): STUCK})
    assert not any(shown(every).values())


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """A study in which two of six seeds of one pairing stay on the plateau."""
    evidence = {(*MIXED, seed): STUCK for seed in ("0", "1")}
    return study(tmp_path_factory.mktemp("mixed"), seeds=6, tier="standard", evidence=evidence)


def test_a_mean_over_seeds_that_learned_and_others_is_shown_nowhere(mixed, undrawn):
    table = with_learned_means(mixed)
    pairing = table.pairings[(table.pairings["representation"] == MIXED[0]) & (table.pairings["loss"] == MIXED[1])]
    rows = mixed.results[(mixed.results["representation"] == MIXED[0]) & (mixed.results["loss"] == MIXED[1])]
    values = [value for seed, value in zip(rows["seed"], rows["test_roc_auc"], strict=True) if seed > 1]
    assert pairing["mean"].item() == pytest.approx(sum(values) / 4)
    assert pairing[["low", "high"]].isna().all().all()
    files = report_files(mixed)
    assert "mean of 4 of 6 seeds (R06)" in files["report.md"]
    assert "mean of 4 of 6 seeds (R06)" in files["index.html"]
    assert "moved the score" not in files["report.md"].split("How sure")[0]
    assert "higher than" not in files["report.md"].split("How sure")[0]
    assert with_learned_means(table).pairings["mean"].tolist() == table.pairings["mean"].tolist()
