"""The main effect: its sentence is arithmetic on the means, and a factor that is confounded with another has none."""

from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.reporting.page import cell_marks, headline, next_steps
from seqtwin.reporting.page.main_effect import across_datasets, main_effect
from seqtwin.reporting.page.write_report import report_files
from seqtwin.reporting.table.facet import facets_of

ROWS = ("final_hidden", "last_output", "mean_output", "max_output")


@pytest.fixture(scope="module")
def table(serious_table):
    return serious_table


def grid(table, means):
    """The pairings of a study: mean by (representation, loss)."""
    rows = [{"representation": r, "loss": c, "mean": mean, "dataset": "d"} for (r, c), mean in means.items()]
    return replace(table, pairings=pd.DataFrame(rows)).pairings


def of_rows(values, losses=("mse", "bce"), shift=0.0):
    return {(name, loss): value + shift * i for name, value in zip(ROWS, values, strict=True)
            for i, loss in enumerate(losses)}  # fmt: skip


def test_a_family_above_all_others_is_named_with_its_lead(table):
    found = main_effect(table, grid(table, of_rows([0.85, 0.83, 0.88, 0.88])))
    assert (found["kind"], found["family"], found["rest"]) == ("family", "pooling over all steps", "the last state")
    assert (found["least"], found["most"]) == (".04", ".04")
    assert found["minor"] == ["loss"]


def test_a_family_that_overlaps_another_is_not_named(table):
    found = main_effect(table, grid(table, of_rows([0.87, 0.83, 0.86, 0.88])))
    assert (found["kind"], found["factor"]) == ("factor", "representation")
    assert (found["high"], found["low"]) == (
        {"name": "max_output", "value": ".88"}, {"name": "last_output", "value": ".83"},
    )  # fmt: skip


def test_the_loss_is_named_where_it_moves_more(table):
    found = main_effect(table, grid(table, of_rows([0.8, 0.8, 0.81, 0.8], shift=0.1)))
    assert (found["kind"], found["factor"], found["high"]["name"]) == ("factor", "loss", "bce")


def test_differences_within_the_rope_are_no_effect(table):
    found = main_effect(table, grid(table, of_rows([0.8, 0.804, 0.802, 0.8])))
    assert (found["kind"], found["minor"]) == ("none", ["loss"])


def test_a_gap_in_the_grid_confounds_the_means(table):
    means = of_rows([0.85, 0.83, 0.88, 0.88])
    means.pop(("max_output", "bce"))
    assert main_effect(table, grid(table, means)) is None
    assert main_effect(table, grid(table, {("max_output", "mse"): 0.9})) is None


@given(st.lists(st.integers(0, 100), min_size=4, max_size=4))
def test_the_lead_of_a_family_is_between_its_ends(table, values):
    means = [value / 100 for value in values]
    found = main_effect(table, grid(table, of_rows(means)))
    apart = min(means[2:]) > max(means[:2]) and max(means) - min(means) >= 0.01
    assert (found["kind"] == "family" and found["family"] == "pooling over all steps") == apart
    if apart:
        lead = sum(means[2:]) / 2 - sum(means[:2]) / 2
        assert float(found["least"]) == float(found["most"]) == pytest.approx(lead, abs=0.0051)


@given(st.lists(st.floats(0.1, 0.3), min_size=3, max_size=3))
def test_the_lead_of_a_family_is_its_gap_in_each_column_of_the_grid(table, gaps):
    losses = ("mse", "bce", "cosent")
    means = {(name, loss): 0.5 + 0.01 * i + gap * (name in ROWS[2:])
             for loss, gap in zip(losses, gaps, strict=True) for i, name in enumerate(ROWS)}  # fmt: skip
    found = main_effect(table, grid(table, means))
    columns = []
    for loss in losses:
        pooled = (means["mean_output", loss] + means["max_output", loss]) / 2
        last = (means["final_hidden", loss] + means["last_output", loss]) / 2
        columns.append(pooled - last)
    assert (found["kind"], found["several"]) == ("family", True)
    assert float(found["least"]) == pytest.approx(min(columns), abs=0.0051)
    assert float(found["most"]) == pytest.approx(max(columns), abs=0.0051)


def test_a_family_that_is_behind_under_one_loss_has_no_lead(table):
    means = of_rows([0.5, 0.5, 0.9, 0.9])
    means |= {(name, "bce"): 0.52 if name in ROWS[:2] else 0.51 for name in ROWS}
    assert main_effect(table, grid(table, means))["kind"] != "family"


def test_one_factor_is_not_compared_with_others(table):
    assert main_effect(table, grid(table, of_rows([0.85, 0.83, 0.88, 0.83], ("mse",))))["alone"]
    assert not main_effect(table, grid(table, of_rows([0.85, 0.83, 0.88, 0.88])))["alone"]


def several(table, means, **extra):
    """A study of data sets: mean by (data set, representation)."""
    rows = [{"data.name": d, "dataset": d, "representation": r, "loss": "mse", "mean": mean, **extra}
            for (d, r), mean in means.items()]  # fmt: skip
    names = list(dict.fromkeys(d for d, _ in means))
    meta = {**table.meta, "extra": ["data.name", *extra], "datasets": {name: {} for name in names},
            "factors": {"data.name": names}}  # fmt: skip
    return replace(table, pairings=pd.DataFrame(rows), meta=meta)


def test_the_level_near_the_best_on_most_data_sets(table):
    means = {("a", "max_output"): 0.9, ("a", "last_output"): 0.5, ("b", "max_output"): 0.8, ("b", "last_output"): 0.805,
             ("c", "max_output"): 0.7, ("c", "last_output"): 0.75}  # fmt: skip
    found = across_datasets(several(table, means))
    assert found is None  # each is near the best on two of three
    means["c", "max_output"] = 0.749
    found = across_datasets(several(table, means))
    assert found == {"factor": "representation", "level": "max_output", "on": 3, "of": 3, "behind": "last_output",
                     "loss": ".40"}  # fmt: skip


def test_one_data_set_has_nothing_across(table):
    assert across_datasets(table) is None


def under(table, values, **labels):
    """The same study with other diagnostics in the study cells of some pairings."""
    rows = table.results.copy()
    chosen = (rows[list(labels)] == pd.Series(labels)).all(axis=1) if labels else rows["status"] == "finished"
    for name, value in values.items():
        rows.loc[chosen, name] = value
    return replace(table, results=rows)


def headline_of(table, effect):
    return headline.headline(table, headline.answers(table, facets_of(table)), effect)


@pytest.fixture
def trained(quick_table):
    return under(quick_table, {"diag_stuck": 0.0, "diag_plateau_ratio": 0.3, "diag_left_plateau_share": 0.1})


def test_no_factor_hardly_matters_while_a_pairing_is_not_trained_long_enough(trained):
    minor = main_effect(trained, grid(trained, of_rows([0.85, 0.83, 0.88, 0.88])))
    none = main_effect(trained, grid(trained, of_rows([0.8, 0.804, 0.802, 0.8])))
    assert headline_of(trained, minor)["effect"]["minor"] == ["loss"]
    assert headline_of(trained, none)["effect"]["kind"] == "none"
    stuck = under(trained, {"diag_stuck": 1.0}, representation="mean_output", loss="mse")
    ids = trained.results.loc[trained.results["representation"] == "max_output", "id"]
    curves = trained.curves
    rises = curves.assign(dev=curves["dev"].mask(curves["id"].isin(ids), curves["epoch"] / 20))
    for short in (stuck, replace(trained, curves=rises)):
        assert headline_of(short, minor)["effect"]["minor"] == []
        assert headline_of(short, none)["kind"] != "described"
        assert not headline_of(short, minor)["untrained"]


def test_a_study_that_was_not_trained_long_enough_says_so_first_and_gives_one_advice(trained, undrawn):
    every = under(trained, {"diag_stuck": 1.0})
    rises = replace(every, curves=every.curves.assign(dev=every.curves["epoch"] / 20))
    assert headline_of(rises, None)["untrained"]
    files = report_files(rises)
    assert "**No pairing was trained long enough. " in files["report.md"]
    first, *_ = next_steps.changes(rises, facets_of(rises), cell_marks.diagnoses(rises))
    assert "five times as long: fit.epochs=30" in first["do"]
    following = files["index.html"].split('<p class="next">')[1].split("</p>")[0]
    assert "five times as long" in following
    assert "twice as long" not in files["index.html"].split('id="rule-D1"')[0]  # then the rules in general
    assert "twice as long" not in files["report.md"]
