"""The estimated precision of linked pairs: hand-computed shares, SciPy's Wilson interval, and simulated coverage."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from seqtwin.errors import ConfigError
from seqtwin.matching.label_sample import draw_sample
from seqtwin.matching.precision_estimate import (
    Estimate,
    Share,
    Strata,
    check_target,
    choose_estimate,
    estimate_at,
    estimate_labelled,
    threshold_after,
    wilson,
)

SCORES = np.linspace(1.0, 0.0, 100, dtype=np.float32)


def strata(edges: list[int], labelled: list[int], same: list[int]) -> Strata:
    return Strata(np.array(edges), np.array(labelled), np.array(same))


@pytest.mark.parametrize(("same", "size"), [(0, 7), (3, 7), (7, 7), (190, 200)])
def test_wilson_is_that_of_scipy(same: int, size: int) -> None:
    low, high = binomtest(same, size).proportion_ci(method="wilson")
    found = wilson(same / size, size)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_the_strata_are_weighted_by_their_sizes() -> None:
    found = strata([0, 20, 100], [10, 10], [10, 5])
    assert found.precision(100).value == pytest.approx((20 * 1.0 + 80 * 0.5) / 100)
    assert found.precision(20).value == 1.0
    assert found.precision(60).value == pytest.approx((20 * 1.0 + 40 * 0.5) / 60), "a stratum that is partly inside"
    assert found.recall(20).value == pytest.approx(20 / 60)
    assert found.recall(100).value == 1.0
    assert np.isnan(strata([0, 20, 100], [10, 10], [0, 0]).recall(20).value)


def test_one_stratum_is_a_simple_random_sample() -> None:
    found, plain = strata([0, 1000], [100], [80]).precision(1000), wilson(0.8, 100)
    assert (found.low, found.high) == pytest.approx((plain.low, plain.high), abs=0.005)


def test_all_pairs_labelled_leave_no_doubt() -> None:
    found = strata([0, 4, 10], [4, 6], [4, 3])
    assert found.precision(10) == Share(0.7, 0.7, 0.7)
    assert found.recall(4) == Share(4 / 7, 4 / 7, 4 / 7)


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(1, 30), st.integers(0, 30)), min_size=1, max_size=8))
def test_every_interval_contains_its_estimate(parts: list[tuple[int, int, int]]) -> None:
    sizes = np.array([size for size, _, _ in parts])
    labelled = np.minimum([count for _, count, _ in parts], sizes)
    same = np.minimum([count for _, _, count in parts], labelled)
    found = Strata(np.concatenate([[0], np.cumsum(sizes)]), labelled, same)
    for pairs in range(1, int(sizes.sum()) + 1, 37):
        for share in (found.precision(pairs), found.recall(pairs)):
            assert 0.0 <= share.low <= share.high <= 1.0
            assert np.isnan(share.value) or share.low <= share.value <= share.high


def simulated(
    count: int, rows: int, middle: float, slope: float, rng: np.random.Generator
) -> tuple[np.ndarray, Strata]:
    """Whether each of `count` candidate pairs is the same, by rank, and a labelled sample of them."""
    chance = np.minimum(1 / (1 + np.exp((np.arange(count) / count - middle) / slope)), 0.995)
    same = rng.random(count) < chance
    sample = draw_sample(-np.arange(count, dtype=float), rows, rng)
    strata_count = len(sample.edges) - 1
    found = np.bincount(sample.stratum[same[sample.ranks]], minlength=strata_count)
    return same, Strata(sample.edges, np.bincount(sample.stratum, minlength=strata_count), found)


@pytest.mark.parametrize(("rows", "middle", "slope"), [(100, 0.6, 0.1), (200, 0.3, 0.08), (200, 0.5, 0.02)])
def test_intervals_cover_the_truth_and_the_chosen_precision_is_reached(rows: int, middle: float, slope: float) -> None:
    rng, runs, missed = np.random.default_rng(5), 150, 0
    covered: dict[str, list[bool]] = {"precision": [], "recall": []}
    for _ in range(runs):
        same, labelled = simulated(5000, rows, middle, slope, rng)
        found, total = np.cumsum(same), int(same.sum())
        estimates = estimate_labelled(-np.arange(5000, dtype=float), labelled)
        for one in estimates:
            reached = int(found[one.pairs - 1])
            covered["precision"].append(one.precision.low <= reached / one.pairs <= one.precision.high)
            covered["recall"].append(one.recall.low <= reached / total <= one.recall.high + 1e-9)
        if any(one.precision.low >= 0.9 for one in estimates):
            chosen = choose_estimate(estimates, 0.9, "", "").pairs
            missed += found[chosen - 1] / chosen < 0.9
    assert all(np.mean(hits) > 0.92 for hits in covered.values())
    assert missed / runs < 0.06


def test_a_threshold_is_between_two_scores_as_they_are_compared() -> None:
    assert threshold_after(np.array([0.9, 0.5, 0.1]), 1) == pytest.approx(0.7)
    close = np.array([1.0, np.nextafter(np.float32(1), np.float32(0))], dtype=np.float32)
    for rank in (1, 2):
        assert int((close >= threshold_after(close, rank)).sum()) == rank
    for rank in range(1, 101):
        assert int((threshold_after(SCORES, rank) <= SCORES).sum()) == rank


def test_the_lowest_threshold_whose_interval_reaches_the_target_is_chosen() -> None:
    shares = [(0.3, 0.80), (0.5, 0.91), (0.7, 0.89), (0.9, 0.95)]
    made = [Estimate(t, 10, Share(low + 0.04, low, 1.0), Share(0.5, 0.4, 0.6)) for t, low in shares]
    assert choose_estimate(made, 0.9, "", "").threshold == 0.5
    with pytest.raises(ConfigError, match=r"all at 0\.99 or above; the best is 0\.950") as caught:
        choose_estimate(made, 0.99, "labels.csv", "label more")
    assert (caught.value.code, caught.value.remedy) == ("PRECISION_UNREACHED", "label more")


def test_the_estimate_at_a_threshold_needs_sampled_pairs() -> None:
    labelled = strata([0, 10, 50], [10, 10], [10, 5])
    assert estimate_at(SCORES, labelled, 0.9, "").pairs == 10
    for threshold, code in ((1.5, "PRECISION_NO_PAIRS"), (0.2, "PRECISION_BELOW")):
        with pytest.raises(ConfigError) as caught:
            estimate_at(SCORES, labelled, threshold, "")
        assert caught.value.code == code


@pytest.mark.parametrize("target", [0.0, 1.0, 95.0, float("nan")])
def test_a_target_is_a_share(target: float) -> None:
    with pytest.raises(ConfigError, match="between 0 and 1"):
        check_target(target)
