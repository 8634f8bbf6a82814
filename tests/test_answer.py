"""The study across data sets: its statistics against a plain integral, simulated data and a published example."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import cauchy, norm

from benchmark_modules import benchmark
from seqtwin.files import read_json

ROOT = Path(__file__).parent.parent


STATISTICS, ADVICE = benchmark("answer_statistics"), benchmark("answer_advice")
average_ranks, friedman_p = STATISTICS.average_ranks, STATISTICS.friedman_p
critical_difference, further_difference = STATISTICS.critical_difference, STATISTICS.further_difference
SEEN = np.array([0.03, -0.01, 0.02, 0.05, 0.0]), np.array([0.01, 0.005, 0.02, 0.01, 0.004])


def plain_posterior(estimates: np.ndarray, errors: np.ndarray) -> tuple[float, float]:
    """Mean of mu and the probability that a further difference is above .01, summed over a grid of mu and tau."""
    mu, tau = np.linspace(-0.3, 0.3, 1201)[:, None], np.linspace(0, 0.5, 2501)[None, :]
    density = cauchy.pdf(tau, scale=0.02) * np.ones_like(mu)
    for estimate, error in zip(estimates, errors, strict=True):
        density *= norm.pdf(estimate, mu, np.sqrt(error**2 + tau**2))
    density /= density.sum()
    above = norm.sf(0.01, mu, np.maximum(tau, 1e-9))
    return float((density * mu).sum()), float((density * above).sum())


def test_the_posterior_is_that_of_a_plain_integral() -> None:
    mean, above = plain_posterior(*SEEN)
    found = further_difference(*SEEN)
    assert found.mean == pytest.approx(mean, abs=2e-4)
    assert found.above == pytest.approx(above, abs=5e-3)


def test_intervals_contain_the_mean_of_simulated_data_sets() -> None:
    rng, inside = np.random.default_rng(0), 0
    for _ in range(300):
        errors = rng.uniform(0.003, 0.01, 10)
        found = further_difference(rng.normal(0.015, np.hypot(errors, 0.02)), errors)
        inside += found.low <= 0.015 <= found.high
    assert 0.91 <= inside / 300 <= 0.99


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(-0.3, 0.3), min_size=3, max_size=12), st.floats(0.001, 0.1))
def test_probabilities_sum_to_one_and_change_sides_with_the_sign(differences: list[float], error: float) -> None:
    errors = np.full(len(differences), error)
    found, turned = (further_difference(sign * np.array(differences), errors) for sign in (1, -1))
    assert found.below + found.within + found.above == pytest.approx(1)
    assert found.above == pytest.approx(turned.below, abs=1e-9)
    assert found.low <= found.mean <= found.high


def test_too_few_data_sets_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 3"):
        further_difference(np.zeros(2), np.ones(2))


def test_ranks_and_the_critical_difference_of_demsars_example() -> None:
    # Demsar 2006, table 6: four versions of a tree on 14 data sets, ranks 3.143, 2.000, 2.893, 1.964, CD 1.25
    auc = [
        (0.763, 0.768, 0.771, 0.798), (0.599, 0.591, 0.590, 0.569), (0.954, 0.971, 0.968, 0.967),
        (0.628, 0.661, 0.654, 0.657), (0.882, 0.888, 0.886, 0.898), (0.936, 0.931, 0.916, 0.931),
        (0.661, 0.668, 0.609, 0.685), (0.583, 0.583, 0.563, 0.625), (0.775, 0.838, 0.866, 0.875),
        (1.000, 1.000, 1.000, 1.000), (0.940, 0.962, 0.965, 0.962), (0.619, 0.666, 0.614, 0.669),
        (0.972, 0.981, 0.9751, 0.975), (0.957, 0.978, 0.946, 0.970),
    ]  # fmt: skip
    ranks = average_ranks(np.array(auc))
    assert ranks == pytest.approx([3.143, 2.0, 2.893, 1.964], abs=2e-3)
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=0.01)
    assert friedman_p(np.array(auc)) < 0.05


def data_set(name: str, kind: str, unit: str, *, best: str) -> object:
    scores = {(view, "mse"): 0.9 if view == best else 0.8 for view in ("final_hidden", "max_output")}
    return ADVICE.DataSet(name, kind, unit, scores, scores)


def test_advice_follows_data_sets_with_the_same_labels_and_costs_what_it_misses() -> None:
    sets = [
        data_set("a", "graded", "words", best="max_output"), data_set("b", "graded", "words", best="max_output"),
        data_set("c", "classes", "series", best="final_hidden"),
        data_set("d", "classes", "series", best="final_hidden"),
        data_set("e", "pairs", "characters", best="max_output"),
    ]  # fmt: skip
    followed = ADVICE.losses(ADVICE.advise, sets)
    assert [followed[name] for name in "abcd"] == pytest.approx([0, 0, 0, 0])
    alike = ADVICE.losses(ADVICE.advise_all_alike, sets)
    assert alike["c"] == alike["d"] == pytest.approx(0.1)
    assert ADVICE.losses(ADVICE.always(("final_hidden", "mse")), sets)["a"] == pytest.approx(0.1)
    assert ADVICE.random_losses(sets)["a"] == pytest.approx(0.05)


def test_the_page_and_its_figure_are_remade_from_the_committed_results() -> None:
    page = benchmark("answer_page")
    results, pilot = read_json(page.HOME / "results.json"), read_json(page.HOME / "pilot.json")
    assert page.page(results, pilot) == (page.PAGE / "README.md").read_text(encoding="utf-8")
    assert page.figure(results) == (page.PAGE / "differences.svg").read_text(encoding="utf-8")
