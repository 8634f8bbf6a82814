"""Spectrum, angles and lengths against numpy, scipy and plain loops over pairs."""

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy, pearsonr, spearmanr

from seqtwin.training.diagnostics import geometry


def vectors(items: int, dim: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(items, dim, generator=torch.Generator().manual_seed(seed))


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 8), (8, 3), (300, 20), (20, 300)])
def test_the_spectrum_is_that_of_numpy(shape: tuple[int, int]) -> None:
    v = vectors(*shape)
    expected = np.linalg.svd(v.double().numpy(), compute_uv=False)
    np.testing.assert_allclose(geometry.singular_values(v).numpy(), expected, rtol=1e-9)
    assert geometry.effective_rank(v) == pytest.approx(np.exp(entropy(expected)), rel=1e-9)
    assert geometry.top_share(v) == pytest.approx(expected[0] / expected.sum(), rel=1e-9)


@pytest.mark.parametrize("rank", [1, 2, 5])
def test_the_effective_rank_counts_equal_directions(rank: int) -> None:
    v = torch.eye(rank).repeat(4, 3)
    assert geometry.effective_rank(v) == pytest.approx(rank)
    assert geometry.top_share(v) == pytest.approx(1 / rank)


def test_rounding_is_no_dimension() -> None:
    v = torch.ones(500, 64) * torch.linspace(1, 2, 500)[:, None]
    assert geometry.effective_rank(v) == pytest.approx(1.0, abs=1e-6)


def test_vectors_of_nothing_but_zeros_have_no_dimension() -> None:
    v = torch.zeros(5, 3)
    assert geometry.effective_rank(v) == 0
    assert geometry.top_share(v) is None
    assert geometry.uniformity(v) == 0
    assert geometry.alignment(v, v) == 0
    assert geometry.norm_facts(v, np.arange(5))["norm_spread"] is None


@given(items=st.integers(1, 12), dim=st.integers(1, 9), factor=st.floats(0.01, 100))
def test_the_effective_rank_lies_between_one_and_the_width_and_has_no_scale(
    items: int, dim: int, factor: float
) -> None:
    v = vectors(items, dim, seed=items)
    found = geometry.effective_rank(v)
    assert 1 - 1e-9 <= found <= min(items, dim) + 1e-9
    assert geometry.effective_rank(v * factor) == pytest.approx(found, rel=1e-4)


def test_angles_are_those_of_a_plain_loop() -> None:
    v = vectors(9, 5)
    rows = unit(v.double().numpy())
    pairs = list(combinations(range(9), 2))
    assert geometry.mean_cosine(v) == pytest.approx(np.mean([rows[i] @ rows[j] for i, j in pairs]))
    apart = [np.exp(-2 * np.sum((rows[i] - rows[j]) ** 2)) for i, j in pairs]
    assert geometry.uniformity(v) == pytest.approx(np.log(np.mean(apart)))
    expected = np.mean([np.sum((rows[i] - rows[i + 4]) ** 2) for i in range(4)])
    assert geometry.alignment(v[:4], v[4:8]) == pytest.approx(expected)


def test_too_few_vectors_have_no_angles() -> None:
    one = vectors(1, 3)
    assert (geometry.mean_cosine(one), geometry.uniformity(one)) == (None, None)
    assert geometry.alignment(one[:0], one[:0]) is None


def test_lengths_against_scipy() -> None:
    v, steps = vectors(30, 4) + 1, np.random.default_rng(0).integers(1, 9, 30)
    norms = np.linalg.norm(v.double().numpy(), axis=1)
    found = geometry.norm_facts(v, steps)
    assert found["norm_mean"] == pytest.approx(norms.mean())
    assert found["norm_spread"] == pytest.approx(norms.std() / norms.mean())
    assert found["norm_length_correlation"] == pytest.approx(pearsonr(norms, steps).statistic)


def test_length_in_the_norm_is_seen() -> None:
    steps = np.arange(1, 21)
    assert geometry.norm_facts(torch.ones(20, 3) * torch.arange(1, 21)[:, None], steps)[
        "norm_length_correlation"
    ] == pytest.approx(1)


@pytest.mark.parametrize(("name", "oracle"), [("pearson", pearsonr), ("spearman", spearmanr)])
def test_correlations_against_scipy(name: str, oracle: object) -> None:
    a, b = np.random.default_rng(1).normal(size=(2, 40))
    assert geometry.correlation(a, b, name) == pytest.approx(oracle(a, b).statistic)  # type: ignore[operator]
    assert geometry.correlation(a, np.ones(40), name) is None


def test_only_real_steps_saturate() -> None:
    outputs = torch.tensor([[[1.0, -1.0, 0.98], [1.0, 1.0, 1.0]], [[0.0, 0.0, 0.995], [-0.2, 0.1, 0.0]]])
    mask = torch.tensor([[True, False], [True, True]])
    assert geometry.saturated(outputs, mask) == pytest.approx(3 / 9)
