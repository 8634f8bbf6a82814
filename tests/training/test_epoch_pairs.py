"""The pairs of each epoch: their numbers and shares, and that an epoch can be repeated."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.data.batches import PairStore
from seqtwin.training.epoch_pairs import EpochPairs, SharedRows
from seqtwin.training.fit import fit
from seqtwin.training.hard_negatives import HardNegatives, MiningSettings

STORE = tiny.store(40)
MODEL = tiny.siamese()


def rows_of(pairs: PairStore) -> list[tuple[int, int]]:
    return list(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))


def mined(store: PairStore, **settings: int) -> HardNegatives:
    usual = {"per_text": 1, "every": 1, "from_epoch": 2, **settings}
    return HardNegatives(store, np.arange(len(store.items)), 0.5, MiningSettings(**usual, margin=None))


@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 3))
def test_drawn_rows_are_used_equally_often(size: int, count: int, seed: int) -> None:
    rows = SharedRows(7, 7 + size, count).draw(np.random.default_rng(seed))
    times = np.bincount(rows - 7, minlength=size)
    assert len(rows) == count == times.sum()
    assert len(times) == size
    assert np.ptp(times) <= 1


def test_an_epoch_has_the_other_rows_and_those_drawn_for_it() -> None:
    pairs = EpochPairs(STORE, 3, [SharedRows(30, 40, 4)])
    epochs = [rows_of(pairs.epoch(MODEL, epoch)) for epoch in (1, 2, 1)]
    own, further = rows_of(STORE)[:30], rows_of(STORE)[30:]
    assert all(rows[:30] == own and set(rows[30:]) <= set(further) for rows in epochs)
    assert [len(rows) for rows in epochs] == [34] * 3 == [len(pairs)] * 3
    assert epochs[0] == epochs[2] != epochs[1]
    many = EpochPairs(STORE, 3, [SharedRows(30, 40, 25)])
    assert len(many.epoch(MODEL, 1)) == len(many) == 55


def test_hard_negatives_are_different_pairs_at_the_end() -> None:
    pairs = EpochPairs(STORE, 0, negatives=mined(STORE))
    first, second = (pairs.epoch(MODEL, epoch) for epoch in (1, 2))
    assert rows_of(first) == rows_of(STORE)
    assert rows_of(second)[:40] == rows_of(STORE)
    assert len(first) < len(second) <= len(pairs)
    assert (second.target[40:] == 0).all()
    assert pairs.latest is second


def test_training_takes_the_pairs_of_each_epoch() -> None:
    model = tiny.siamese()
    pairs = EpochPairs(STORE, 0, negatives=mined(STORE))
    state = fit(model, tiny.loss_of(model), pairs, tiny.recipe(epochs=3, schedule="linear"), lambda _: None)
    assert pairs.negatives is not None
    assert pairs.negatives.searches == 2
    assert state.rows == 3 * 40 + pairs.negatives.pairs
    assert state.budget == 3 * -(-len(pairs) // 16) >= state.step
    assert state.history[-1]["lr"] == pytest.approx(0.05 * (1 - state.step / state.budget))


def test_nothing_added_is_the_training_without_it() -> None:
    plain, same = (
        fit(model, tiny.loss_of(model), rows, tiny.recipe(), lambda _: None)
        for model, rows in ((tiny.siamese(), STORE), (tiny.siamese(), EpochPairs(STORE, 0)))
    )
    assert plain.losses == same.losses
    assert (plain.rows, plain.budget) == (same.rows, same.budget) == (120, 9)
