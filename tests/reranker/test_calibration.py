"""The Brier score and the calibration error, against scikit-learn."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss

from seqtwin.reranker.calibration import BINS, brier_score, calibration_error, reliability

RNG = np.random.default_rng(0)
PROBABILITIES = RNG.uniform(size=500)
SAME = RNG.uniform(size=500) < PROBABILITIES**2


def test_as_scikit_learn() -> None:
    assert brier_score(PROBABILITIES, SAME) == pytest.approx(brier_score_loss(SAME, PROBABILITIES))
    same, means = calibration_curve(SAME, PROBABILITIES, n_bins=BINS)
    bins = reliability(PROBABILITIES, SAME)
    np.testing.assert_allclose([own.same for own in bins], same)
    np.testing.assert_allclose([own.mean for own in bins], means)
    counts = np.histogram(PROBABILITIES, BINS, (0, 1))[0]
    assert [own.pairs for own in bins] == counts.tolist()
    assert calibration_error(bins) == pytest.approx(float(np.abs(same - means) @ counts) / 500)


def test_the_ends_of_the_scale() -> None:
    bins = reliability(np.array([0.0, 1.0]), np.array([False, True]))
    assert ([own.pairs for own in bins], calibration_error(bins)) == ([1, 1], 0.0)
