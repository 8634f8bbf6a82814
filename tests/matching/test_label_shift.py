"""The estimate without labels on drawn scores of known prevalence: the truth, the intervals, and the refusals."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from seqtwin.errors import ConfigError
from seqtwin.matching.label_shift import Reference, bin_thresholds, estimate_unlabelled, fit_prevalence


def drawn(
    count: int, prevalence: float, rng: np.random.Generator, *, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Scores, best first, and whether each pair is the same. `shift`: added to the scores of the different pairs."""
    same = rng.random(count) < prevalence
    scores = np.where(same, rng.normal(1.2, 0.5, count), rng.normal(shift, 0.5, count))
    order = np.argsort(-scores)
    return scores[order], same[order]


@pytest.mark.parametrize("prevalence", [0.05, 0.3, 0.9])
def test_a_known_prevalence_and_the_precision_are_recovered(prevalence: float) -> None:
    rng, covered, found = np.random.default_rng(3), [], []
    for _ in range(20):
        scores, same = drawn(4000, prevalence, rng)
        try:
            shifted = estimate_unlabelled(scores, Reference(*drawn(1500, 0.5, rng)), rng)
        except ConfigError as error:  # the test of the fit is wrong in 1 % of the cases
            if error.code != "PRECISION_FIT":
                raise
            continue
        found.append(shifted.prevalence)
        right = np.cumsum(same)
        for one in shifted.estimates:
            covered.append(one.precision.low <= right[one.pairs - 1] / one.pairs <= one.precision.high)
            covered.append(one.recall.low <= right[one.pairs - 1] / right[-1] <= one.recall.high)
    assert len(found) >= 17
    assert np.mean(found) == pytest.approx(prevalence, abs=0.015)
    assert np.mean(covered) > 0.92


def test_em_finds_the_maximum_of_the_likelihood() -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        counts = rng.integers(1, 100, size=6)
        f1, f0 = rng.dirichlet(np.ones(6), size=2)

        def loss(pi: float, counts=counts, f1=f1, f0=f0) -> float:
            return -float(counts @ np.log(pi * f1 + (1 - pi) * f0))

        best = minimize_scalar(loss, bounds=(0.0, 1.0), method="bounded", options={"xatol": 1e-8}).x
        assert float(fit_prevalence(counts, f1, f0)) == pytest.approx(best, abs=1e-3)


@given(st.integers(0, 1000), st.floats(0.1, 0.9))
@settings(max_examples=20, deadline=None)
def test_estimates_are_shares_and_count_the_pairs_that_reach_them(seed: int, prevalence: float) -> None:
    rng = np.random.default_rng(seed)
    scores, _ = drawn(300, prevalence, rng)
    scores = np.round(scores, 1)  # with many equal scores
    try:
        found = estimate_unlabelled(scores, Reference(*drawn(400, 0.5, rng)), rng, limit=0.75).estimates
    except ConfigError as error:
        if error.code != "PRECISION_FIT":
            raise
        return
    thresholds = [one.threshold for one in found]
    assert thresholds == sorted(set(thresholds))
    assert 0.75 in thresholds
    for one in found:
        assert one.pairs == int((scores >= one.threshold).sum()) > 0
        for share in (one.precision, one.recall):
            assert 0.0 <= share.low <= share.high <= 1.0
    assert [one.recall.value for one in found] == sorted((one.recall.value for one in found), reverse=True)


def test_bins_have_equal_weight_in_both_lists() -> None:
    rng = np.random.default_rng(1)
    scores, (others, same) = drawn(2000, 0.5, rng)[0], drawn(1000, 0.5, rng)
    cuts = bin_thresholds(scores, Reference(others, same))
    assert len(cuts) == 19
    for place, cut in enumerate(cuts):
        share = ((scores >= cut).mean() + (others >= cut).mean()) / 2
        assert share == pytest.approx(1 - (place + 1) / 20, abs=0.005)


@pytest.mark.parametrize(
    ("count", "reference", "prevalence", "message"),
    [
        (99, 500, 0.5, "99 candidate pairs in this list, expected 100"),
        (500, 500, 0.01, "that are the same, expected 30"),
        (500, 500, 0.99, "that are different, expected 30"),
        (500, 0, 0.5, "0 candidate pairs of the labelled file that are the same"),
    ],
)
def test_too_few_pairs_are_refused(count: int, reference: int, prevalence: float, message: str) -> None:
    rng = np.random.default_rng(2)
    with pytest.raises(ConfigError, match=message) as caught:
        estimate_unlabelled(drawn(count, 0.5, rng)[0], Reference(*drawn(reference, prevalence, rng)), rng)
    assert caught.value.code == "PRECISION_FEW"


def test_scores_that_contradict_the_assumption_are_refused() -> None:
    rng = np.random.default_rng(4)
    scores, _ = drawn(4000, 0.3, rng, shift=0.3)
    with pytest.raises(ConfigError, match="no mixture") as caught:
        estimate_unlabelled(scores, Reference(*drawn(1500, 0.5, rng)), rng)
    assert caught.value.code == "PRECISION_FIT"
    assert "--sample" in caught.value.remedy
