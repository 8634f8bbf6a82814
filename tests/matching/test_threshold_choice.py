"""The choice of a threshold from labels, and without them, against scores whose truth is known."""

import numpy as np
import pytest

from seqtwin.errors import ConfigError
from seqtwin.matching.label_sample import LabelFile
from seqtwin.matching.label_shift import Reference
from seqtwin.matching.precision_estimate import Strata
from seqtwin.matching.threshold_choice import choose_by_labels, choose_unlabelled

SCORES = np.linspace(1.0, 0.0, 1000)
FILE = LabelFile(Strata(np.array([0, 100, 200, 1000]), np.array([90, 90, 90]), np.array([90, 90, 30])), [], 0)


def test_labels_choose_the_lowest_threshold_that_reaches_the_precision() -> None:
    found = choose_by_labels(SCORES, FILE, target=0.9, limit=0.0, place="labels.csv")
    assert (found.estimate.pairs, found.basis, found.labelled, found.candidates) == (200, "labels", 270, 1000)
    assert int((found.estimate.threshold <= SCORES).sum()) == 200
    given = choose_by_labels(SCORES, FILE, target=None, limit=0.5, place="")
    assert (given.estimate.threshold, given.estimate.pairs) == (0.5, 500)
    assert given.estimate.precision.value == pytest.approx((200 + 300 / 3) / 500)
    with pytest.raises(ConfigError, match="PRECISION_UNREACHED") as caught:
        choose_by_labels(SCORES, FILE, target=0.999, limit=0.0, place="labels.csv")
    assert caught.value.place == "labels.csv"


def test_without_labels_the_precision_is_reached_too() -> None:
    rng = np.random.default_rng(0)

    def drawn(count: int, prevalence: float) -> tuple[np.ndarray, np.ndarray]:
        same = rng.random(count) < prevalence
        scores = rng.normal(np.where(same, 2.0, 0.0), 0.5)
        order = np.argsort(-scores)
        return scores[order], same[order]

    reference = Reference(*drawn(2000, 0.5))
    scores, same = drawn(5000, 0.1)
    found = choose_unlabelled(scores, reference, rng, target=0.9, limit=0.0, place="")
    assert found.basis == "dev"
    assert found.prevalence == pytest.approx(0.1, abs=0.02)
    assert same[: found.estimate.pairs].mean() >= 0.9
    given = choose_unlabelled(scores, reference, rng, target=None, limit=1.234, place="")
    assert given.estimate.threshold == 1.234
    assert given.estimate.precision.value == pytest.approx(same[: given.estimate.pairs].mean(), abs=0.05)
    with pytest.raises(ConfigError, match="PRECISION_NO_PAIRS"):
        choose_unlabelled(scores, reference, rng, target=None, limit=99.0, place="")
