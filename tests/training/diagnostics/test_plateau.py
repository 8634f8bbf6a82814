"""The trace of a training, and when it left its plateau, against plain loops."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.training.diagnostics.plateau import FEWEST, plateau_facts, smoothed, trace

losses = st.lists(st.floats(0, 10), min_size=1, max_size=900)


@given(found=losses, rows=st.integers(1, 250))
def test_windows_are_equal_and_hold_every_step_once(found: list[float], rows: int) -> None:
    kept = trace(found, rows)
    ends = [0, *(end for end, _ in kept)]
    sizes = np.diff(ends)
    assert len(kept) <= rows
    assert ends[-1] == len(found)
    assert len(set(sizes[:-1].tolist())) <= 1
    assert sizes[-1] <= sizes[0]
    for before, (end, mean) in zip(ends, kept, strict=False):
        assert mean == pytest.approx(sum(found[before:end]) / (end - before), abs=1e-9)


@given(found=losses)
def test_the_running_mean_is_that_of_pandas(found: list[float]) -> None:
    width = min(len(found), max(FEWEST, round(0.02 * len(found))))
    expected = pd.Series(found).rolling(width).mean().dropna()
    np.testing.assert_allclose(smoothed(found), expected, atol=1e-9)


def test_nothing_trained_has_no_course() -> None:
    assert trace([]) == []
    assert set(plateau_facts([], 0.25, 10).values()) == {None}


@pytest.mark.parametrize("plateau", [None, 0.0])
def test_without_a_plateau_nothing_is_said(plateau: float | None) -> None:
    assert set(plateau_facts([0.2] * 30, plateau, 30).values()) == {None}


def test_a_training_that_stays_on_its_plateau_is_stuck() -> None:
    noise = np.random.default_rng(0).normal(0, 0.01, 400)
    found = plateau_facts((0.25 + noise).tolist(), 0.25, 500)
    assert found["plateau_ratio"] == pytest.approx(1, abs=0.05)
    assert (found["left_plateau_step"], found["left_plateau_share"], found["stuck"]) == (None, None, 1.0)


def test_the_step_at_which_it_leaves() -> None:
    course = [1.0] * 100 + [0.0] * 100
    found = plateau_facts(course, 1.0, 400)
    # a running mean over ten steps passes .9 with the second 0: .8
    assert found == {"plateau_ratio": 0.0, "left_plateau_step": 102, "left_plateau_share": 102 / 400, "stuck": 0.0}


def test_one_lucky_batch_does_not_leave_the_plateau() -> None:
    course = [1.0] * 50 + [0.05] + [1.0] * 50
    assert plateau_facts(course, 1.0, 101)["stuck"] == 1.0


def test_a_training_of_fewer_steps_than_the_window_is_judged_by_all() -> None:
    found = plateau_facts([1.0, 0.5], 1.0, 2)
    assert (found["plateau_ratio"], found["left_plateau_step"]) == (0.75, 2)
