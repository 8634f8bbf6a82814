import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr
from sklearn.metrics import roc_auc_score

from seqtwin.reporting import statistics


def _repeated(values, weights):
    return np.repeat(values, weights.astype(int))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.booleans())
def test_weighted_auc_is_that_of_scikit_learn(seed, pairs, ties):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, pairs).astype(float) if ties else rng.normal(size=pairs)
    same = rng.integers(0, 2, pairs).astype(float)
    weights = rng.integers(0, 4, (6, pairs)).astype(float)
    found = statistics.weighted_roc_auc(scores, same, weights)
    for value, weight in zip(found, weights, strict=True):
        classes = {goal for goal, mass in zip(same, weight, strict=True) if mass}
        if len(classes) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(roc_auc_score(same, scores, sample_weight=weight), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.booleans())
def test_weighted_spearman_is_that_of_the_repeated_pairs(seed, pairs, ties):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, pairs).astype(float) if ties else rng.normal(size=pairs)
    targets = rng.integers(0, 5, pairs) / 4
    weights = rng.integers(0, 4, (6, pairs)).astype(float)
    found = statistics.weighted_spearman(scores, targets, weights)
    for value, weight in zip(found, weights, strict=True):
        left, right = _repeated(scores, weight), _repeated(targets, weight)
        if len(np.unique(left)) < 2 or len(np.unique(right)) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(spearmanr(left, right).statistic, abs=1e-9)


def test_a_drawn_cluster_brings_all_its_pairs():
    draws = statistics.cluster_draws(5, 20, np.random.default_rng(0))
    assert (draws.sum(axis=1) == 5).all()
    cluster_of = np.array([0, 0, 1, 2, 3, 4, 4])
    seen = []

    def metric(_scores, _targets, weights):
        seen.append(weights)
        return weights.sum(axis=1)

    sizes = statistics.replicates_of(metric, np.zeros(7), np.zeros(7), cluster_of, draws)
    weights = np.concatenate(seen)
    assert (weights[:, 0] == weights[:, 1]).all()
    assert (weights[:, 5] == weights[:, 6]).all()
    assert (sizes == weights.sum(axis=1)).all()


def test_two_levels_by_plain_loops():
    rng = np.random.default_rng(3)
    same = np.arange(30) % 2 * 1.0
    scores, cluster_of = same + rng.normal(size=(3, 30)), rng.integers(0, 9, 30)
    cluster_of = np.unique(cluster_of, return_inverse=True)[1]
    found = statistics.two_level_interval(
        scores, same, cluster_of, metric=statistics.weighted_roc_auc, replicates=40, rng=np.random.default_rng(7)
    )
    again = np.random.default_rng(7)
    clusters = statistics.cluster_draws(int(cluster_of.max()) + 1, 40, again)
    seeds = statistics.cluster_draws(3, 40, again)
    means = []
    for counts, drawn in zip(clusters, seeds, strict=True):
        weight = counts[cluster_of]
        values = [roc_auc_score(same, row, sample_weight=weight) for row in scores]
        means.append(sum(v * k for v, k in zip(values, drawn, strict=True)) / 3)
    assert (found.low, found.high) == pytest.approx(tuple(np.percentile(means, [2.5, 97.5])))


def test_the_same_generator_gives_the_same_interval():
    rng = np.random.default_rng(0)
    same = np.arange(50) % 2 * 1.0
    scores = same + rng.normal(size=(2, 50))
    found = [
        statistics.two_level_interval(
            scores, same, np.arange(50), metric=statistics.weighted_roc_auc, replicates=50, rng=np.random.default_rng(1)
        )
        for _ in range(2)
    ]
    assert found[0] == found[1]


def test_one_seed_draws_pairs_only():
    value = np.linspace(0.5, 0.9, 10)
    found = statistics.over_seeds({0: value}, statistics.cluster_draws(4, 10, np.random.default_rng(0)))
    assert found == pytest.approx(value)


def test_a_missing_seed_leaves_the_others():
    counts = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
    found = statistics.over_seeds({0: np.array([0.5, 0.5]), 2: np.array([0.8, 0.8])}, counts)
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1])


def test_too_many_undefined_replicates_refuse_the_interval():
    replicates = np.full(200, 0.5)
    replicates[:3] = np.nan
    assert "undefined" in statistics.percentile_interval(replicates).refused


def test_two_level_intervals_cover_where_seed_only_intervals_do_not():
    """Science 2.4 in small: scores share an accident of the test pairs, seeds add their own noise."""
    rng = np.random.default_rng(11)
    truth = 0.8413  # of N(sqrt 2, 1) against N(0, 1): Phi(1)
    inside, seed_only = 0, 0
    for _ in range(60):
        same = np.arange(160) % 2 * 1.0
        shared = rng.normal(size=160)
        noise = np.sqrt(0.8) * shared + np.sqrt(0.2) * rng.normal(size=(5, 160))
        scores = same * np.sqrt(2) + noise
        found = statistics.two_level_interval(
            scores, same, np.arange(160), metric=statistics.weighted_roc_auc, replicates=200, rng=rng
        )
        inside += found.low <= truth <= found.high
        values = np.array([roc_auc_score(same, row) for row in scores])
        seed_only += abs(values.mean() - truth) <= 2.78 * values.std(ddof=1) / np.sqrt(5)
    assert inside >= 53
    assert seed_only < inside
