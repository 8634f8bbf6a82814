"""The plan of a quick study fits into its seconds, and gives up rows and epochs last."""

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.study.quick_plan import Cost, Plan, Round, last_stage, make_plan, plan_line, rounds_to, seconds_of

COST = Cost(step=0.05, dev=0.2, rest=3.0, start=4.0, rows=2100, batch=64, epochs=31)


def test_everything_is_trained_in_full_where_that_fits() -> None:
    plan = make_plan(COST, 10, 5, seconds=1e6)
    assert plan == Plan(None, 31, (), 10, 5)
    assert plan_line(plan, COST, 10, 2) == (
        "budget: 10 minutes on 2 processes, at most 50 trainings: all 10 pairings x 5 seeds of 31 epochs"
    )


def test_pairings_are_halved_before_epochs_or_rows_are_reduced() -> None:
    plan = make_plan(COST, 10, 5, seconds=1100, processes=2)
    assert (plan.rows, plan.epochs, plan.seeds >= 3) == (None, 31, True)
    assert plan.rounds[0] == Round(10, 0.5 ** len(plan.rounds))
    assert f"then {plan.pairings} pairings x {plan.seeds} seeds of 31 epochs" in plan_line(plan, COST, 10, 2)


def test_rows_are_reduced_only_where_that_saves_steps() -> None:
    large = replace(COST, rows=200_000, epochs=5, dev=20.0)
    plan = make_plan(large, 10, 5, seconds=1100, processes=2)
    assert plan.rows is not None
    assert plan.epochs * math.ceil(plan.rows / 64) >= 1000
    assert f"on {plan.rows:,} of 200,000 training rows" in plan_line(plan, large, 10, 2)
    small = make_plan(COST, 10, 5, seconds=200, processes=2)
    assert small.rows is None
    assert small.epochs < 31


def test_a_step_takes_longer_next_to_other_work() -> None:
    steps = 31 * 33 * 0.05 + 32 * 0.2
    assert COST.training() == pytest.approx(1.15 * steps)
    assert COST.cell() == pytest.approx(1.15 * (steps + 3.0))


@given(
    pairings=st.integers(1, 40), seeds=st.integers(1, 5), seconds=st.floats(1, 1e5), step=st.floats(1e-3, 1),
    rows=st.integers(10, 300_000), epochs=st.integers(1, 100), processes=st.integers(1, 8),
)  # fmt: skip
def test_a_plan_fits_or_is_the_smallest(
    pairings: int, seeds: int, seconds: float, step: float, rows: int, epochs: int, processes: int
) -> None:
    cost = Cost(step, dev=0.0, rest=1.0, start=1.0, rows=rows, batch=64, epochs=epochs)
    plan = make_plan(cost, pairings, seeds, seconds, processes)
    size = replace(cost, rows=plan.rows or rows, epochs=plan.epochs)
    assert seconds_of(plan, size, processes) <= seconds or plan.epochs == 1
    assert min(2, pairings) <= plan.pairings <= pairings
    assert min(2, seeds) <= plan.seeds <= seeds
    assert plan.rows is None or plan.rows < rows
    sizes = [*(one.pairings for one in plan.rounds), plan.pairings]
    assert sizes == sorted(sizes, reverse=True)
    assert plan.trainings == sum(sizes[:-1]) + plan.pairings * plan.seeds


@pytest.mark.parametrize(("pairings", "kept"), [(10, 3), (10, 2), (3, 2), (40, 5), (2, 2), (1, 1)])
def test_each_round_halves_the_pairings_and_doubles_the_epochs(pairings: int, kept: int) -> None:
    rounds, left, share = rounds_to(pairings, kept), pairings, None
    for one in rounds:
        assert one.pairings == left
        assert share is None or one.share == 2 * share
        left, share = max(kept, math.ceil(left / 2)), one.share
    assert (left, share) == (kept, 0.5 if rounds else None)


def test_no_round_trains_the_same_again() -> None:
    """With few epochs, a quarter and a half of them can be the same number."""
    tiny = replace(COST, epochs=2, step=1.0)
    plan = make_plan(tiny, 10, 5, seconds=900, processes=2)
    assert [math.ceil(plan.epochs * one.share) for one in plan.rounds] == [1]
    assert plan.rounds[0].pairings == 10


@given(
    pairings=st.integers(1, 6), seeds=st.integers(1, 5), epoch=st.floats(0.01, 20), rest=st.floats(0, 5),
    seconds=st.floats(1, 2000), processes=st.integers(1, 4),
)  # fmt: skip
def test_the_last_stage_is_the_largest_that_fits(
    pairings: int, seeds: int, epoch: float, rest: float, seconds: float, processes: int
) -> None:
    def takes(count: int, epochs: int) -> float:
        return math.ceil(count / processes) * (epochs * epoch + rest)

    plan = Plan(None, 12, (Round(9, 0.5),), pairings, seeds)
    last = last_stage(plan, epoch, rest, seconds, processes)
    assert min(2, pairings) <= last.pairings <= pairings
    assert 1 <= last.seeds <= seeds
    assert takes(last.pairings * last.seeds, last.epochs) <= seconds + 1e-6 or (last.seeds, last.epochs) == (1, 1)
    if last.epochs == 12 and last.seeds < seeds:
        assert last.seeds >= 3 or takes(last.pairings * (last.seeds + 1), 12) > seconds
    if last.epochs < 12:
        assert takes(min(2, pairings) * min(2, seeds), 12) > seconds
        assert takes(last.pairings * last.seeds, last.epochs + 1) > seconds - 1e-6
