import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from seqtwin.reporting import statistics
from seqtwin.reporting.analysis import Judged
from seqtwin.reporting.statistics import scale


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 40), st.sampled_from(sorted(statistics.SHARES)))
def test_a_share_under_draws_is_that_of_the_repeated_rows(seed, count, metric):
    rng = np.random.default_rng(seed)
    targets, scores = rng.integers(0, 3, count).astype(float), rng.integers(0, 3, (2, count)).astype(float)
    cluster_of = np.unique(rng.integers(0, 1 + count // 2, count), return_inverse=True)[1]
    draws = statistics.cluster_draws(int(cluster_of.max()) + 1, 5, rng)
    found = statistics.metric_replicates(metric, scores, targets, cluster_of, draws)
    for cell, replicate in np.ndindex(found.shape):
        drawn = [row for row in range(count) for _ in range(int(draws[replicate, cluster_of[row]]))]
        right = [scores[cell, row] == targets[row] for row in drawn]
        assert found[cell, replicate] == pytest.approx(np.mean(right), abs=1e-12)
        alone = statistics.WEIGHTED[metric](scores[cell], targets, draws[replicate][cluster_of][None])
        assert alone[0] == pytest.approx(np.mean(right), abs=1e-12)


def test_nothing_drawn_is_undefined():
    draws = np.array([[0.0, 2.0], [1.0, 1.0]])
    found = statistics.metric_replicates("accuracy", np.ones((1, 1)), np.ones(1), np.array([0]), draws)
    assert np.isnan(found[0, 0])
    assert found[0, 1] == 1.0


def test_no_study_cell_at_all_and_one_without_scores():
    draws, cluster_of = np.ones((4, 2)), np.array([0, 1])
    assert statistics.metric_replicates("accuracy", np.empty((0, 2)), np.ones(2), cluster_of, draws).shape == (0, 4)
    broken = np.array([[1.0, np.nan], [1.0, 0.0]])
    found = statistics.metric_replicates("accuracy", broken, np.ones(2), cluster_of, draws)
    assert np.isnan(found[0]).all()
    assert (found[1] == 0.5).all()


def test_draws_are_those_of_one_large_draw():
    every = np.random.default_rng(7).integers(0, 13, size=(50, 13))
    found = statistics.cluster_draws(13, 50, np.random.default_rng(7))
    assert (found == [np.bincount(row, minlength=13) for row in every]).all()


def test_classes_are_compared_as_they_are():
    targets = np.array([0.0, 2.0, 5.0])
    judged = Judged(
        "", "accuracy", [{}], [0], np.zeros((1, 1, 3)), targets, np.arange(3), [["finished"]], np.zeros((1, 1))
    )
    assert judged.goal is targets


@pytest.mark.parametrize("metric", sorted(statistics.SHARES))
def test_z_of_a_share_is_its_logit_off_the_ends(metric):
    z = scale.to_z(metric, np.array([0.0, 0.25, 0.5, 1.0, np.nan]), np.arange(10.0))
    assert z[:4] == pytest.approx([np.log(0.05 / 0.95), np.log(1 / 3), 0.0, np.log(0.95 / 0.05)])
    assert np.isnan(z[4])
