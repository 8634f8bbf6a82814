"""A curve that was still rising is found, and noise around a plateau is not taken for a rise."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import linregress, t

from seqtwin.metrics import curve_facts
from seqtwin.reporting.findings.base_rule import Known, still_rising
from test_committed import ROOT


def fires(dev):
    return still_rising(Known(curve_facts(dev)))


@pytest.mark.parametrize("epochs", [3, 4, 6, 9, 20])
def test_the_gain_is_that_of_a_fitted_line(epochs):
    dev = np.random.default_rng(epochs).normal(0.8, 0.05, epochs + 1)
    used = max(min(epochs, 4), (epochs + 1) // 2)
    line = linregress(np.arange(used), dev[-used:])
    facts = curve_facts(dev)
    assert facts["dev_rise"] == pytest.approx(epochs / 4 * line.slope)
    low = line.slope - t.ppf(0.95, used - 2) * line.stderr
    assert facts["dev_rise_low"] == pytest.approx(epochs / 4 * low)


@pytest.mark.parametrize("noise", [0.002, 0.005, 0.01, 0.03])
@pytest.mark.parametrize("epochs", [3, 4, 5, 6, 8, 10, 15, 30])
def test_noise_around_a_plateau_fires_in_at_most_one_of_twenty(epochs, noise):
    rng = np.random.default_rng(0)
    curves = 0.8 + noise * rng.standard_normal((1000, epochs + 1))
    curves[:, 0] = 0.5  # the untrained encoder
    assert np.mean([fires(curve) for curve in curves]) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 1000)


@pytest.mark.parametrize("epochs", [1, 2])
def test_one_or_two_epochs_are_judged_by_an_assumed_noise(epochs):
    curves = 0.8 + 0.01 * np.random.default_rng(0).standard_normal((400, epochs + 1))
    assert np.mean([fires(curve) for curve in curves]) <= 0.07
    assert fires([0.5, 0.6, 0.7][: epochs + 1])


@pytest.mark.parametrize("epochs", [4, 6, 10, 20])
def test_a_rise_above_the_noise_fires(epochs):
    """The metric grows with the logarithm of the epochs, as where more epochs still help."""
    rise = 0.7 + 0.1 * np.log(np.arange(1, epochs + 1))
    noise = 0.003 * np.random.default_rng(1).standard_normal((200, epochs))
    assert np.mean([fires([0.5, *curve]) for curve in rise + noise]) >= 0.8


def test_a_curve_that_flattened_does_not_fire():
    assert not fires(0.9 - 0.4 * np.exp(-np.arange(21) / 2))
    assert not fires([0.5, 0.7, 0.8, 0.85, 0.84, 0.83, 0.82])  # it fell: more epochs do not help


@pytest.mark.parametrize("dev", [[], [0.5], [0.5, float("nan")], [0.5, 0.6, float("nan"), 0.7]])
def test_what_is_unknown_says_nothing(dev):
    assert curve_facts(dev) == {}


@given(st.lists(st.floats(0, 1), min_size=2, max_size=40), st.floats(-5, 5))
def test_a_shift_of_all_values_changes_no_gain(dev, shift):
    here, there = curve_facts(dev), curve_facts([value + shift for value in dev])
    assert there["dev_rise"] == pytest.approx(here["dev_rise"], abs=1e-9)
    assert there["dev_rise_low"] == pytest.approx(here["dev_rise_low"], abs=1e-7)
    assert here["dev_rise_low"] <= here["dev_rise"] + 1e-12
    assert 0 < here["dev_best_share"] <= 1


def _rising_share(study):
    """The share of the study cells of a committed study whose curve on dev was still rising."""
    curves = pd.read_csv(ROOT / "experiments" / study / "curves.csv")
    return np.mean([fires(part["dev"].tolist()) for _, part in curves.groupby("id")])


def test_committed_curves_are_told_apart():
    """STS-B peaks within its six epochs; most pairings of toponyms do not."""
    assert _rising_share("output-or-hidden/stsb") < 0.1
    assert _rising_share("output-or-hidden/toponyms") > 0.5
