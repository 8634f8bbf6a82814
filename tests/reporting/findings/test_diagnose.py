"""Each rule fires where it should, only there, and names the mistake it is there for."""

import json
import math

import fake_cell
import fake_study
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resealed import reseal
from seqtwin.metrics.longer_training import in_words, times_longer
from seqtwin.reporting.findings import diagnose
from seqtwin.reporting.findings.diagnose import CAUSES, LABELS, diagnose_cell, diagnose_pairing, diagnose_seeds
from seqtwin.reporting.findings.item_rules import rules_of
from seqtwin.reporting.findings.rules import RULES
from seqtwin.reporting.table.study_table import read_study

HEALTHY = {name: value for name, value in fake_cell.HEALTHY.items() if value is not None}

# what makes a rule fire, and a value just on the other side of its threshold
FIRES = {
    "D1": ({"plateau_ratio": 0.96}, {"plateau_ratio": 0.94}),
    "D2": ({"beyond_margin_start": 1.0}, {"beyond_margin_start": 0.99}),
    "D3": ({"margin_reach": 1.01}, {"margin_reach": 0.99}),
    "D4": ({"head_median_start": 9e-5}, {"head_median_start": 1.1e-4}),
    "D5": ({"norm_length_correlation": -0.51}, {"norm_length_correlation": 0.49}),
    "D6": ({"saturated": 0.31}, {"saturated": 0.29}),
    "D7": ({"effective_rank_share": 0.019}, {"effective_rank_share": 0.021}),
    "D8": ({"random_cosine": 0.81}, {"random_cosine": 0.79}),
    "D9": ({"alignment": 1e-5, "uniformity": -1e-4}, {"alignment": 1e-5, "uniformity": -1.0}),
    "D10": ({"train_auc": 0.44}, {"train_auc": 0.46}),
    "D11": ({"gradient_ratio": 101.0}, {"gradient_ratio": 99.0}),
    "D12": ({"third_last": 0.81}, {"third_last": 0.79}),
    "D13": ({"isotonic_gain": 0.11, "test_roc_auc": 0.9}, {"isotonic_gain": 0.09, "test_roc_auc": 0.9}),
    "D14": (
        {"pad_slope_low": -0.4, "pad_slope_high": -0.1, "padding_deviation": math.nan},
        {"pad_slope_low": -0.4, "pad_slope_high": -0.1, "padding_deviation": 2e-7},
    ),
    "D15": ({"probe_metric": 0.9, "native_metric": 0.79}, {"probe_metric": 0.9, "native_metric": 0.81}),
    "D16": ({"stuck_share": 0.1}, {"stuck_share": 0.0}),
    "D17": ({"left_plateau_share": 0.81}, {"left_plateau_share": 0.79}),
    "D18": (
        {"dev_rise": 0.006, "dev_rise_low": 0.001, "dev_best_share": 1.0},
        {"dev_rise": 0.006, "dev_rise_low": -0.001, "dev_best_share": 1.0},
    ),
    "E1": ({"permutation_deviation": 2e-4}, {"permutation_deviation": 9e-5}),
    "E2": ({"batch_deviation": 2e-4}, {"batch_deviation": 9e-5}),
    "E3": ({"padding_deviation": 2e-4}, {"padding_deviation": 9e-5}),
    "X1": ({"one_token_half": 1.0, "final_hidden_gain": 0.06}, {"one_token_half": 1.0, "final_hidden_gain": 0.04}),
    "X2": (
        {"length_auc": 0.02, "score_length_correlation": -0.8, "dev_roc_auc": 0.95, "test_roc_auc": 0.3},
        {"length_auc": 0.02, "score_length_correlation": -0.8, "dev_roc_auc": 0.95, "test_roc_auc": 0.9},
    ),
    "R13": ({"leakage_share": 0.01}, {"leakage_share": 0.0}),
}
ALSO = {
    "D2": {"beyond_margin_start": 0.0},
    "D7": {"top_singular_share": 0.91},
    "D10": {"train_auc": 0.9, "dev_roc_auc": 0.2},
    "D10 by a probe": {"probe_metric": 0.39, "chance": 0.5, "untrained_roc_auc": 0.8, "test_roc_auc": 0.6},
    "D11": {"gradient_ratio": math.nan, "gradient_first": 0.0},
    "D13": {"rank_minus_pearson": 0.11, "native_metric": 0.3, "chance": 0.0},
    "D14": {"pad_slope_low": 0.1, "pad_slope_high": 0.3, "padding_deviation": 2e-4},
    "D17": {"stuck": 1.0},
    "X2": {"length_auc": 0.9, "score_length_correlation": 0.8, "norm_length_correlation": 0.95},
}

LONGER = {stuck: times_longer(stuck=stuck) for stuck in (True, False)}


def codes(values):
    return diagnose.diagnose({**HEALTHY, **values}).codes


def test_every_rule_has_a_case():
    assert list(FIRES) == list(RULES)
    assert set(CAUSES.values()) <= set(RULES)


@pytest.mark.parametrize("code", FIRES)
def test_a_rule_fires_beyond_its_threshold_and_alone(code):
    fires, silent = FIRES[code]
    assert codes(fires) == {code}
    assert codes(silent) == set()


@pytest.mark.parametrize("code", ALSO)
def test_the_other_way_to_fire(code):
    assert code.split()[0] in codes(ALSO[code])


def test_a_probe_below_chance_says_nothing_of_an_encoder_that_training_improved():
    values = {"probe_metric": 0.39, "chance": 0.5, "untrained_roc_auc": 0.6, "test_roc_auc": 0.6}
    assert "D10" not in codes(values)
    assert "D10" not in codes({**values, "untrained_roc_auc": 0.8, "chance": 0.0})  # a correlation of .39 is none


def test_the_advice_of_a_training_is_that_of_a_study():
    late, rising = FIRES["D17"][0], FIRES["D18"][0]
    for values, times in ((late, LONGER[True]), (rising, LONGER[False]), ({**late, **rising}, LONGER[True])):
        found = diagnose.diagnose({**HEALTHY, **values})
        assert diagnose.longer_line(found, 7).endswith(f": try fit.epochs={7 * times}")
        assert diagnose.longer_line(found, 7, is_perfect=True) == ""
    assert LONGER[True] == 5
    for code, stuck in (("D17", True), ("D18", False)):
        assert in_words(stuck=stuck) in RULES[code].remedy
    assert diagnose.longer_line(diagnose.diagnose({**HEALTHY, "diverged": 1.0}), 7) == ""
    assert diagnose.longer_line(diagnose.diagnose(HEALTHY), 7) == ""


def test_a_healthy_cell_has_no_finding_and_an_empty_one_neither():
    assert diagnose.diagnose(HEALTHY) == diagnose.Diagnosis("healthy", ())
    assert diagnose.diagnose({}) == diagnose.Diagnosis("healthy", ())


@given(st.dictionaries(st.sampled_from(sorted(HEALTHY)), st.sampled_from([None, math.nan]), max_size=20))
def test_what_is_unknown_fires_nothing(values):
    assert codes(values) == set()


@given(
    st.dictionaries(
        st.sampled_from([*sorted(HEALTHY), "stuck_share", "dev_roc_auc", "diverged", "collapsed"]),
        st.one_of(st.none(), st.floats(allow_nan=True, allow_infinity=True), st.integers(-3, 3)),
    )
)
def test_any_numbers_give_one_label_and_readable_evidence(values):
    found = diagnose.diagnose(values)
    assert found.label in LABELS
    assert all(one.evidence and one.says and one.remedy and one.name for one in found.findings)


@pytest.mark.parametrize(
    ("values", "label"),
    [
        ({"diverged": 1.0, "collapsed": 1.0}, "diverged"),
        ({"collapsed": 1.0, "stuck": 1.0}, "collapsed"),
        ({"alignment": 0.0, "uniformity": 0.0}, "collapsed"),
        ({"stuck": 1.0, "effective_rank_share": 0.01}, "collapsed"),
        ({"effective_rank_share": 0.01}, "healthy"),
        ({"stuck": 1.0, "head_median_start": 1e-9}, "saturated"),
        ({"head_median_start": 1e-9}, "healthy"),
        ({"saturated": 0.5}, "saturated"),
        ({"plateau_ratio": 0.99, "beyond_margin_start": 1.0}, "dead loss"),
        ({"plateau_ratio": 0.99, "margin_reach": 1.4}, "dead loss"),
        ({"plateau_ratio": 0.99}, "not trained yet"),
        ({"left_plateau_share": 0.9}, "not trained yet"),
    ],
)
def test_labels(values, label):
    assert diagnose.diagnose({**HEALTHY, **values}).label == label


def test_evidence_shows_the_numbers():
    (finding,) = diagnose.diagnose({**HEALTHY, "probe_metric": 0.95, "native_metric": 0.612}).findings
    assert "0.95" in finding.evidence
    assert "0.612" in finding.evidence


def test_a_loss_that_stands_still_for_a_reason_is_no_matter_of_the_step_budget():
    stuck = {"stuck": 1.0, "plateau_ratio": 1.0}
    assert diagnose.diagnose({**HEALTHY, **stuck}).causes == ("too short step budget",)
    assert diagnose.diagnose({**HEALTHY, **stuck, "head_median_start": 1e-12}).causes == ("saturated head",)
    assert diagnose.diagnose({**HEALTHY, **stuck, "margin_reach": 1.2}).causes == ("unreachable margin",)


def test_mixed_rows_are_named_before_padding_and_batch_mates():
    deviations = dict.fromkeys(("permutation_deviation", "padding_deviation", "batch_deviation"), 0.3)
    assert codes(deviations) == {"E1"}
    assert codes({**deviations, "permutation_deviation": 0.0}) == {"E3"}


def rows(*seeds, status="finished"):
    return pd.DataFrame([
        {"status": status, "seed": i, **{f"diag_{name}": value for name, value in {**HEALTHY, **one}.items()}}
        for i, one in enumerate(seeds)
    ])  # fmt: skip


def test_a_finding_of_a_pairing_needs_half_of_its_seeds():
    wide = {"random_cosine": 0.9}
    assert diagnose_seeds(rows(wide, {}, {})).codes == set()
    found = diagnose_seeds(rows(wide, wide, {}, {}))
    assert found.codes == {"D8"}
    assert "in 2 of 4 seeds" in found.findings[0].evidence


def test_one_stuck_seed_is_told_and_the_label_is_that_of_most():
    stuck = {"stuck": 1.0, "plateau_ratio": 1.0}
    found = diagnose_seeds(rows(stuck, {}, {}))
    assert (found.codes, found.label) == ({"D16"}, "healthy")
    assert found.findings[0].evidence.endswith("0.333")
    assert diagnose_seeds(rows(stuck, {})).label == "not trained yet"  # of equals the worse
    assert diagnose_seeds(rows({}, {}, status="diverged")).label == "diverged"
    assert diagnose_seeds(rows()) == diagnose.Diagnosis("healthy", ())


def test_what_is_known_of_the_whole_pairing_counts():
    sloped = {"pad_slope_low": 0.1, "pad_slope_high": 0.2}
    assert diagnose_seeds(rows({"padding_deviation": 0.3}), also=sloped).codes == {"D14", "E3"}
    assert diagnose_seeds(rows({}), also=sloped).codes == set()  # no pad changes a vector: the slope is one over length
    assert diagnose_seeds(rows({"leakage_share": 0.2})).codes == set()  # a matter of the data


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("diagnosed") / "study"
    factors = {"representation": ("final_hidden", "last_output"), "loss": ("mse",)}
    return fake_study.build(folder, factors=factors, seeds=2, odd={("final_hidden", "mse"): "stuck"})


def test_a_published_cell_is_read_whole(study):
    stuck, sound = (next((study / "cells").glob(f"*{name}*.s0")) for name in ("final_hidden", "last_output"))
    found = diagnose_cell(stuck)
    assert (found.label, found.codes) == ("not trained yet", {"D1", "D17"})
    assert diagnose_cell(sound).label == "healthy"
    values = diagnose.values_of_cell(sound)
    scores = json.loads((sound / "scores.json").read_text())
    assert values["dev_roc_auc"] == scores["dev"]["roc_auc"]
    assert values["plateau_ratio"] == json.loads((sound / "diagnostics.json").read_text())["plateau_ratio"]


def test_a_failed_cell_has_its_ending_alone(tmp_path):
    fake_cell.publish(tmp_path / "x", {"config.yaml": ""}, {"id": "x", "status": "diverged", "factors": {}})
    assert diagnose.values_of_cell(tmp_path / "x") == {"diverged": 1.0, "collapsed": 0.0}
    assert diagnose_cell(tmp_path / "x").label == "diverged"


def test_a_table_gives_the_same_diagnosis_with_readings_and_slopes(study):
    table = read_study(study)
    wrong = {"representation": "last_output", "loss": "mse"}
    chosen = table.results[table.results["representation"] == "last_output"]
    assert diagnose_pairing(table, wrong, chosen).codes == set()
    frame = table.reads
    frame.loc[(frame["representation"] == "last_output") & (frame["read"] == "final_hidden"), "dev"] = 1.5
    assert diagnose_pairing(table, wrong, chosen).codes == {"X1"}
    pairings = table.pairings
    pairings["pad_slope_low"], pairings["pad_slope_high"] = -0.3, -0.1
    chosen = chosen.assign(diag_padding_deviation=0.3)
    assert diagnose_pairing(table, wrong, chosen).codes == {"D14", "E3", "X1"}
    table.meta["config"]["base"]["encoder"]["bidirectional"] = False
    assert diagnose_pairing(table, wrong, chosen).codes == {"D14", "E3"}


def test_a_curve_that_still_rises_is_found_in_a_cell_and_in_a_table(tmp_path):
    factors = {"representation": ("max_output",), "loss": ("mse",)}
    study = fake_study.build(tmp_path / "study", factors=factors, seeds=1)
    table, labels = read_study(study), {"representation": "max_output", "loss": "mse"}
    assert diagnose_pairing(table, labels, table.results).label == "healthy"
    table.curves["dev"] = 0.5 + 0.01 * table.curves["epoch"]
    found = diagnose_pairing(table, labels, table.results)
    assert (found.label, found.codes) == ("still rising", {"D18"})
    stopped = table.results.assign(diag_steps=100.0)  # of 564: patience ended it
    assert diagnose_pairing(table, labels, stopped).label == "healthy"
    (cell,) = (study / "cells").iterdir()
    history = pd.read_csv(cell / "history.csv")
    history["dev_roc_auc"] = table.curves["dev"].to_numpy()
    history.to_csv(cell / "history.csv", index=False)
    reseal(cell)
    assert diagnose_cell(cell).codes == {"D18"}


def test_scores_that_hardly_rank_are_not_called_a_matter_of_calibration():
    off = {"rank_minus_pearson": 0.2, "isotonic_gain": 0.2}
    assert "D13" not in codes({**off, "test_roc_auc": 0.556})
    assert "D13" not in codes({**off, "native_metric": 0.1, "chance": 0.0})
    assert "D13" not in codes({**off, "native_metric": math.nan})
    assert "D13" in codes({**off, "test_roc_auc": 0.8})


def finding(code, values, rules=RULES):
    return next(one for one in diagnose.diagnose(values, rules).findings if one.code == code)


def test_a_loss_on_its_plateau_does_not_hide_that_the_ranking_improved():
    still = {"plateau_ratio": 0.99}
    improved = finding("D1", {**still, "dev_start": 0.8, "dev_best": 0.98}).says
    assert improved == "The loss is still at the level of guessing, although the ranking improved from .80 to .98."
    assert finding("D1", {**still, "dev_start": 0.8, "dev_best": 0.84}).says.startswith("Nothing was learned")
    assert finding("D1", still).says.startswith("Nothing was learned")
    items = finding("D1", {**still, "dev_start": 0.1, "dev_best": 0.5}, rules_of({"objective": "classify"})).says
    assert "the metric on dev improved from .10 to .50" in items


@pytest.mark.parametrize("epochs", [1, 3, 4, 8])
def test_a_last_quarter_needs_four_epochs(epochs):
    values = {"dev_rise": 0.171, "dev_rise_low": 0.1, "dev_best_share": 1.0, "dev_epochs": float(epochs)}
    shown = finding("D18", values).evidence
    assert ("last quarter" in shown) == (epochs >= 4)
    assert (shown == f"after {epochs} epoch{'s' if epochs > 1 else ''}") == (epochs < 4)
