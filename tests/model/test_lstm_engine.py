"""Our LSTM recurrence: its hand-written gradient against finite differences, and the packed order it runs in."""

from dataclasses import dataclass

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqtwin.model.lstm_engine import Layout, Share, doubled, run_lstm, share_of_table, share_of_vectors, taken

some_lengths = st.lists(st.integers(1, 9), min_size=1, max_size=6)
one_or_two = pytest.mark.parametrize("directions", [1, 2])
shapes = pytest.mark.parametrize("lengths", [(1,), (4,), (1, 1), (3, 3), (2, 5, 1), (4, 1, 4, 2)], ids=str)


ROWS = 3  # fewer than steps, so that a row's gradient is a sum over steps


@dataclass(frozen=True)
class Drawn:
    """A random table of gate shares, recurrent weights, the places of the steps, and a layout."""

    table: Tensor
    weight: Tensor
    places: Tensor
    layout: Layout

    def run(self, table: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        return run_lstm(Share(table, self.places), weight, self.layout)


def drawn(lengths: tuple[int, ...], directions: int = 2, hidden: int = 2) -> Drawn:
    draw = torch.Generator().manual_seed(0)
    sizes = [(ROWS, 4 * hidden), (directions, 4 * hidden, hidden)]
    table, weight = (torch.randn(s, generator=draw, dtype=torch.float64).requires_grad_() for s in sizes)
    places = torch.randint(0, ROWS, (sum(lengths), directions), generator=draw)
    return Drawn(table, weight, places, Layout.of(torch.tensor(lengths), max(lengths), directions))


@shapes
@one_or_two
def test_gradients_are_those_of_finite_differences(lengths: tuple[int, ...], directions: int) -> None:
    d = drawn(lengths, directions)
    assert torch.autograd.gradcheck(d.run, (d.table, d.weight))


@shapes
@one_or_two
@pytest.mark.parametrize("read", [0, 1], ids=["hidden", "cell"])
def test_gradients_are_right_when_one_state_only_is_read(lengths: tuple[int, ...], directions: int, read: int) -> None:
    d = drawn(lengths, directions)
    assert torch.autograd.gradcheck(lambda table, weight: d.run(table, weight)[read], (d.table, d.weight))


@shapes
def test_directions_do_not_touch_each_other(lengths: tuple[int, ...]) -> None:
    both = drawn(lengths)
    for d in range(2):
        one = slice(d, d + 1)
        alone = run_lstm(Share(both.table, both.places[:, one]), both.weight[one], both.layout)
        for mine, expected in zip(both.run(both.table, both.weight), alone, strict=True):
            torch.testing.assert_close(mine[:, one], expected, rtol=0, atol=1e-14)


@shapes
def test_the_way_without_gradients_is_the_same(lengths: tuple[int, ...]) -> None:
    d = drawn(lengths)
    with torch.inference_mode():
        found = d.run(d.table, d.weight)
    for mine, expected in zip(found, d.run(d.table, d.weight), strict=True):
        assert torch.equal(mine, expected)


def test_gradients_can_be_taken_twice() -> None:
    d = drawn((2, 5, 1))
    total = d.run(d.table, d.weight)[0].square().sum()
    first = torch.autograd.grad(total, (d.table, d.weight), retain_graph=True)
    second = torch.autograd.grad(total, (d.table, d.weight))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_large_gates_stay_finite() -> None:
    d = drawn((2, 5, 1))
    large = (1e4 * d.table.detach().float()).requires_grad_()
    hidden, cell = d.run(large, d.weight.detach().float().requires_grad_())
    (hidden.sum() + cell.sum()).backward()
    assert hidden.abs().max() <= 1
    assert cell.isfinite().all()
    assert large.grad.isfinite().all()


def test_one_sigmoid_serves_all_four_gates() -> None:
    gates = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(0))
    found = doubled(gates)
    assert torch.equal(found[:, 6:9], 2 * gates[:, 6:9])
    assert torch.equal(found[:, [0, 5, 9, 11]], gates[:, [0, 5, 9, 11]])
    assert torch.equal(doubled(gates[:, :, 0]), found[:, :, 0])
    assert torch.allclose(2 * found[:, 6:9].sigmoid() - 1, gates[:, 6:9].tanh(), atol=1e-6)


def test_each_direction_takes_from_its_own_places() -> None:
    packed = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
    places = torch.tensor([[[4, 0], [1, 1]], [[2, 3], [0, 4]], [[3, 2], [1, 0]]])
    found = taken(packed, places)
    assert found.shape == (3, 2, 2, 3)
    for row in range(3):
        for time in range(2):
            for d in range(2):
                assert torch.equal(found[row, time, d], packed[places[row, time, d], d])


@one_or_two
def test_the_share_of_a_table_is_that_of_its_vectors(directions: int) -> None:
    draw = torch.Generator().manual_seed(0)
    lengths = torch.tensor([2, 5, 1])
    layout, table = Layout.of(lengths, 5, directions), torch.randn(4, 3, generator=draw, dtype=torch.float64)
    places = torch.randint(0, 4, (3, 5), generator=draw)
    weight = torch.randn(directions, 8, 3, generator=draw, dtype=torch.float64)
    bias = torch.randn(directions, 8, generator=draw, dtype=torch.float64)
    few = share_of_table(table, places, layout, weight, bias)
    many = share_of_vectors(table[places], layout, weight, bias)
    assert few.places.shape == many.places.shape == (8, directions)
    torch.testing.assert_close(few.table[few.places], many.table[many.places], rtol=0, atol=1e-12)


@given(lengths=some_lengths, pads=st.integers(0, 3), directions=st.integers(1, 2))
def test_every_real_step_has_its_place_and_no_other(lengths: list[int], pads: int, directions: int) -> None:
    layout = Layout.of(torch.tensor(lengths), max(lengths) + pads, directions)
    here = [(row, times[0]) for row, times in zip(layout.rows.tolist(), layout.times.tolist(), strict=True)]
    assert sorted(here) == [(row, time) for row, length in enumerate(lengths) for time in range(length)]
    assert layout.sizes == sorted(layout.sizes, reverse=True)
    assert layout.times.shape[1] == layout.at.shape[2] == directions
    for place, (row, time) in enumerate(here):
        read = [time, lengths[row] - 1 - time][:directions]
        assert layout.times[place].tolist() == read
        assert [int(layout.at[row, t, d]) for d, t in enumerate(read)] == [place] * directions
        if time == lengths[row] - 1:
            assert int(layout.ends[row]) == place
        if time:
            assert here[int(layout.before[place - layout.sizes[0]])] == (row, time - 1)
