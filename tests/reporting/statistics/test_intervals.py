import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, skew
from statsmodels.stats.proportion import proportion_confint

from seqtwin.reporting import statistics
from seqtwin.reporting.statistics import intervals


def test_bca_is_that_of_scipy():
    data = np.random.default_rng(0).exponential(size=40)
    reference = bootstrap((data,), np.mean, n_resamples=2000, method="BCa", rng=np.random.default_rng(1))
    left_out = (data.sum() - data) / 39
    found = statistics.bca_interval(reference.bootstrap_distribution, float(data.mean()), (left_out,))
    expected = reference.confidence_interval
    assert (found.low, found.high) == pytest.approx((expected.low, expected.high), abs=1e-4)
    assert found.skewed


def test_acceleration_of_one_mean_is_a_sixth_of_the_skewness_of_the_data():
    data = np.random.default_rng(3).exponential(size=50)
    left_out = (data.sum() - data) / 49
    expected = skew(data) / (6 * np.sqrt(50))
    assert intervals.acceleration((left_out,)) == pytest.approx(expected)
    assert intervals.acceleration((left_out, np.empty(0), np.ones(4))) == pytest.approx(expected)


def test_the_choice_follows_the_skewness():
    rng = np.random.default_rng(4)
    even, skewed = rng.normal(size=4000), rng.exponential(size=4000)
    assert statistics.skewness(skewed) == pytest.approx(skew(skewed))
    assert not statistics.chosen_interval(even, 0.0, ()).skewed
    found = statistics.chosen_interval(skewed, 1.0, (np.array([0.9, 1.0, 1.2]),))
    assert found.skewed
    assert found.low < 1.0 < found.high


def test_what_cannot_be_corrected_stays_percentile():
    values = np.concatenate([np.zeros(90), np.ones(10)])
    assert statistics.bca_interval(values, 2.0, ()) == statistics.percentile_interval(values)
    assert statistics.bca_interval(np.full(10, np.nan), 0.0, ()).refused


def test_simultaneous_reach_holds_for_all_at_once():
    rng = np.random.default_rng(5)
    replicates = rng.normal(size=(6, 5000)) * np.arange(1, 7)[:, None]
    reach = statistics.simultaneous_reach(replicates, np.zeros(6))
    assert (np.abs(replicates) <= reach[:, None]).all(axis=0).mean() == pytest.approx(0.95, abs=0.002)
    assert reach / replicates.std(axis=1) == pytest.approx(2.63, abs=0.06)  # of six independent normal deviates


def test_simultaneous_reach_leaves_out_the_undefined_and_the_constant():
    replicates = np.random.default_rng(6).normal(size=(3, 400))
    replicates[1] = 0.25
    replicates[2, :40] = np.nan
    reach = statistics.simultaneous_reach(replicates, np.zeros(3))
    assert reach[1] == 0.0
    assert np.isnan(reach[2])
    alone = statistics.simultaneous_reach(replicates[:1], np.zeros(1))
    assert reach[0] == alone[0]


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(0, 40))
def test_wilson_is_that_of_statsmodels(runs, wins):
    wins = min(wins, runs)
    found = statistics.wilson(wins, runs)
    assert (found.low, found.high) == pytest.approx(proportion_confint(wins, runs, method="wilson"), abs=1e-6)


def test_no_runs_no_interval():
    assert statistics.wilson(0, 0).refused
