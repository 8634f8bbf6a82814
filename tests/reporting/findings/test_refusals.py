"""Each refusal blocks its sentence when it should, and stays silent when it may be said."""

import copy
from dataclasses import replace

import fake_study
import pandas as pd
import pytest

from seqtwin.reporting.findings.refusals import check_claims
from seqtwin.reporting.findings.refusals.check_claims import CODES, REFUSALS, Refusal
from seqtwin.reporting.page import certainty
from seqtwin.reporting.table.study_table import read_study

FACTORS = {"representation": ("final_hidden", "mean_output", "max_output"), "loss": ("mse", "contrastive-auto")}
MARGIN = {"representation": "mean_output", "loss": "contrastive-auto"}
OURS = {"metric": "roc_auc", "split": "names", "scale": "0-1", "vectors": "none", "preprocessing": "char"}
PUBLISHED = {"source": "Doe 2019", "value": 0.93, "notes": "", **OURS}


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    """A study that may say what it found: standard, declared, ten seeds, equally tuned, two data sets, two cells."""
    folder = tmp_path_factory.mktemp("refused") / "study"
    fake_study.build(folder, factors=FACTORS, seeds=6, tier="standard", tuned=True)
    table = read_study(folder)
    results = table.results.assign(edge="")
    return replace(table, results=results, analysis=with_claims(table.analysis))


def with_claims(analysis):
    """Every planned difference clear, with the same sign in each of its parts."""
    planned = [
        {**row, "difference": 0.05, "low": 0.03, "high": 0.07, "claim": "left",
         "per": [{**part, "difference": 0.05, "low": 0.03, "high": 0.07} for part in row["per"]]}
        for row in analysis["planned"]
    ]  # fmt: skip
    return {**analysis, "planned": planned}


@pytest.fixture
def table(sound):
    """A copy of it that a test may spoil."""
    kept = copy.deepcopy(sound)
    kept.results.loc[:, "tuned_trials"] = 20.0
    return kept


def planned(table, letter, **within):
    return next(
        row for row in table.analysis["planned"] if row["letter"] == letter and within.items() <= row["within"].items()
    )


def spoil(table, column, value, *, seeds=range(6), **labels):
    """A value in the results of a pairing's seeds."""
    results = table.results
    chosen = results["seed"].isin(list(seeds))
    for key, label in labels.items():
        chosen &= results[key] == label
    assert chosen.any()
    results.loc[chosen, column] = value


def codes(found):
    assert all(isinstance(one, Refusal) and one.sentence and one.why and one.code in CODES for one in found)
    return {one.code for one in found}


def of_planned(table, letter="b", **within):
    return codes(check_claims.check_comparison(table, planned(table, letter, **within)))


def test_all_eighteen_are_documented():
    assert list(CODES) == [f"R{number:02d}" for number in range(1, 19)]


SUBJECTS = ("claim", "pairing", "datasets", "facet", "cause", "study")


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_is_checked_on_each_of_its_subjects(table, code, monkeypatch):
    """Whatever function a rule has is called by the check of its subject, and its refusal comes back."""
    rule = REFUSALS[code]
    subjects = [name for name in SUBJECTS if getattr(rule, name)]
    assert subjects, "a rule that nothing checks"
    for subject in subjects:
        refusal = Refusal(code, "No.", f"by {subject}", "")
        answer = [refusal] if subject == "study" else refusal
        only = replace(rule, **{**dict.fromkeys(SUBJECTS), subject: lambda *_, answer=answer: answer})
        monkeypatch.setattr(check_claims, "_RULES", [only])
        (facet,), row = table.analysis["facets"], planned(table, "b")
        checked = {
            "claim": [check_claims.check_comparison(table, row)],
            "pairing": [check_claims.check_comparison(table, row), check_claims.check_best(table, facet)],
            "datasets": [check_claims.check_comparison(table, row), check_claims.check_best(table, facet)],
            "facet": [check_claims.check_best(table, facet)],
            "cause": [check_claims.check_cause(table, table.pairings.iloc[0])],
            "study": [],
        }[subject]
        in_study = [] if subject == "claim" else [check_claims.check_study(table)]
        assert all(refusal in refusals for refusals in (*checked, *in_study))


def test_a_comparison_never_compares_a_pairing_with_itself(table):
    """Sides that name different factors can both match one pairing."""
    sides = {"left": {"representation": "mean_output"}, "right": {"loss": "mse"}, "within": {}}
    row = {**planned(table, "b"), **sides, "per": []}
    table.results.loc[:, "status"] = "failed"
    found = check_claims.check_comparison(table, row)
    assert not [one for one in found if one.code == "R01" and "in common" not in one.why]


def test_a_sound_study_may_say_what_it_found(table):
    for row in table.analysis["planned"]:
        assert check_claims.check_comparison(table, row) == []
    (facet,) = table.analysis["facets"]
    assert check_claims.check_best(table, facet) == []


def test_r01_quick_or_too_few_paired_seeds(table):
    spoil(table, "status", "failed", seeds=[0], representation="mean_output")
    assert of_planned(table) == set()  # five seeds are left
    spoil(table, "status", "failed", seeds=[1], representation="final_hidden")
    (found,) = check_claims.check_comparison(table, planned(table, "b"))
    assert (found.code, "4 seeds" in found.why) == ("R01", True)  # five each, four in common
    assert of_planned(table, "c") == set()
    spoil(table, "status", "failed", seeds=[1, 2], representation="final_hidden")
    assert "R01" in codes(check_claims.check_study(table))
    table.meta["tier"] = "quick"
    assert "R01" in of_planned(table, "c")
    assert "R01" in codes(check_claims.check_best(table, table.analysis["facets"][0]))


def test_r02_what_was_not_declared(table):
    row = {**planned(table, "b"), "right": {"representation": "attention_output"}}
    assert "R02" in codes(check_claims.check_comparison(table, row))
    labels = [{"representation": name, "loss": "mse"} for name in ("mean_output", "max_output")]
    assert "R02" in codes(check_claims.check_pair(table, *labels))
    declared = [{"representation": "mean_output", "loss": loss} for loss in FACTORS["loss"]]
    assert "R02" not in codes(check_claims.check_pair(table, *declared))
    assert "R02" not in codes(check_claims.check_pair(table, *declared[::-1]))
    assert "R02" not in codes(check_claims.check_study(table))
    table.meta["plan"]["comparisons"] = []
    assert "R02" in codes(check_claims.check_study(table))
    assert "R02" in of_planned(table)


def test_r03_a_verdict_that_holds_under_one_loss(table):
    row = planned(table, "b")
    row["per"][1].update(low=-0.01, high=0.03)
    assert codes(check_claims.check_comparison(table, row)) == set()  # the interaction is shown beside it
    table.analysis["facets"][0]["interaction"] = []
    (found,) = check_claims.check_comparison(table, row)
    assert (found.code, row["per"][0]["labels"]["loss"] in found.why) == ("R03", True)
    row["per"][1].update(low=0.01, high=0.03)
    assert codes(check_claims.check_comparison(table, row)) == set()  # it holds under both
    within = {**row, "within": {"loss": "mse"}}
    within["per"] = row["per"][:1]
    assert "R03" not in codes(check_claims.check_comparison(table, within))


def test_r03_looks_at_the_side_that_is_claimed(table):
    table.analysis["facets"][0]["interaction"] = []
    row = {**planned(table, "b"), "difference": -0.05, "low": -0.07, "high": -0.03, "claim": "right"}
    row["per"] = [{**part, "difference": -0.05, "low": -0.07, "high": -0.03} for part in row["per"]]
    assert codes(check_claims.check_comparison(table, row)) == set()
    row["per"][0].update(low=0.03, high=0.07)
    assert codes(check_claims.check_comparison(table, row)) == {"R03"}


def test_r04_a_loss_that_was_tuned_less(table):
    spoil(table, "tuned_trials", 2.0, **MARGIN)
    (found,) = check_claims.check_comparison(table, planned(table, "e", representation="mean_output"))
    assert (found.code, "2 trials" in found.why, "20" in found.why) == ("R04", True, True)
    assert of_planned(table, "e", representation="max_output") == set()
    spoil(table, "tuned_trials", 2.0, representation="mean_output", loss="mse")
    assert of_planned(table, "e", representation="mean_output") == set()


def test_r04_a_loss_whose_best_margin_lies_at_the_edge(table):
    spoil(table, "edge", "fit.lr", **MARGIN)
    assert of_planned(table, "e", representation="mean_output") == set()
    spoil(table, "edge", "fit.lr;loss.k", seeds=[3], **MARGIN)
    assert of_planned(table, "e", representation="mean_output") == {"R04"}
    row = planned(table, "e", representation="mean_output")
    better = {**row, "difference": -0.05, "low": -0.07, "high": -0.03}
    assert codes(check_claims.check_comparison(table, better)) == set()  # nobody calls the winner bad


def test_r04_a_margin_of_foreign_scale(table):
    entry = next(one for one in table.meta["formulas"] if MARGIN.items() <= one.items())
    entry["settings"] = {"distance": "euclidean", "margin": 10.0, "auto": False}
    (found,) = check_claims.check_comparison(table, planned(table, "e", representation="mean_output"))
    assert (found.code, "10.0" in found.why) == ("R04", True)
    entry["settings"] = {"distance": "euclidean", "margin": 10.0, "auto": True}
    assert of_planned(table, "e", representation="mean_output") == set()


def test_r05_pearson_alone(table):
    assert "R05" not in codes(check_claims.check_study(table))
    others = [f"test_{name}" for name in ("spearman", "roc_auc", "pearson_iso")]
    alone = replace(table, results=table.results.drop(columns=others))
    assert "R05" in codes(check_claims.check_study(alone))
    for kept in others:
        beside = replace(table, results=table.results.drop(columns=[name for name in others if name != kept]))
        assert "R05" not in codes(check_claims.check_study(beside))


@pytest.mark.parametrize("status", ["collapsed", "diverged"])
def test_r06_seeds_that_ended_otherwise(table, status):
    assert "R06" not in codes(check_claims.check_study(table))
    spoil(table, "status", status, seeds=[4], representation="mean_output", loss="mse")
    found = next(one for one in check_claims.check_comparison(table, planned(table, "b")) if one.code == "R06")
    assert f"1 {status}" in found.why
    kept = table.results[(table.results["representation"] == "mean_output") & (table.results["loss"] == "mse")]
    assert f"{kept[kept['seed'] != 4]['test_roc_auc'].mean():.3f}" in found.why
    assert "R06" in codes(check_claims.check_study(table))
    assert of_planned(table, "c") == set()


def test_r06_seeds_that_never_started(table):
    spoil(table, "diag_stuck", 1.0, seeds=[0, 1], representation="mean_output", loss="mse")
    assert of_planned(table) == {"R06"}
    assert "2 on their plateau" in check_claims.check_comparison(table, planned(table, "b"))[0].why


def test_r07_undefined_metrics(table):
    assert "R07" not in codes(check_claims.check_study(table))
    chosen = (table.pairings["representation"] == "mean_output") & (table.pairings["loss"] == "mse")
    table.pairings.loc[chosen, "mean"] = float("nan")
    found = [one for one in check_claims.check_study(table) if one.code == "R07"]
    assert len(found) == 1
    assert "which is not 0" in found[0].why
    assert "R07" in of_planned(table)
    assert of_planned(table, "c") == set()


def test_r08_no_clear_difference(table):
    row = planned(table, "b")
    assert codes(check_claims.check_comparison(table, {**row, "low": -0.001})) == {"R08"}
    assert codes(check_claims.check_comparison(table, {**row, "low": 0.001, "high": 0.009})) == {"R08"}
    assert codes(check_claims.check_comparison(table, {**row, "low": 0.001, "high": 0.011})) == set()
    assert codes(check_claims.check_comparison(table, {**row, "low": None})) == {"R08"}
    wide = copy.deepcopy(table)
    wide.meta["plan"]["rope"] = 0.1
    assert codes(check_claims.check_comparison(wide, row)) == {"R08"}


def test_r08_of_a_pair_reads_its_interval_either_way(table):
    (facet,) = table.analysis["facets"]
    other = facet["versus_best"][0]
    other.update(difference=0.05, low=0.03, high=0.07)
    pair = [{key: one[key] for key in ("representation", "loss")} for one in (facet["best"], other)]
    assert "R08" not in codes(check_claims.check_pair(table, *pair))
    assert "R08" not in codes(check_claims.check_pair(table, *pair[::-1]))
    other.update(low=-0.03)
    assert "contains 0" in next(r for r in check_claims.check_pair(table, *pair) if r.code == "R08").why
    (turned,) = [r for r in check_claims.check_pair(table, *pair[::-1]) if r.code == "R08"]
    assert "-0.070 to 0.030, contains 0" in turned.why
    rows = [table.pairings.iloc[0], table.pairings.iloc[1]]
    assert isinstance(check_claims.check_pair(table, *rows), list)


def test_r09_the_best_is_chosen_on_dev_with_its_optimism(table):
    (facet,) = table.analysis["facets"]
    assert codes(check_claims.check_best(table, {**facet, "best": {**facet["best"], "optimism": None}})) == {"R09"}
    last = facet["versus_best"][-1]
    chosen = {**facet["best"], "representation": last["representation"], "loss": last["loss"]}
    (found,) = check_claims.check_best(table, {**facet, "best": chosen})
    assert (found.code, facet["best"]["representation"] in found.why) == ("R09", True)
    assert codes(check_claims.check_best(table, {**facet, "best": {}})) == {"R09"}


def test_r10_one_place(table):
    found = [one for one in check_claims.check_study(table) if one.code == "R10"]
    assert len(found) == 1
    assert "placenames" in found[0].why
    assert found[0].why.startswith("Only one data set (")
    table.meta["datasets"] = dict.fromkeys(["placenames", "sick"], table.meta["datasets"]["placenames"])
    assert "R10" in codes(check_claims.check_study(table))  # still one kind of cell
    table.results["encoder.cell"] = ["lstm", "gru"] * (len(table.results) // 2)
    assert "R10" not in codes(check_claims.check_study(table))
    assert "R10" not in of_planned(table)  # it bounds the claim and does not forbid it


@pytest.mark.parametrize("field", OURS)
def test_r11_a_published_number_under_other_conditions(table, field):
    table.meta["config"]["base"]["data"] = {"name": "names"}
    table.meta["published"] = [PUBLISHED]
    assert "R11" not in codes(check_claims.check_study(table))
    table.meta["published"] = [PUBLISHED, {**PUBLISHED, field: "another"}, {**PUBLISHED, field: ""}]
    found = [one for one in check_claims.check_study(table) if one.code == "R11"]
    assert len(found) == 2
    assert all(field in one.why and OURS[field] in one.why for one in found)
    assert "not stated" in found[1].why


def test_r11_of_several_data_sets_the_nearest_counts(table):
    table.meta["config"]["base"]["data"] = {"name": "names"}
    table.meta["published"] = [PUBLISHED]
    table.meta["datasets"] = {"sick": {"primary": "spearman"}, "placenames": {"primary": "roc_auc"}}
    assert "R11" not in codes(check_claims.check_study(table))


def test_r12_a_bad_pairing_without_a_finding(table):
    assert "R12" in codes(check_claims.check_study(table))
    worst = table.pairings.sort_values("mean").iloc[0]
    assert codes(check_claims.check_cause(table, worst)) == {"R12"}
    labels = {key: worst[key] for key in ("representation", "loss")}
    spoil(table, "diag_saturated", 0.9, **labels)
    assert check_claims.check_cause(table, worst) == []
    spoil(table, "diag_saturated", 0.9)
    assert "R12" not in codes(check_claims.check_study(table))


def test_r12_close_pairings_are_not_called_bad(table):
    table.pairings["mean"] = table.pairings["mean"].max() - 0.009
    assert "R12" not in codes(check_claims.check_study(table))


def test_r13_shared_items(table):
    spoil(table, "diag_leakage_share", 0.023)
    found = next(one for one in check_claims.check_comparison(table, planned(table, "b")) if one.code == "R13")
    assert "2.3 %" in found.why
    (facet,) = table.analysis["facets"]
    assert codes(check_claims.check_best(table, facet)) == {"R13"}
    assert "R13" in codes(check_claims.check_study(table))
    assert check_claims.title_note(table) == ""
    table.meta["allow_leakage"] = "the official split shares them"
    assert of_planned(table) == set()
    assert "R13" not in codes(check_claims.check_study(table))
    assert "2.3 %" in check_claims.title_note(table)
    assert check_claims.title_note(table).endswith("the official split shares them")


def test_r14_still_on_the_plateau(table):
    stuck = {"representation": "mean_output", "loss": "mse"}
    spoil(table, "diag_stuck", 1.0, **stuck)
    assert of_planned(table) == {"R14"}
    assert of_planned(table, "c") == set()
    assert "R14" in codes(check_claims.check_study(table))


@pytest.mark.parametrize(("column", "value"), [("diag_plateau_ratio", 0.97), ("diag_left_plateau_share", 0.9)])
def test_r14_late_or_back_on_it(table, column, value):
    spoil(table, column, value, seeds=[0, 1, 2], representation="mean_output", loss="mse")
    assert "R14" in of_planned(table)
    spoil(table, column, 0.1, seeds=[0], representation="mean_output", loss="mse")
    assert "R14" not in of_planned(table)  # fewer than half


def test_r14_an_extended_run_settles_it(table):
    table.meta["extra"] = ["fit.epochs"]
    longer = table.results.assign(**{"fit.epochs": "50"})
    frames = [table.results.assign(**{"fit.epochs": "10", "diag_stuck": 1.0, "diag_plateau_ratio": 1.0}), longer]
    pairings = [table.pairings.assign(**{"fit.epochs": text}) for text in ("10", "50")]
    reads = table.reads.assign(**{"fit.epochs": "10"})
    both = replace(table, results=pd.concat(frames), pairings=pd.concat(pairings), reads=reads)
    assert "R14" not in codes(check_claims.check_study(both))
    frames[1] = longer.assign(diag_stuck=1.0)
    assert "R14" in codes(check_claims.check_study(replace(both, results=pd.concat(frames))))


def test_further_factors_pair_like_with_like(table):
    """Comparisons over two data sets: only the pairings of the named one count."""
    table.meta["extra"] = ["data.name"]
    other = table.results.assign(**{"data.name": "sick", "dataset": "sick", "status": "collapsed"})
    here = table.results.assign(**{"data.name": "placenames"})
    pairings = [table.pairings.assign(**{"data.name": "sick", "dataset": "sick"}),
                table.pairings.assign(**{"data.name": "placenames"})]  # fmt: skip
    both = replace(table, results=pd.concat([here, other], ignore_index=True), pairings=pd.concat(pairings))
    assert of_planned(both) == set()
    assert {"R01", "R06"} <= codes(check_claims.check_comparison(both, {**planned(both, "b"), "dataset": "sick"}))


def rising(table, gain, **labels):
    """Give a pairing curves that rise by `gain` in the last quarter of their six epochs."""
    ids = set(table.results.loc[(table.results[list(labels)] == pd.Series(labels)).all(axis=1), "id"])
    assert ids
    chosen = table.curves["id"].isin(ids)
    table.curves.loc[chosen, "dev"] = 0.5 + table.curves.loc[chosen, "epoch"] * gain / 1.5


def test_r15_no_comparison_of_losses_with_a_pairing_that_was_still_rising(table):
    rising(table, 0.012, representation="mean_output", loss="mse")
    assert of_planned(table, "e", representation="mean_output") == {"R15"}
    assert of_planned(table, "e", representation="max_output") == set()
    (named,) = [one for one in check_claims.check_study(table) if one.code == "R15"]
    assert named.sentence == "Not enough steps for 1 of 6 pairings."
    assert "mean_output + mse (+.012 in the last quarter)" in named.why
    assert named.why.endswith("fit.epochs=12.")  # twice those of the config


def test_r15_a_rise_within_the_noise_is_none(table):
    rising(table, 0.004, representation="mean_output", loss="mse")
    assert of_planned(table, "e", representation="mean_output") == set()
    assert "R15" not in codes(check_claims.check_study(table))


def test_r15_representations_are_compared_unless_the_lower_one_would_catch_up(table):
    means = {"final_hidden": 0.8, "mean_output": 0.9, "max_output": 0.9}
    table.pairings["mean"] = table.pairings["representation"].map(means)
    rising(table, 0.02, representation="final_hidden", loss="mse")  # at most .08 with as many epochs again
    assert of_planned(table, "b") == set()
    rising(table, 0.03, representation="final_hidden", loss="mse")
    assert of_planned(table, "b") == {"R15"}
    rising(table, 0.01, representation="mean_output", loss="mse")  # the other one moves, too
    assert of_planned(table, "b") == set()


def test_r15_the_best_is_not_called_so_if_a_worse_one_would_catch_up(table):
    (facet,) = table.analysis["facets"]
    best = facet["best"]
    other = {
        "representation": best["representation"],
        "loss": next(x for x in ("mse", "contrastive-auto") if x != best["loss"]),
    }
    facet = {**facet, "versus_best": [{**other, "difference": 0.3, "low": 0.2, "high": 0.4, "apart": True}]}
    assert check_claims.check_best(table, facet) == []
    rising(table, 0.01, **other)
    assert codes(check_claims.check_best(table, facet)) == {"R15"}
    facet["versus_best"][0]["apart"] = False  # no difference is claimed
    assert check_claims.check_best(table, facet) == []


def test_r15_needs_half_of_the_seeds(table):
    labels = {"representation": "mean_output", "loss": "mse"}
    rising(table, 0.012, **labels)
    few = table.results[(table.results[list(labels)] == pd.Series(labels)).all(axis=1)]["id"].iloc[:2]
    flat = ~table.curves["id"].isin(few) & table.curves["id"].str.contains("mean_output.mse", regex=False)
    table.curves.loc[flat, "dev"] = 0.9
    assert of_planned(table, "e", representation="mean_output") == set()


def with_epochs(table, epochs, dev):
    """Give every study cell a curve: `dev` before training and after each of some epochs."""
    rows = table.curves[table.curves["epoch"] <= epochs].copy()
    rows["dev"] = rows["epoch"].map(dict(enumerate(dev)))
    return replace(table, curves=rows)


def test_r14_says_that_the_ranking_improved_where_it_did(table):
    spoil(table, "diag_stuck", 1.0, representation="mean_output", loss="mse")
    (flat,) = [one.why for one in check_claims.check_study(with_epochs(table, 1, [0.8, 0.81])) if one.code == "R14"]
    assert "not learned anything yet" in flat
    (risen,) = [one.why for one in check_claims.check_study(with_epochs(table, 1, [0.8, 0.98])) if one.code == "R14"]
    assert "although the ranking improved from .80 to .98" in risen
    assert "learned anything" not in risen


def test_r14_of_one_seed_is_singular(table):
    one = replace(table, results=table.results[table.results["seed"] == 0].copy())
    spoil(one, "diag_stuck", 1.0, seeds=[0], representation="mean_output", loss="mse")
    (why,) = [one.why for one in check_claims.check_study(one) if one.code == "R14"]
    assert why.startswith("1 of 1 seed has ")


@pytest.mark.parametrize(("dev", "words"), [([0.6, 0.8], "after 1 epoch"), ([0.4, 0.6, 0.8], "after 2 epochs")])
def test_r15_has_no_last_quarter_below_four_epochs(table, dev, words):
    few = with_epochs(table, len(dev) - 1, dev)
    (why,) = [one.why for one in check_claims.check_study(few) if one.code == "R15"]
    assert f"still rising on validation data {words}" in why
    assert "quarter" not in why
    assert "+." not in why
    reasons = [one.why for one in check_claims.check_comparison(few, planned(few, "e")) if one.code == "R15"]
    assert reasons
    assert all(words in reason and "quarter" not in reason for reason in reasons)


def test_r15_gives_the_advice_of_r14_where_that_applies(table):
    rising(table, 0.012, representation="mean_output", loss="mse")
    spoil(table, "diag_stuck", 1.0, representation="max_output", loss="mse")
    (why,) = [one.why for one in check_claims.check_study(table) if one.code == "R15"]
    assert why.endswith("five times as long: fit.epochs=30.")
    assert "twice" not in why


def test_an_encoder_without_recurrence_is_named_in_words(table):
    base = {**table.meta["config"]["base"], "encoder": {"cell": "none", "embedding": 8}}
    plain = replace(table, meta={**table.meta, "config": {**table.meta["config"], "base": base}})
    (found,) = [one for one in check_claims.check_study(plain) if one.code == "R10"]
    assert "one cell (no recurrence)" in found.why
    assert certainty.certainty(plain)["scope"].endswith(", with no recurrence, embedding 8")
