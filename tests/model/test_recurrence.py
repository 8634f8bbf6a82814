"""Our LSTM recurrence: its hand-written gradient against finite differences, and the packed order it runs in."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from seqtwin.model.recurrence import Layout, doubled, run_lstm

some_lengths = st.lists(st.integers(1, 9), min_size=1, max_size=6)
shapes = pytest.mark.parametrize("lengths", [(1,), (4,), (1, 1), (3, 3), (2, 5, 1), (4, 1, 4, 2)], ids=str)


def drawn(lengths: tuple[int, ...], hidden: int = 2) -> tuple[Tensor, Tensor, Layout]:
    draw = torch.Generator().manual_seed(0)
    gates = torch.randn(sum(lengths), 4 * hidden, generator=draw, dtype=torch.float64, requires_grad=True)
    weight = torch.randn(4 * hidden, hidden, generator=draw, dtype=torch.float64, requires_grad=True)
    return gates, weight, Layout.of(torch.tensor(lengths), max(lengths))


@shapes
def test_gradients_are_those_of_finite_differences(lengths: tuple[int, ...]) -> None:
    gates, weight, layout = drawn(lengths)
    assert torch.autograd.gradcheck(lambda g, w: run_lstm(g, w, layout), (gates, weight))


@shapes
@pytest.mark.parametrize("read", [0, 1], ids=["hidden", "cell"])
def test_gradients_are_right_when_one_state_only_is_read(lengths: tuple[int, ...], read: int) -> None:
    gates, weight, layout = drawn(lengths)
    assert torch.autograd.gradcheck(lambda g, w: run_lstm(g, w, layout)[read], (gates, weight))


def test_gradients_can_be_taken_twice() -> None:
    gates, weight, layout = drawn((2, 5, 1))
    total = run_lstm(gates, weight, layout)[0].square().sum()
    first = torch.autograd.grad(total, (gates, weight), retain_graph=True)
    second = torch.autograd.grad(total, (gates, weight))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_large_gates_stay_finite() -> None:
    gates, weight, layout = drawn((2, 5, 1))
    large = (1e4 * gates.detach().float()).requires_grad_()
    hidden, cell = run_lstm(large, weight.detach().float().requires_grad_(), layout)
    (hidden.sum() + cell.sum()).backward()
    assert hidden.abs().max() <= 1
    assert cell.isfinite().all()
    assert large.grad.isfinite().all()


def test_one_sigmoid_serves_all_four_gates() -> None:
    g = torch.randn(12, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(doubled(g)[6:9], 2 * g[6:9])
    assert torch.equal(doubled(g)[[0, 5, 9, 11]], g[[0, 5, 9, 11]])
    assert torch.allclose(2 * doubled(g[:, 0])[6:9].sigmoid() - 1, g[6:9, 0].tanh(), atol=1e-6)


@given(lengths=some_lengths, pads=st.integers(0, 3))
def test_every_real_step_has_its_place_and_no_other(lengths: list[int], pads: int) -> None:
    layout = Layout.of(torch.tensor(lengths), max(lengths) + pads)
    here = list(zip(layout.rows.tolist(), layout.forward.tolist(), strict=True))
    assert sorted(here) == [(row, time) for row, length in enumerate(lengths) for time in range(length)]
    assert layout.sizes == sorted(layout.sizes, reverse=True)
    for place, (row, time) in enumerate(here):
        back = lengths[row] - 1 - time
        assert int(layout.backward[place]) == back
        assert int(layout.at_forward[row, time]) == place
        assert int(layout.at_backward[row, back]) == place
        if time == lengths[row] - 1:
            assert int(layout.ends[row]) == place
        if time:
            assert here[int(layout.before[place - layout.sizes[0]])] == (row, time - 1)
