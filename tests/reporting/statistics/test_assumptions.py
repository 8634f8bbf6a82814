import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import levene, shapiro

from seqtwin.reporting.statistics.assumptions import levene_p, normality_p

DRAWS = {
    "normal": lambda rng, size: rng.normal(size=size),
    "skewed": lambda rng, size: rng.exponential(size=size),
    "long-tailed": lambda rng, size: rng.standard_t(3, size=size),
    "rounded": lambda rng, size: np.round(rng.normal(size=size), 1),
}


@pytest.mark.parametrize("kind", DRAWS)
@pytest.mark.parametrize("count", [4, 5, 6, 7, 11, 12, 24, 140, 1000, 5000])
def test_normality_is_that_of_scipy(count, kind):
    values = DRAWS[kind](np.random.default_rng(count), count)
    assert normality_p(values) == pytest.approx(shapiro(values).pvalue, rel=1e-5)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 9), st.integers(3, 12), st.sampled_from(sorted(DRAWS)))
def test_equal_variances_are_those_of_scipy(seed, groups, size, kind):
    values = DRAWS[kind](np.random.default_rng(seed), (groups, size))
    assert levene_p(values) == pytest.approx(levene(*values).pvalue)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(4, 60), st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_neither_unit_nor_origin_changes_the_tests(seed, count, unit, origin):
    values = np.random.default_rng(seed).normal(size=(2, count))
    moved = values * unit + origin
    assert levene_p(moved) == pytest.approx(levene_p(values), rel=1e-6)
    assert normality_p(moved[0]) == pytest.approx(normality_p(values[0]), rel=1e-6)


def test_values_that_do_not_vary():
    assert normality_p(np.ones(12)) == 1.0
    assert np.isnan(levene_p(np.ones((3, 4))))
    assert levene_p(np.array([[-1.0, -1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 0.0]])) == 0.0


def test_one_value_far_away_is_seen():
    values = np.random.default_rng(3).normal(size=96)
    values[0] += 1e3
    assert normality_p(values) < 1e-6
    unequal = np.random.default_rng(4).normal(size=(8, 12))
    unequal[2] *= 30
    assert levene_p(unequal) < 0.01
