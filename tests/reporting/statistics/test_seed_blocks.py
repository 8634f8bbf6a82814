from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from scipy.stats import f as fisher
from statsmodels.formula.api import ols
from statsmodels.stats.anova import anova_lm

from seqtwin.reporting.statistics import seed_blocks


def _table(seed=0, shape=(3, 2, 5)):
    rng = np.random.default_rng(seed)
    return rng.normal(size=shape) + rng.normal(size=shape[-1]) + rng.normal(size=(shape[0], 1, 1))


def _reference(table):
    r, loss, s = np.indices(table.shape).reshape(3, -1)
    frame = pd.DataFrame({"z": table.ravel(), "r": r, "l": loss, "s": s})
    return anova_lm(ols("z ~ C(s) + C(r) * C(l)", frame).fit())


@pytest.mark.parametrize("shape", [(2, 2, 2), (3, 2, 5), (2, 4, 3)])
def test_sums_of_squares_are_those_of_least_squares(shape):
    table = _table(1, shape)
    found, reference = seed_blocks.squares_of(table), _reference(table)
    rows = {
        "representation": "C(r)", "loss": "C(l)", "interaction": "C(r):C(l)", "seed": "C(s)", "residual": "Residual"
    }  # fmt: skip
    for name, row in rows.items():
        assert found[name] == pytest.approx(reference.loc[row, "sum_sq"])
        assert seed_blocks.degrees(shape)[name] == reference.loc[row, "df"]
    assert sum(seed_blocks.shares_of(table).values()) == pytest.approx(1.0)


def test_anova_is_the_textbook_f():
    table = _table(2)
    for term in seed_blocks.anova(table):
        squares, free = seed_blocks.squares_of(table), seed_blocks.degrees(table.shape)
        f = (squares[term.term] / free[term.term]) / (squares["residual"] / free["residual"])
        assert (term.df, term.df_error) == (free[term.term], free["residual"])
        assert term.f == pytest.approx(f)
        assert term.p == pytest.approx(fisher.sf(f, term.df, term.df_error))
        row = _reference(table).loc[{"representation": "C(r)", "loss": "C(l)", "interaction": "C(r):C(l)"}[term.term]]
        assert (term.f, term.p) == pytest.approx((row["F"], row["PR(>F)"]))
        assert term.eta2 == pytest.approx(squares[term.term] / (squares[term.term] + squares["residual"]))


def test_permutations_stay_inside_their_seed():
    values = np.arange(24.0).reshape(3, 2, 4)
    drawn = seed_blocks._shuffled(values, 50, np.random.default_rng(0))
    assert drawn.shape == (50, 3, 2, 4)
    assert (np.sort(drawn.reshape(50, 6, 4), axis=1) == np.sort(values.reshape(6, 4), axis=0)).all()
    assert len({tuple(one.ravel()) for one in drawn}) > 40


def test_permutation_p_agrees_with_f_where_f_is_exact():
    table = _table(5, (4, 2, 8))
    table[1, 1] += 0.9
    by_f = {term.term: term.p for term in seed_blocks.anova(table)}
    for term in seed_blocks.permuted(table, 1999, np.random.default_rng(0)):
        assert term.p == pytest.approx(by_f[term.term], abs=0.03)


def _exact_p(table, term, left):
    """All orders of all seeds: the F of the term from (table - left) + the permuted left."""
    cells, seeds = table.shape[0] * table.shape[1], table.shape[2]
    flat, fitted = left.reshape(cells, seeds), table - left
    row = {"representation": "C(r)", "interaction": "C(r):C(l)"}[term]
    observed, found = _reference(table).loc[row, "F"], []
    for orders in product(permutations(range(cells)), repeat=seeds):
        drawn = np.stack([flat[list(order), s] for s, order in enumerate(orders)], axis=1)
        squares = seed_blocks.squares_of(fitted + drawn.reshape(table.shape))
        found.append(squares[term] / squares["residual"] * seed_blocks.degrees(table.shape)["residual"])
    return np.mean(np.array(found) >= observed * (1 - 1e-9))


@pytest.mark.parametrize("term", ["representation", "interaction"])
def test_what_the_reduced_model_explains_is_not_permuted(term):
    """Freedman and Lane against every permutation of a 2 x 2 grid of two seeds; raw permutation gives another p."""
    rng = np.random.default_rng(97)
    table = rng.normal(size=(2, 2, 2))
    table[0] += 0.8
    table[1, 1] += 1.0
    rest = _exact_p(table, term, sum(seed_blocks.parts_of(table)[name] for name in ("residual", term)))
    assert seed_blocks.permutation_p(table, term, 4000, rng) == pytest.approx(rest, abs=0.025)
    assert abs(_exact_p(table, term, table) - rest) > 0.05


def test_permutation_p_is_uniform_under_the_null():
    rng = np.random.default_rng(9)
    p = [seed_blocks.permutation_p(rng.standard_t(3, size=(3, 2, 4)), "interaction", 99, rng) for _ in range(300)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.035)
    assert np.mean(np.array(p) <= 0.5) == pytest.approx(0.5, abs=0.09)


def test_eta2_intervals_hold_a_strong_effect_and_reach_zero_without_one():
    rng = np.random.default_rng(10)
    table = rng.normal(size=(4, 2, 10))
    table[0] += 6.0
    found = seed_blocks.eta2_intervals(table, 500, rng)
    observed = {term.term: term.eta2 for term in seed_blocks.anova(table)}
    assert found["representation"].low > 0.7
    assert found["interaction"].low == 0.0
    for term, value in observed.items():
        assert 0.0 <= found[term].low <= value + 1e-9
        assert found[term].high <= 1.0
