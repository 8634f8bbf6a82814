"""Ragged storage against a plain loop; the order of the data as a pure function of (seed, epoch)."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.batches import (
    POOL,
    ClassStore,
    DecodeStore,
    PairStore,
    Ragged,
    StepStore,
    balanced_batches,
    by_length,
    epoch_batches,
)

some_texts = st.lists(st.lists(st.integers(0, 9), min_size=1, max_size=6), min_size=1, max_size=8)
some_lengths = st.lists(st.integers(1, 20), min_size=0, max_size=200)
sizes = st.integers(1, 40)


@given(texts=some_texts, data=st.data())
def test_rows_of_ids_are_those_a_plain_loop_finds(texts: list[list[int]], data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.integers(0, len(texts) - 1), min_size=1, max_size=12))
    found = Ragged.of([np.array(text) for text in texts]).take(np.array(rows))
    width = max(len(texts[row]) for row in rows)
    assert found.values.tolist() == [texts[row] + [0] * (width - len(texts[row])) for row in rows]
    assert found.lengths.tolist() == [len(texts[row]) for row in rows]


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=8), data=st.data())
def test_rows_of_series_are_those_a_plain_loop_finds(lengths: list[int], data: st.DataObject) -> None:
    rng = np.random.default_rng(0)
    series = [rng.normal(size=(length, 3)).astype(np.float32) for length in lengths]
    rows = data.draw(st.lists(st.integers(0, len(series) - 1), min_size=1, max_size=12))
    found = Ragged.of(series).take(np.array(rows))
    assert found.values.shape == (len(rows), max(lengths[row] for row in rows), 3)
    assert found.values.dtype == torch.float32
    for row, values, length in zip(rows, found.values.numpy(), found.lengths.tolist(), strict=True):
        assert np.array_equal(values[:length], series[row])
        assert not values[length:].any()


@pytest.mark.parametrize("lengths", [(1,), (64,), (1, 64), (1, 1), (4096, 1)])
def test_odd_lengths_come_back_as_they_went_in(lengths: tuple[int, ...]) -> None:
    items = [np.arange(2, 2 + length) for length in lengths]
    stored = Ragged.of(items)
    assert len(stored) == len(lengths)
    for row, item in enumerate(items):
        assert stored.take(np.array([row])).values.tolist() == [item.tolist()]


def store(count: int = 5) -> PairStore:
    items = Ragged.of([np.arange(1, 2 + n) for n in range(count)])
    left = np.arange(count)
    return PairStore(items, left, left[::-1].copy(), np.linspace(0, 1, count))


def test_a_batch_holds_the_pairs_at_its_rows() -> None:
    pairs, rows = store(), np.array([3, 0])
    batch = pairs.batch(rows)
    assert batch.rows.tolist() == [3, 0]
    assert batch.target.tolist() == [0.75, 0]
    assert batch.target.dtype == torch.float32
    assert batch.left.lengths.tolist() == [4, 1]
    assert batch.right.lengths.tolist() == [2, 5]
    assert batch.left.values[0].tolist() == [1, 2, 3, 4]


def test_the_length_of_a_pair_is_that_of_its_longer_side() -> None:
    assert store().lengths.tolist() == [5, 4, 3, 4, 5]
    assert len(store()) == 5


def of(texts: list[list[int]]) -> Ragged:
    return Ragged.of([np.array(text) for text in texts])


def some_rows(data: st.DataObject, count: int) -> list[int]:
    return data.draw(st.lists(st.integers(0, count - 1), min_size=1, max_size=12))


@given(texts=some_texts, data=st.data())
def test_a_batch_of_classes_is_that_of_a_plain_loop(texts: list[list[int]], data: st.DataObject) -> None:
    target, rows = np.arange(len(texts)) * 3, some_rows(data, len(texts))
    held = ClassStore(of(texts), target)
    batch = held.batch(np.array(rows))
    assert (
        batch.sequences.values.tolist() == of([texts[row] for row in rows]).take(np.arange(len(rows))).values.tolist()
    )
    assert batch.target.tolist() == [3 * row for row in rows]
    assert batch.rows.tolist() == rows
    assert (len(held), len(batch)) == (len(texts), len(rows))
    assert held.lengths.tolist() == [len(text) for text in texts]


@given(texts=some_texts, data=st.data())
def test_a_batch_of_steps_has_the_classes_of_row_after_row(texts: list[list[int]], data: st.DataObject) -> None:
    classes, rows = [[10 + token for token in text] for text in texts], some_rows(data, len(texts))
    held = StepStore(of(texts), of(classes))
    batch = held.batch(np.array(rows))
    assert batch.target.tolist() == [10 + token for row in rows for token in texts[row]]
    assert batch.sequences.values[batch.sequences.mask].tolist() == [token - 10 for token in batch.target.tolist()]
    assert batch.rows.tolist() == rows
    assert held.target.tolist() == [one for text in classes for one in text]
    assert held.lengths.tolist() == [len(text) for text in texts]


@given(texts=some_texts, data=st.data())
def test_a_batch_of_texts_to_write_has_their_tokens_row_after_row(texts: list[list[int]], data: st.DataObject) -> None:
    rows = some_rows(data, len(texts))
    written = [[*text[: row % 3], 10] for row, text in enumerate(texts)]
    held = DecodeStore(of(texts), of(written))
    batch = held.batch(np.array(rows))
    assert batch.target.tolist() == [token for row in rows for token in written[row]]
    assert batch.sequences.lengths.tolist() == [len(texts[row]) for row in rows]
    assert batch.written.lengths.tolist() == [len(written[row]) for row in rows]
    assert batch.rows.tolist() == rows
    assert held.lengths.tolist() == [max(len(a), len(b)) for a, b in zip(texts, written, strict=True)]
    assert held.target.tolist() == [1] * len(texts)


def test_stores_of_series_and_of_spelled_words_hold_classes_too() -> None:
    series = Ragged.of([np.ones((2, 3), dtype=np.float32), np.zeros((1, 3), dtype=np.float32)])
    words = Ragged.of([np.array([[5, 1, 2], [6, 3, 0]]), np.array([[7, 4, 4]])])
    for items in (series, words):
        whole = ClassStore(items, np.array([0, 1])).batch(np.array([1, 0]))
        steps = StepStore(items, of([[4, 5], [6]])).batch(np.array([1, 0]))
        assert whole.sequences.values.shape == (2, 2, 3)
        assert (whole.target.tolist(), steps.target.tolist()) == ([1, 0], [6, 4, 5])


@pytest.mark.parametrize("size", [1, 2, 5])
def test_an_epoch_over_any_store_gives_every_target_once(size: int) -> None:
    texts = [[2], [3, 4, 5], [6, 7], [8]]
    held = (ClassStore(of(texts), np.arange(4)), StepStore(of(texts), of(texts)), DecodeStore(of(texts), of(texts)))
    for one, expected in zip(held, (range(4), range(2, 9), range(2, 9)), strict=True):
        batches = epoch_batches(one.lengths, size, seed=0, epoch=1)
        seen = [token for rows in batches for token in one.batch(rows).target.tolist()]
        assert sorted(seen) == list(expected)


@given(lengths=some_lengths, size=sizes, seed=st.integers(0, 3), epoch=st.integers(0, 3))
def test_every_row_comes_once_an_epoch_and_the_short_batch_last(
    lengths: list[int], size: int, seed: int, epoch: int
) -> None:
    batches = epoch_batches(np.array(lengths, dtype=int), size, seed=seed, epoch=epoch)
    assert sorted(row for batch in batches for row in batch.tolist()) == list(range(len(lengths)))
    full, rest = divmod(len(lengths), size)
    assert [len(batch) for batch in batches] == [size] * full + [rest] * (rest > 0)


@given(lengths=some_lengths, size=sizes)
def test_the_order_is_a_pure_function_of_seed_and_epoch(lengths: list[int], size: int) -> None:
    held = np.array(lengths, dtype=int)
    np.random.default_rng().random()
    one, same = (epoch_batches(held, size, seed=4, epoch=2) for _ in range(2))
    assert all(np.array_equal(a, b) for a, b in zip(one, same, strict=True))


def test_other_seeds_and_epochs_give_other_orders_and_move_no_global_generator() -> None:
    lengths = np.random.default_rng(0).integers(1, 20, 500)
    before = np.random.get_state()[1].copy(), torch.random.get_rng_state()
    orders = [
        np.concatenate(epoch_batches(lengths, 16, seed=seed, epoch=epoch)).tolist()
        for seed, epoch in [(0, 0), (0, 1), (1, 0), (1, 1)]
    ]
    assert len({tuple(order) for order in orders}) == 4
    assert np.array_equal(np.random.get_state()[1], before[0])
    assert torch.equal(torch.random.get_rng_state(), before[1])


def test_a_batch_is_alike_in_length_and_an_epoch_is_not_sorted() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 2 * POOL * 16)
    batches = epoch_batches(lengths, 16, seed=0, epoch=0)
    spread = np.mean([np.ptp(lengths[batch]) for batch in batches])
    assert spread < 0.1 * np.ptp(lengths)
    means = np.array([lengths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


two_classes = st.lists(st.booleans(), min_size=2, max_size=300).filter(lambda same: 0 < sum(same) < len(same))
shares = st.floats(0.01, 0.99)


@given(same=two_classes, size=sizes, share=shares, seed=st.integers(0, 3), epoch=st.integers(0, 3))
def test_balanced_batches_have_the_share_and_use_the_rarer_class_evenly(
    same: list[bool], size: int, share: float, seed: int, epoch: int
) -> None:
    mask, lengths = np.array(same), np.random.default_rng(seed).integers(1, 9, len(same))
    batches = balanced_batches(lengths, mask, size, share, seed=seed, epoch=epoch)
    plain = epoch_batches(lengths, size, seed=seed, epoch=epoch)
    assert [len(batch) for batch in batches] == [len(batch) for batch in plain]
    for batch in batches:
        assert abs(mask[batch].sum() - share * len(batch)) <= 1 + 1e-9
    counts = np.bincount(np.concatenate(batches), minlength=len(mask))
    rarer = mask if mask.mean() < share else ~mask
    assert counts[rarer].min() >= 1
    assert np.ptp(counts[rarer]) <= 1
    if mask.mean() != share:
        assert counts[~rarer].max() <= 1


def test_balanced_batches_depend_on_seed_and_epoch_alone() -> None:
    lengths = np.random.default_rng(0).integers(1, 20, 500)
    same = np.arange(500) % 10 == 0
    before = np.random.get_state()[1].copy()
    orders = [
        tuple(np.concatenate(balanced_batches(lengths, same, 16, 0.5, seed=seed, epoch=epoch)).tolist())
        for seed, epoch in [(0, 0), (0, 1), (1, 0), (0, 0)]
    ]
    assert len(set(orders)) == 3
    assert orders[0] == orders[3]
    assert np.array_equal(np.random.get_state()[1], before)


def test_over_the_epochs_every_row_of_the_frequent_class_is_drawn_too() -> None:
    same = np.arange(200) % 10 == 0
    drawn = [balanced_batches(np.ones(200), same, 16, 0.5, seed=0, epoch=epoch) for epoch in range(12)]
    assert set(np.concatenate([row for batches in drawn for row in batches]).tolist()) == set(range(200))


def test_a_balanced_batch_is_alike_in_length() -> None:
    lengths = np.random.default_rng(0).integers(1, 40, 2 * POOL * 16)
    batches = balanced_batches(lengths, np.arange(len(lengths)) % 20 == 0, 16, 0.5, seed=0, epoch=0)
    assert np.mean([np.ptp(lengths[batch]) for batch in batches]) < 0.2 * np.ptp(lengths)
    means = np.array([lengths[batch].mean() for batch in batches])
    assert abs(np.corrcoef(means, np.arange(len(means)))[0, 1]) < 0.5


@pytest.mark.parametrize("value", [True, False])
def test_one_class_cannot_be_balanced(value: bool) -> None:
    with pytest.raises(ValueError, match="both classes"):
        balanced_batches(np.ones(4), np.full(4, value), 2, 0.5, seed=0, epoch=0)


@given(lengths=some_lengths, size=sizes)
def test_for_encoding_every_row_comes_once_shortest_first(lengths: list[int], size: int) -> None:
    held = np.array(lengths, dtype=int)
    batches = list(by_length(held, size))
    order = [row for batch in batches for row in batch.tolist()]
    assert sorted(order) == list(range(len(lengths)))
    assert [lengths[row] for row in order] == sorted(lengths)
    assert all(len(batch) == size for batch in batches[:-1])
