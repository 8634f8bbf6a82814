"""Our LSTM recurrence: its hand-written gradient against finite differences, and the packed order it runs in."""

from dataclasses import dataclass, replace

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import suits_onednn
from seqtwin.model.lstm.recurrence import LstmStates, run_lstm
from seqtwin.model.lstm.shares import Share, places_of, share_of_table, share_of_vectors
from seqtwin.model.run_cell import doubled

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

    def run(self, table: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return parts(run_lstm(Share(table, self.places), weight, self.layout))


def parts(states: LstmStates) -> tuple[Tensor, Tensor, Tensor]:
    return states.outputs, states.hidden, states.cell


def drawn(lengths: tuple[int, ...], directions: int = 2, hidden: int = 2) -> Drawn:
    draw = torch.Generator().manual_seed(0)
    sizes = [(ROWS, 4 * hidden), (directions, 4 * hidden, hidden)]
    table, weight = (torch.randn(s, generator=draw, dtype=torch.float64).requires_grad_() for s in sizes)
    places = torch.randint(0, ROWS, (directions, sum(lengths)), generator=draw)
    return Drawn(table, weight, places, Layout.of(torch.tensor(lengths), max(lengths), directions))


@shapes
@one_or_two
def test_gradients_are_those_of_finite_differences(lengths: tuple[int, ...], directions: int) -> None:
    d = drawn(lengths, directions)
    assert torch.autograd.gradcheck(d.run, (d.table, d.weight))


@shapes
@one_or_two
@pytest.mark.parametrize("read", [0, 1, 2], ids=["outputs", "hidden", "cell"])
def test_gradients_are_right_when_one_state_only_is_read(lengths: tuple[int, ...], directions: int, read: int) -> None:
    d = drawn(lengths, directions)
    assert torch.autograd.gradcheck(lambda table, weight: d.run(table, weight)[read], (d.table, d.weight))


@shapes
def test_directions_do_not_touch_each_other(lengths: tuple[int, ...]) -> None:
    both = drawn(lengths)
    for d in range(2):
        one = slice(d, d + 1)
        layout = replace(both.layout, times=both.layout.times[one], at=both.layout.at[:, :, one])
        alone = run_lstm(Share(both.table, both.places[one]), both.weight[one], layout)
        together = run_lstm(Share(both.table, both.places), both.weight, both.layout)
        outputs = together.outputs.unflatten(2, (2, -1))[:, :, d]
        torch.testing.assert_close(outputs, alone.outputs, rtol=0, atol=1e-14)
        torch.testing.assert_close(together.hidden[:, one], alone.hidden, rtol=0, atol=1e-14)
        torch.testing.assert_close(together.cell[:, one], alone.cell, rtol=0, atol=1e-14)


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
    outputs, hidden, cell = d.run(large, d.weight.detach().float().requires_grad_())
    (outputs.sum() + hidden.sum() + cell.sum()).backward()
    assert outputs.abs().max() <= 1
    assert cell.isfinite().all()
    assert large.grad.isfinite().all()


def test_one_sigmoid_serves_all_four_gates() -> None:
    gates = torch.randn(2, 12, 3, generator=torch.Generator().manual_seed(0))
    found = doubled(gates.unbind(0))
    assert torch.equal(found[:, 6:9], 2 * gates[:, 6:9])
    assert torch.equal(found[:, [0, 5, 9, 11]], gates[:, [0, 5, 9, 11]])
    assert torch.equal(doubled(gates[:, :, 0].unbind(0)), found[:, :, 0])
    assert torch.allclose(2 * found[:, 6:9].sigmoid() - 1, gates[:, 6:9].tanh(), atol=1e-6)


def test_pads_are_zero_and_ends_are_the_outputs_there() -> None:
    lengths = (2, 5, 1)
    d = drawn(lengths)
    outputs, hidden, _ = d.run(d.table, d.weight)
    forward, backward = outputs.unflatten(2, (2, -1)).unbind(2)
    for row, length in enumerate(lengths):
        assert not outputs[row, length:].any()
        assert torch.equal(hidden[row, 0], forward[row, length - 1])
        assert torch.equal(hidden[row, 1], backward[row, 0])


@one_or_two
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
@example(lengths=[1, 1, 4, 8, 1, 1], hidden=32, seed=2)  # one row alone is added up in another order by PyTorch 2.13
@given(lengths=some_lengths, hidden=st.sampled_from([32, 64, 96, 128]), seed=st.integers(0, 9))
def test_a_state_does_not_depend_on_the_other_sequences(
    directions: int, dtype: torch.dtype, lengths: list[int], hidden: int, seed: int
) -> None:
    """To the last bit, although each step of a batch is one product for all sequences that have it.

    MKL does not promise it for narrow float32. Widths are multiples of 32: PyTorch 2.13 rounds what is left over of 32
    numbers differently in a sigmoid.
    """
    draw = torch.Generator().manual_seed(seed)
    ids = torch.randint(0, ROWS, (len(lengths), max(lengths)), generator=draw)
    table = torch.randn(directions * ROWS, 4 * hidden, generator=draw).to(dtype)
    weight = torch.randn(directions, 4 * hidden, hidden, generator=draw).to(dtype)

    def states(rows: list[int]) -> LstmStates:
        own = torch.tensor([lengths[row] for row in rows])
        layout = Layout.of(own, max(own.tolist()), directions)
        return run_lstm(Share(table, places_of(ids[rows], layout)), weight, layout)

    together = states([*range(len(lengths))])
    for row, length in enumerate(lengths):
        alone = states([row])
        near = {"rtol": 0, "atol": 0 if suits_onednn(4 * hidden * hidden, dtype) or dtype == torch.bfloat16 else 1e-5}
        torch.testing.assert_close(together.outputs[row, :length], alone.outputs[0], **near)
        torch.testing.assert_close(together.cell[row], alone.cell[0], **near)


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
    assert few.places.shape == many.places.shape == (directions, 8)
    torch.testing.assert_close(few.table[few.places], many.table[many.places], rtol=0, atol=1e-12)


@given(lengths=some_lengths, pads=st.integers(0, 3), directions=st.integers(1, 2))
def test_every_real_step_has_its_place_and_no_other(lengths: list[int], pads: int, directions: int) -> None:
    layout = Layout.of(torch.tensor(lengths), max(lengths) + pads, directions)
    here = [(row, times[0]) for row, times in zip(layout.rows.tolist(), layout.times.t().tolist(), strict=True)]
    assert sorted(here) == [(row, time) for row, length in enumerate(lengths) for time in range(length)]
    assert layout.sizes == sorted(layout.sizes, reverse=True)
    assert layout.times.shape[0] == layout.at.shape[2] == directions
    for place, (row, time) in enumerate(here):
        read = [time, lengths[row] - 1 - time][:directions]
        assert layout.times[:, place].tolist() == read
        assert [int(layout.at[row, t, d]) for d, t in enumerate(read)] == [place] * directions
        if time == lengths[row] - 1:
            assert int(layout.ends[row]) == place
        if time:
            assert here[int(layout.before[place - layout.sizes[0]])] == (row, time - 1)
