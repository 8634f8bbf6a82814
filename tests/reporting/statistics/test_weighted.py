import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import pearsonr
from sklearn.metrics import average_precision_score

from seqtwin.reporting import statistics
from seqtwin.reporting.statistics import scale


def _table(seed, pairs, ties):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, 4, pairs).astype(float) if ties else rng.normal(size=pairs)
    return scores, rng.integers(0, 4, (6, pairs)).astype(float), rng


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.booleans())
def test_weighted_precision_is_that_of_scikit_learn(seed, pairs, ties):
    scores, weights, rng = _table(seed, pairs, ties)
    same = rng.integers(0, 2, pairs).astype(float)
    found = statistics.weighted_average_precision(scores, same, weights)
    for value, weight in zip(found, weights, strict=True):
        if (weight * same).sum() == 0:
            assert np.isnan(value)
        else:
            drawn = np.repeat(np.arange(pairs), weight.astype(int))
            assert value == pytest.approx(average_precision_score(same[drawn], scores[drawn]), abs=1e-12)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 40), st.booleans(), st.sampled_from([0.0, 1e6]))
def test_weighted_pearson_is_that_of_the_repeated_pairs(seed, pairs, ties, offset):
    scores, weights, rng = _table(seed, pairs, ties)
    targets = rng.integers(0, 5, pairs) / 4
    found = statistics.weighted_pearson(scores + offset, targets, weights)
    for value, weight in zip(found, weights, strict=True):
        drawn = np.repeat(np.arange(pairs), weight.astype(int))
        left, right = scores[drawn], targets[drawn]
        if len(np.unique(left)) < 2 or len(np.unique(right)) < 2:
            assert np.isnan(value)
        else:
            assert value == pytest.approx(pearsonr(left, right).statistic, abs=1e-7)


@pytest.mark.parametrize("metric", sorted(statistics.WEIGHTED))
def test_many_cells_at_once_are_the_single_ones(metric):
    rng = np.random.default_rng(1)
    targets = rng.integers(0, 2, 41).astype(float)
    cluster_of = rng.integers(0, 17, 41)
    cluster_of[:17] = np.arange(17)
    scores = targets + rng.normal(size=(3, 41))
    scores[1] = np.round(scores[1])
    scores[2, 5] = np.nan
    draws = statistics.cluster_draws(17, 70, rng)
    found = statistics.metric_replicates(metric, scores, targets, cluster_of, draws)
    for row in (0, 1):
        alone = statistics.replicates_of(statistics.WEIGHTED[metric], scores[row], targets, cluster_of, draws)
        assert found[row] == pytest.approx(alone, nan_ok=True, abs=1e-12)
    assert np.isnan(found[2]).all()


def test_means_over_drawn_seeds_by_plain_loops():
    rng = np.random.default_rng(2)
    values = rng.normal(size=(3, 4, 11))
    values[1, 2] = np.nan  # a seed that did not finish
    values[2, 0, 5] = np.nan  # undefined in one replicate
    counts = statistics.cluster_draws(4, 11, rng)
    found = statistics.seed_means(values, counts)
    for pairing, b in np.ndindex(3, 11):
        drawn = [s for s in range(4) for _ in range(int(counts[b, s])) if not np.isnan(values[pairing, s]).all()]
        expected = np.mean([values[pairing, s, b] for s in drawn]) if drawn else np.nan
        assert found[pairing, b] == pytest.approx(expected, nan_ok=True)


def test_each_cluster_is_left_out_once():
    kept = statistics.left_out_groups(7, 3)
    assert kept.shape == (3, 7)
    assert (kept.sum(axis=0) == 2).all()
    assert (statistics.left_out_groups(2, 200) == 1 - np.eye(2)).all()


@pytest.mark.parametrize("metric", ["spearman", "pearson", "roc_auc", "average_precision"])
def test_z_is_finite_at_the_ends_and_keeps_the_order(metric):
    targets = np.array([0.0, 1.0, 1.0, 0.0, 1.0])
    values = np.linspace(0.0 if metric in scale.AREAS else -1.0, 1.0, 9)
    z = scale.to_z(metric, values, targets)
    assert np.isfinite(z).all()
    assert (np.diff(z) >= 0).all()
    assert z[4] == pytest.approx(0.0)
    assert np.isnan(scale.to_z(metric, np.array([np.nan]), targets)).all()


def test_z_is_fisher_or_logit_inside():
    targets = np.arange(100) % 2.0
    assert scale.to_z("spearman", np.array([0.75]), targets)[0] == pytest.approx(np.log(1.75 / 0.25) / 2)
    assert scale.to_z("roc_auc", np.array([0.75]), targets)[0] == pytest.approx(np.log(3))
    assert scale.to_z("mse", np.array([0.3]), targets)[0] == 0.3
