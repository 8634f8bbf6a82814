import numpy as np
import pytest
from scipy.stats import spearmanr, ttest_rel
from sklearn.metrics import roc_auc_score
from toy_judged import B_LETTER, BY_LOSS, GRID, REPRESENTATIONS, make_judged, run

from seqtwin.comparisons import matching_pairings
from seqtwin.files import dump_json
from seqtwin.reporting.analysis import analyse, replicate
from seqtwin.reporting.statistics.paired import adjusted


def test_contrasts_by_plain_loops():
    judged = make_judged([2, 1, 2, 2, 2, 2], seeds=4, pairs=24)
    drawn = replicate(judged, 15, np.random.default_rng(3))
    found = drawn.contrast({0: 1.0, 1: -1.0})
    rho = np.array([[spearmanr(row, judged.targets).statistic for row in cell] for cell in judged.scores])
    assert drawn.observed == pytest.approx(rho)
    assert found.observed == pytest.approx((rho[0] - rho[1]).mean())
    assert found.left_seeds == pytest.approx([np.delete(rho[0] - rho[1], s).mean() for s in range(4)])
    for b in range(15):
        pairs = np.repeat(np.arange(24), drawn.cluster_counts[b][judged.cluster_of].astype(int))
        seeds = np.repeat(np.arange(4), drawn.seed_counts[b].astype(int))
        values = [
            spearmanr(judged.scores[0, s, pairs], judged.targets[pairs]).statistic
            - spearmanr(judged.scores[1, s, pairs], judged.targets[pairs]).statistic
            for s in seeds
        ]
        assert found.replicates[b] == pytest.approx(np.mean(values))


def test_each_cluster_left_out_once_is_the_jackknife():
    judged = make_judged([2, 1], seeds=2, pairs=10, pairings=GRID[:2])
    found = replicate(judged, 5, np.random.default_rng(3)).contrast({1: 1.0})
    for cluster in range(5):
        kept = judged.cluster_of != cluster
        values = [spearmanr(row[kept], judged.targets[kept]).statistic for row in judged.scores[1]]
        assert found.left_pairs[cluster] == pytest.approx(np.mean(values))


def test_a_missing_seed_leaves_the_others_of_both_sides():
    judged = make_judged([2, 1, 2, 2, 2, 2], seeds=3)
    judged.scores[0, 1] = np.nan
    drawn = replicate(judged, 30, np.random.default_rng(0))
    rho = drawn.observed
    assert drawn.contrast({0: 1.0, 1: -1.0}).observed == pytest.approx((rho[0] - rho[1])[[0, 2]].mean())
    assert drawn.contrast({1: 1.0}).observed == pytest.approx(rho[1].mean())


def test_a_binary_metric_cuts_the_targets():
    judged = make_judged([2, 1], seeds=2, pairings=GRID[:2], metric="roc_auc", cut=0.7)
    found = replicate(judged, 5, np.random.default_rng(0)).observed
    assert found[0, 1] == pytest.approx(roc_auc_score(judged.targets >= 0.7, judged.scores[0, 1]))


def test_planned_tests_are_those_of_scipy():
    judged = make_judged([2, 1.6, 1.5, 2, 2, 2])
    found = run(judged, plan={"comparisons": [B_LETTER, {**BY_LOSS, "within": {"representation": "max_output"}}]})
    rho = replicate(judged, 2, np.random.default_rng(0)).observed
    z = np.arctanh(rho)
    first, second = found["planned"]
    expected = ttest_rel(z[[0, 1]].mean(axis=0), z[[2, 3]].mean(axis=0))
    assert (first["matched"], first["seeds"]) == (2, 6)
    assert (first["t"], first["p_t"]) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-5)
    assert first["difference"] == pytest.approx((rho[[0, 1]] - rho[[2, 3]]).mean(), rel=1e-5)
    assert [part["labels"] for part in first["per"]] == [{"loss": "mse"}, {"loss": "contrastive"}]
    assert first["per"][1]["difference"] == pytest.approx((rho[1] - rho[3]).mean(), rel=1e-4)
    assert second["p_t"] == pytest.approx(ttest_rel(z[4], z[5]).pvalue, rel=1e-5)
    holm = [adjusted([row[name] for row in (first, second)], "holm") for name in ("p_t", "p_flip")]
    assert [row["p_holm"] for row in (first, second)] == pytest.approx(np.max(holm, axis=0), rel=1e-5)
    assert first["p_left"] + first["p_rope"] + first["p_right"] == pytest.approx(1.0)


def test_a_claim_needs_enough_seeds_and_a_real_size():
    strong = {"comparisons": [B_LETTER]}
    claims = {
        seeds: run(make_judged([3, 3, 1, 1, 2, 2], seeds=seeds), plan=strong)["planned"][0]["claim"] for seeds in (5, 6)
    }
    assert claims == {5: "", 6: "left"}  # the sign flip of five seeds cannot go below .0625
    turned = run(make_judged([1, 1, 3, 3, 2, 2]), plan=strong)["planned"][0]
    assert (turned["claim"], turned["p_right"] > 0.9) == ("right", True)
    inside = run(make_judged([3, 3, 1, 1, 2, 2]), plan=strong | {"rope": 0.9})["planned"][0]
    assert inside["p_holm"] < 0.05
    assert (inside["claim"], inside["p_rope"]) == ("", 1.0)


def test_more_comparisons_cost():
    judged = make_judged([3, 3, 1, 1, 2, 2])
    within = [{**BY_LOSS, "within": {"representation": name}} for name in REPRESENTATIONS]
    alone, among = (run(judged, plan={"comparisons": [B_LETTER, *others]}) for others in ([], within))
    assert alone["planned"][0]["claim"] == "left"
    assert among["planned"][0]["claim"] == ""
    assert among["planned"][0]["p_holm"] == pytest.approx(4 * alone["planned"][0]["p_holm"])


def test_a_pairing_is_never_compared_with_itself():
    same = {
        "name": "same",
        "letter": "",
        "left": {"representation": "max_output"},
        "right": {"loss": "mse"},
        "within": {},
    }
    (row,) = run(make_judged([3, 3, 1, 1, 2, 2]), plan={"comparisons": [same]})["planned"]
    labels = [{**GRID[i]} for i in range(len(GRID))]
    pairs = matching_pairings(labels, same)
    assert row["matched"] == len(pairs)
    assert all(left != right for left, right in pairs)
    alone = [labels[GRID.index({"representation": "max_output", "loss": "mse"})]]
    (row,) = run(make_judged([3], pairings=alone), plan={"comparisons": [same]})["planned"]
    assert (row["matched"], row["refused"]) == (0, "no two pairings of this study match it")


def test_each_data_set_is_a_family_of_its_own():
    judged = [make_judged([3, 3, 1, 1, 2, 2], dataset=name) for name in ("one", "other")]
    found = run(*judged, plan={"comparisons": [B_LETTER]})["planned"]
    assert [(row["dataset"], row["claim"]) for row in found] == [("one", "left"), ("other", "left")]


def test_comparisons_that_cannot_be_made_say_why():
    judged = make_judged([2] * 6)
    judged.scores[2, 1:] = np.nan
    nothing = {**B_LETTER, "left": {"representation": "last_output"}}
    found = run(judged, plan={"comparisons": [B_LETTER, nothing, BY_LOSS]})["planned"]
    assert "needs 2 seeds" in found[0]["refused"]
    assert "no two pairings" in found[1]["refused"]
    assert all(row["p_holm"] is None and row["claim"] == "" for row in found)


def test_sides_of_several_factors():
    pairings = [
        {"padding": p, "representation": r, "loss": "mse"} for p in ("read", "masked") for r in ("last_output", "x")
    ]
    comparison = {
        "name": "a", "letter": "a", "left": {"padding": "read", "representation": "last_output"},
        "right": {"padding": "masked", "representation": "x"}, "within": {"loss": "mse"},
    }  # fmt: skip
    judged = make_judged([3, 1, 1, 2], pairings=pairings)
    row = run(judged, plan={"comparisons": [comparison]})["planned"][0]
    rho = replicate(judged, 2, np.random.default_rng(0)).observed
    assert (row["matched"], row["per"][0]["labels"]) == (1, {"loss": "mse"})
    assert row["difference"] == pytest.approx((rho[0] - rho[3]).mean(), rel=1e-5)


@pytest.mark.parametrize(
    ("pairings", "seeds", "why"), [(GRID[:1], 3, "2 losses"), (GRID[:2], 3, "2 representations"), (GRID, 1, "2 seeds")]
)
def test_what_is_too_small_is_refused_in_full_shape(pairings, seeds, why):
    judged = make_judged([2] * len(pairings), seeds=seeds, pairings=pairings)
    found = run(judged, plan={"comparisons": [B_LETTER]})
    facet = found["facets"][0]
    assert why in facet["omnibus"]["refused"]
    assert (facet["omnibus"]["terms"], facet["variance"], facet["interaction"]) == ([], [], [])
    assert len(facet["ties"]) == len(pairings)
    assert found["planned"][0]["claim"] == ""
    dump_json(found)


def test_nothing_judged_is_the_full_shape_too():
    assert set(run()) == {"facets", "planned", "agreement", "validity"}


def test_undefined_replicates_refuse_the_interval_and_are_counted():
    judged = make_judged([2, 2], seeds=2, pairs=6, pairings=GRID[:2], metric="roc_auc", cut=0.95)
    judged.targets[:] = [1.0, 0, 0, 0, 0, 0]
    found = run(judged, plan={"comparisons": [BY_LOSS]})
    assert found["validity"]["undefined_share"] > 0.01
    assert found["facets"][0]["best"]["low"] is None
    assert "undefined" in found["planned"][0]["refused"]
    dump_json(found)


def test_the_same_generator_gives_the_same_dict():
    judged = make_judged([2, 1, 2, 2, 2, 2])
    plan = {"comparisons": [B_LETTER, BY_LOSS]}
    assert dump_json(run(judged, plan=plan)) == dump_json(run(judged, plan=plan))
    drawn = [replicate(judged, 60, np.random.default_rng(0))]
    ready = [analyse([judged], plan, {}, replicates=60, rng=np.random.default_rng(2), drawn=drawn) for _ in range(2)]
    assert ready[0] == ready[1]


@pytest.mark.long
def test_a_null_grid_claims_nothing_and_a_planted_one_does():
    """Science 8.2 in small: the benchmark does it in full."""
    plan = {"comparisons": [B_LETTER, *({**BY_LOSS, "within": {"representation": r}} for r in REPRESENTATIONS)]}
    claims = 0
    for seed in range(8):
        judged = make_judged([1.5] * 6, seeds=8, rng=np.random.default_rng(seed))
        claims += any(row["claim"] for row in run(judged, plan=plan, replicates=100)["planned"])
    assert claims <= 1
    planted = make_judged([1.5, 0.5, 1.5, 1.5, 1.5, 1.5], seeds=8)
    rows = run(planted, plan=plan)["planned"]
    assert [row["claim"] for row in rows[1:]] == ["left", "", ""]
