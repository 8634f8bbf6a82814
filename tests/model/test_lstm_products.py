"""Products of matrices against float64, and what makes their rows independent of each other."""

import pytest
import torch
from hypothesis import example, given
from hypothesis import strategies as st
from torch import Tensor

from seqtwin.model.lstm import products
from seqtwin.model.lstm.products import height, linear, padded, product, product_over_rows, suits_onednn

TOLERANCE = {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float64: 1e-14}
formats = pytest.mark.parametrize("dtype", TOLERANCE, ids=str)


def drawn(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


@pytest.fixture(params=[True, False], ids=["oneDNN where there is one", "without oneDNN"])
def either_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param:
        monkeypatch.setattr(products, "LEAST_NUMBERS", 1)
    else:
        monkeypatch.setattr(products, "_has_onednn", lambda: False)


@formats
@pytest.mark.usefixtures("either_library")
def test_products_are_those_of_float64(dtype: torch.dtype) -> None:
    rows, weight, bias = drawn(12, 7, dtype=dtype), drawn(9, 7, dtype=dtype, seed=1), drawn(9, dtype=dtype, seed=2)
    near = {"rtol": TOLERANCE[dtype], "atol": TOLERANCE[dtype], "check_dtype": False}
    exact = rows.double() @ weight.double().t()
    torch.testing.assert_close(product(rows, weight), exact, **near)
    torch.testing.assert_close(product(rows, weight, bias), exact + bias.double(), **near)
    # factors that are transposed views, as the gradients have them
    torch.testing.assert_close(product(rows.t().contiguous().t(), weight), exact, **near)
    wide, narrow = drawn(12, 9, dtype=dtype, seed=3), rows
    torch.testing.assert_close(product_over_rows(wide, narrow), wide.double().t() @ narrow.double(), **near)


@pytest.mark.parametrize("count", [1, 3, 4, 37])
def test_the_gradients_of_a_linear_map_are_those_of_finite_differences(count: int) -> None:
    inputs = [drawn(*shape, dtype=torch.float64).requires_grad_() for shape in [(count, 5), (8, 5), (8,)]]
    assert torch.autograd.gradcheck(linear, inputs)


@pytest.mark.parametrize("count", [1, 3, 4, 37])
@pytest.mark.usefixtures("either_library")
def test_a_linear_map_is_that_of_pytorch(count: int) -> None:
    mine, theirs = ([drawn(*shape).requires_grad_() for shape in [(count, 16), (8, 16), (8,)]] for _ in range(2))
    found, expected = linear(*mine), torch.nn.functional.linear(*theirs)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    for total in (found, expected):
        total.square().sum().backward()
    for own, other in zip(mine, theirs, strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-4)


@given(rows=st.integers(0, 10_000))
def test_heights_are_near_and_few(rows: int) -> None:
    assert 0 <= height(rows) - rows < max(4, rows / 16)
    assert height(height(rows)) == height(rows)


def test_there_are_few_heights() -> None:
    assert len({height(rows) for rows in range(1, 1025)}) == 80  # multiples of 4 to 128, then 16 per doubling


@example(count=1, extra=1, width=128, seed=0)  # with one row alone, oneDNN 3.12 adds up in another order
@example(count=1, extra=2, width=64, seed=0)  # with up to three, so does MKL 2024.2
@given(
    count=st.integers(1, 60),
    extra=st.integers(0, 60),
    width=st.sampled_from([5, 48, 64, 128]),
    seed=st.integers(0, 9),
)
def test_a_row_does_not_depend_on_the_other_rows(count: int, extra: int, width: int, seed: int) -> None:
    """To the last bit where oneDNN makes the products; MKL's own switches, such as MKL_CBWR, can undo it elsewhere."""
    rows, weight = drawn(count + extra, width, seed=seed), drawn(4 * width, width, seed=seed + 1)
    alone = product(padded(rows[:count]), weight)[:count]
    among = product(padded(rows), weight)[:count]
    exact = suits_onednn(weight.numel(), weight.dtype)
    torch.testing.assert_close(among, alone, rtol=0, atol=0 if exact else 1e-4)
