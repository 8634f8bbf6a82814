"""Thirds of sequences, against plain loops; gradients by step against finite differences."""

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.data.batches import Ragged
from seqtwin.model.siamese import joined
from seqtwin.records import Compared
from seqtwin.training.diagnostics import positions

STORE = tiny.store(24)
texts = st.lists(st.lists(st.integers(0, 99), min_size=1, max_size=13), min_size=1, max_size=9)


def plain_thirds(text: list[int]) -> list[list[int]]:
    parts: list[list[int]] = [[], [], []]
    for step, token in enumerate(text):
        parts[step * 3 // len(text)].append(token)
    return parts


@given(found=texts, third=st.integers(0, 2))
def test_a_third_is_deleted_as_a_plain_loop_does(found: list[list[int]], third: int) -> None:
    items = Ragged.of([np.array(text) for text in found])
    left = positions.without_third(items, third)
    for row, text in enumerate(found):
        kept = [token for i, part in enumerate(plain_thirds(text)) if i != third for token in part]
        expected = kept if len(text) >= 3 else text
        start = left.starts[row]
        assert left.steps[start : start + left.lengths[row]].tolist() == expected
    assert items.steps.tolist() == [token for text in found for token in text]


def test_words_are_lost_with_their_letters() -> None:
    words = np.array([[5, 1, 2], [6, 3, 0], [7, 4, 4]])
    assert positions.without_third(Ragged.of([words]), 1).steps.tolist() == [[5, 1, 2], [7, 4, 4]]


def test_series_lose_whole_steps() -> None:
    items = Ragged.of([np.arange(12.0).reshape(6, 2), np.ones((1, 2))])
    left = positions.without_third(items, 1)
    assert left.lengths.tolist() == [4, 1]
    assert left.steps[:4, 0].tolist() == [0, 2, 8, 10]


@given(length=st.integers(3, 60))
def test_thirds_are_of_one_size_but_for_a_step(length: int) -> None:
    sizes = np.bincount(positions.third_of(np.arange(length), np.full(length, length)), minlength=3)
    assert sizes.sum() == length
    assert np.ptp(sizes) <= 1


@pytest.mark.parametrize(
    ("whole", "left", "shares"),
    [
        (0.9, [0.9, 0.9, 0.6], [0, 0, 1]),
        (0.9, [0.8, 0.8, 0.8], [1 / 3] * 3),
        (0.9, [0.95, 0.8, 0.7], [0, 1 / 3, 2 / 3]),
        (0.5, [0.495, 0.499, 0.51], [None] * 3),
        (None, [0.5, 0.5, 0.5], [None] * 3),
        (0.9, [0.5, None, 0.5], [None] * 3),
    ],
)
def test_shares_of_the_drop(whole: Any, left: Any, shares: Any) -> None:
    found = list(positions.drop_shares(whole, left, least=0.02).values())
    assert found == [None if share is None else pytest.approx(share, abs=1e-9) for share in shares]


CASES = [
    ("final_hidden", "masked", "lstm", 1),
    ("mean_output", "masked", "gru", 2),
    ("last_output", "read", "lstm", 1),
    ("max_output", "masked", "lstm", 2),
]


@pytest.mark.parametrize(("representation", "padding", "cell", "layers"), CASES)
def test_gradients_by_step_are_those_of_finite_differences(
    representation: str, padding: str, cell: str, layers: int
) -> None:
    model = tiny.siamese(representation, padding=padding, cell=cell, layers=layers).double()
    loss, rows = tiny.loss_of(model), np.arange(6)
    norms, lengths = positions.step_gradients(model, loss, STORE, rows)
    pairs = STORE.batch(rows)
    both = joined(pairs.left, pairs.right)
    assert lengths.tolist() == both.lengths.tolist()
    table = model.encoder.inputs.embedding.weight.detach()

    def value(bumped: torch.Tensor) -> float:
        watched = positions._Watched(lambda _: bumped)
        states = positions.PADDINGS[padding](watched, model.encoder.rnn, both)
        left, right = model.representation(states).chunk(2)
        return float(loss(Compared(left, right, model.similarity(left, right)), pairs.target.double()))

    vectors = table[both.values]
    with torch.no_grad():
        for row, step in ((0, 0), (3, 0), (7, int(both.lengths[7]) - 1)):
            slopes = []
            for channel in range(vectors.shape[2]):
                bump = torch.zeros_like(vectors)
                bump[row, step, channel] = 1e-4
                slopes.append((value(vectors + bump) - value(vectors - bump)) / 2e-4)
            assert float(norms[row, step]) == pytest.approx(np.linalg.norm(slopes), rel=1e-3, abs=1e-9)


def test_asking_for_gradients_changes_nothing() -> None:
    model = tiny.siamese("mean_output", layers=2, dropout=0.5).train()
    loss = tiny.loss_of(model, {"name": "pml", "loss": "MarginLoss"})
    before = {name: value.clone() for name, value in (*model.state_dict().items(), *loss.state_dict().items())}
    world = torch.random.get_rng_state()
    first, _ = positions.step_gradients(model, loss, STORE, np.arange(10))
    again, _ = positions.step_gradients(model, loss, STORE, np.arange(10))
    assert torch.equal(first, again)  # dropout is off
    assert torch.equal(torch.random.get_rng_state(), world)
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    after = {**model.state_dict(), **loss.state_dict()}
    assert all(torch.equal(after[name], value) for name, value in before.items())


def test_thirds_of_gradients_are_means_over_long_sequences() -> None:
    norms = torch.tensor([[1.0, 2.0, 4.0, 9.0], [3.0, 3.0, 3.0, 3.0], [100.0, 100.0, 9.0, 9.0]])
    found = positions.gradient_thirds(norms, torch.tensor([3, 4, 2]))
    # the second has four steps: its first third is two of them; the third is too short, pads do not count
    assert found == {
        "gradient_first": pytest.approx((1 + 3 + 3) / 3),
        "gradient_middle": pytest.approx((2 + 3) / 2),
        "gradient_last": pytest.approx((4 + 3) / 2),
        "gradient_ratio": pytest.approx(3.5 / (7 / 3)),
    }


def test_no_gradient_has_no_ratio_and_a_vanished_one_a_finite() -> None:
    lengths = torch.tensor([3])
    assert positions.gradient_thirds(torch.zeros(1, 3), lengths)["gradient_ratio"] is None
    assert positions.gradient_thirds(torch.tensor([[0.0, 1.0, 1.0]]), lengths)["gradient_ratio"] == 1e12
    assert set(positions.gradient_thirds(torch.ones(1, 2), torch.tensor([2])).values()) == {None}


def test_the_last_state_of_a_forgetful_encoder_gets_no_early_gradient() -> None:
    model = tiny.siamese("last_output", bidirectional=False)
    with torch.no_grad():  # a forget gate that is shut
        model.encoder.rnn.bias_ih_l0[8:16] = -30.0
        model.encoder.rnn.weight_hh_l0.zero_()
    long = tiny.store(24)
    norms, lengths = positions.step_gradients(model, tiny.loss_of(model), long, np.arange(24))
    found = positions.gradient_thirds(norms, lengths)
    assert found["gradient_ratio"] > 1e6  # type: ignore[operator]
    assert found["gradient_last"] > 1e-6  # type: ignore[operator]
