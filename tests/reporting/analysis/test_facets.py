import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr
from toy_judged import B_LETTER, BY_LOSS, GRID, make_judged, run

from seqtwin.reporting.analysis import replicate
from seqtwin.reporting.analysis.facets import facets_of, grid_of
from seqtwin.reporting.analysis.omnibus import interaction


def test_omnibus_finds_an_interaction_and_names_the_cell():
    found = run(make_judged([3, 3, 3, 0.3, 3, 3]))["facets"][0]
    p_of = {term["term"]: term["p"] for term in found["omnibus"]["terms"]}
    assert p_of["interaction"] < 1e-4
    contrasts = {(row["representation"], row["loss"]): row for row in found["interaction"]}
    lowest = min(contrasts, key=lambda key: contrasts[key]["contrast"])
    assert lowest == ("mean_output", "contrastive")
    assert contrasts[lowest]["clear"]
    assert sum(row["contrast"] for row in contrasts.values()) == pytest.approx(0.0, abs=1e-5)
    assert sum(row["share"] for row in found["variance"]) == pytest.approx(1.0, abs=1e-5)


def test_contrasts_are_cell_less_row_less_column():
    judged = make_judged([3, 2, 1, 2, 2.5, 1])
    z = np.arctanh(replicate(judged, 2, np.random.default_rng(0)).observed).mean(axis=1).reshape(3, 2)
    expected = z - z.mean(axis=1, keepdims=True) - z.mean(axis=0) + z.mean()
    rows = run(judged)["facets"][0]["interaction"]
    assert [row["contrast"] for row in rows] == pytest.approx(expected.ravel(), abs=1e-5)


def test_a_collapsed_cell_or_unequal_variance_means_permutations():
    judged = make_judged([2] * 6)
    judged.scores[1, 2] = np.nan
    judged.statuses[1:2] = [["finished", "finished", "collapsed", *["finished"] * 3]]
    found = run(judged, plan={"permutations": 199})["facets"][0]["omnibus"]
    assert found["method"] == "permutation"
    assert "1 of 36 study cells collapsed" in found["why"]
    assert "5 of 6 seeds" in found["why"]
    assert all(term["p"] >= 1 / 200 for term in found["terms"])
    wild = make_judged([2] * 6, seeds=12)
    wild.scores[3] += 40 * np.random.default_rng(0).normal(size=(12, 1)) * wild.targets
    assert "variances differ" in run(wild, plan={"permutations": 99})["facets"][0]["omnibus"]["why"]


def test_a_grid_with_holes_uses_its_complete_part():
    judged = make_judged([2] * 5, pairings=GRID[:5])
    found = run(judged)["facets"][0]["omnibus"]
    assert [term["df"] for term in found["terms"]] == [1, 1, 1]
    assert "without max_output" in found["why"]


def test_the_best_is_chosen_on_dev_not_on_test():
    judged = make_judged([3, 2.9, 1, 1, 1, 1])
    judged.dev[1] = judged.dev.max() + 0.1
    found = run(judged)["facets"][0]
    assert (found["best"]["representation"], found["best"]["loss"]) == ("final_hidden", "contrastive")
    assert found["best"]["p_best"] < 0.5
    assert found["best"]["low"] < found["best"]["test"] < found["best"]["high"]


def test_differences_to_the_best_agree_with_the_letters():
    judged = make_judged([3, 2.95, 1.2, 0.5, 2.9, 0.2])
    facet = run(judged, plan={"rope": 0.01})["facets"][0]
    letters = {(row["representation"], row["loss"]): set(row["letters"]) for row in facet["ties"]}
    best = letters[facet["best"]["representation"], facet["best"]["loss"]]
    assert "a" in best
    assert len(facet["versus_best"]) == 5
    for row in facet["versus_best"]:
        assert row["apart"] is not bool(best & letters[row["representation"], row["loss"]])
        assert row["low"] < row["difference"] < row["high"]
    worst = next(r for r in facet["versus_best"] if (r["representation"], r["loss"]) == ("max_output", "contrastive"))
    assert worst["apart"]
    assert (worst["difference"] > 0.2, worst["p_left"], worst["p_better"]) == (True, 1.0, 1.0)


def test_differences_inside_the_rope_are_ties():
    facet = run(make_judged([3, 2, 3, 3, 3, 3]), plan={"rope": 0.9})["facets"][0]
    assert {row["letters"] for row in facet["ties"]} == {"a"}
    assert not any(row["apart"] for row in facet["versus_best"])


def test_a_pairing_without_a_value_has_no_letter_and_no_row():
    judged = make_judged([2] * 6)
    judged.scores[5] = np.nan
    facet = run(judged)["facets"][0]
    assert [bool(row["letters"]) for row in facet["ties"]] == [True] * 5 + [False]
    assert len(facet["versus_best"]) == 4
    assert len(facet["exploratory"]) == 10


def test_a_metric_that_cannot_be_weighted_gives_no_numbers():
    facet = run(make_judged([2] * 6, metric="mcc"))["facets"][0]
    assert facet["best"] == {}
    assert facet["omnibus"]["refused"]


def test_further_factors_make_facets():
    pairings = [{"cell": cell, **labels} for cell in ("lstm", "gru") for labels in GRID[:4]]
    found = run(make_judged([2] * 8, pairings=pairings), plan={"comparisons": [B_LETTER]})
    assert [facet["labels"] for facet in found["facets"]] == [{"cell": "lstm"}, {"cell": "gru"}]
    assert all(len(facet["ties"]) == 4 for facet in found["facets"])
    assert found["planned"][0]["matched"] == 4


def test_trials_are_found_by_their_labels():
    found = run(make_judged([2] * 6), trials={("max_output", "mse"): [0.2, 0.6]})["facets"][0]["expected"]
    assert found == [{"representation": "max_output", "loss": "mse", "k": [1, 2], "value": [0.4, 0.5]}]


def test_agreement_with_retrieval_by_scipy():
    rng = np.random.default_rng(5)
    mrr = rng.random((6, 6))
    mrr[4, :] = np.nan
    mrr[0, 3] = np.nan
    judged = make_judged([3, 1, 2, 0.5, 2, 1.5], retrieval={"mrr": mrr, "recall@1": np.full((6, 6), np.nan)})
    found = run(judged)["agreement"]
    rho = replicate(judged, 2, np.random.default_rng(0)).observed
    known = [0, 1, 2, 3, 5]
    pair = [np.mean(rho[p][~np.isnan(mrr[p])]) for p in known]
    other = [np.nanmean(mrr[p]) for p in known]
    assert (found[0]["pairings"], found[0]["retrieval"]) == (5, "mrr")
    assert found[0]["kendall"] == pytest.approx(kendalltau(pair, other).statistic, rel=1e-5)
    assert found[0]["spearman"] == pytest.approx(spearmanr(pair, other).statistic, rel=1e-5)
    assert found[0]["low"] <= found[0]["kendall"] <= found[0]["high"]
    assert found[1]["kendall"] is None
    assert "found 0" in found[1]["note"]


def test_identical_pairings_are_never_told_apart():
    judged = make_judged([2] * 6)
    judged.scores[:] = judged.scores[0]
    found = run(judged, plan={"comparisons": [B_LETTER, BY_LOSS]})
    facet = found["facets"][0]
    assert {row["letters"] for row in facet["ties"]} == {"a"}
    assert facet["omnibus"]["refused"] == "pairings do not vary apart from their seeds"
    assert [(row["p_t"], row["claim"]) for row in found["planned"]] == [(1.0, "")] * 2
    assert [row["difference"] for row in found["planned"]] == pytest.approx([0.0] * 2, abs=1e-12)  # but for rounding
    assert facet["best"]["p_best"] == pytest.approx(1 / 6, rel=1e-4)


def test_facets_and_grids_keep_the_order_of_the_study():
    judged = make_judged([2] * 6)
    facet = facets_of(judged, replicate(judged, 3, np.random.default_rng(0)))[0]
    grid = grid_of(facet)
    assert not isinstance(grid, str)
    assert grid.members == [[0, 1], [2, 3], [4, 5]]


def test_contrast_intervals_by_plain_loops():
    judged = make_judged([3, 2, 1, 2], seeds=3, pairs=30, pairings=GRID[:4])
    drawn = replicate(judged, 40, np.random.default_rng(7))
    found = interaction(facets_of(judged, drawn)[0], grid_of(facets_of(judged, drawn)[0]))
    observed, replicates = np.arctanh(drawn.observed).mean(axis=1), []
    for b in range(40):
        seeds = np.repeat(np.arange(3), drawn.seed_counts[b].astype(int))
        replicates.append(np.arctanh(drawn.values[:, seeds, b]).mean(axis=1))
    contrast = np.array([[a - b - c + d, b - a - d + c] for a, b, c, d in [observed, *replicates]]) / 4
    spread = contrast[1:].std(axis=0)
    largest = (np.abs(contrast[1:] - contrast[0]) / spread).max(axis=1)
    reach = spread * np.quantile(largest, 0.95)
    for row, value, away in zip(found, contrast[0], reach, strict=False):
        assert (row["contrast"], row["high"] - row["contrast"]) == pytest.approx((value, away))


def test_a_best_that_stands_last_is_still_the_left_side():
    facet = run(make_judged([0.5, 1, 1, 1, 1, 3]))["facets"][0]
    assert (facet["best"]["representation"], facet["best"]["loss"]) == ("max_output", "contrastive")
    assert all(row["difference"] > 0 and row["p_left"] > 0.9 and row["p_better"] == 1.0 for row in facet["versus_best"])
