"""Cross-entropy against PyTorch, SciPy and a plain loop; its plateau; what it says of itself."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import log_softmax
from scipy.stats import entropy
from torch import Tensor, nn

from seqtwin.training.cross_entropy import CrossEntropy

shapes = pytest.mark.parametrize(("rows", "classes"), [(1, 1), (1, 2), (7, 2), (5, 40)])
smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])


def drawn(rows: int, classes: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    draw = torch.Generator().manual_seed(rows)
    logits = 3 * torch.randn(rows, classes, generator=draw, dtype=torch.float64)
    return logits.to(dtype), torch.randint(classes, (rows,), generator=draw)


@shapes
@smoothings
def test_a_plain_loop_finds_the_same(rows: int, classes: int, smoothing: float) -> None:
    logits, target = drawn(rows, classes)
    total = 0.0
    for row, right in zip(logits.numpy(), target.tolist(), strict=True):
        cost = -log_softmax(row)
        total += (1 - smoothing) * cost[right] + smoothing * cost.mean()
    assert float(CrossEntropy(smoothing)(logits, target)) == pytest.approx(total / rows, abs=1e-12)


@shapes
@smoothings
def test_value_and_gradient_are_those_of_pytorch(rows: int, classes: int, smoothing: float) -> None:
    logits, target = drawn(rows, classes)
    mine, other = (logits.clone().requires_grad_() for _ in range(2))
    value = CrossEntropy(smoothing)(mine, target)
    expected = nn.CrossEntropyLoss(label_smoothing=smoothing)(other, target)
    value.backward()
    expected.backward()
    assert torch.equal(value, expected)
    assert torch.equal(mine.grad, other.grad)
    assert value.shape == ()


def test_logits_far_apart_stay_finite() -> None:
    logits = torch.tensor([[1e4, -1e4, 0.0]], requires_grad=True)
    value = CrossEntropy()(logits, torch.tensor([1]))
    value.backward()
    assert float(value.detach()) == pytest.approx(2e4)
    assert logits.grad.isfinite().all()


def test_half_precision_logits_have_a_loss_in_single_precision() -> None:
    logits, target = drawn(64, 1000, torch.bfloat16)
    value = CrossEntropy()(logits.requires_grad_(), target)
    assert value.dtype == torch.float32
    exact = CrossEntropy()(logits.double(), target)
    assert float(value.detach()) == pytest.approx(float(exact.detach()), rel=1e-6)
    value.backward()
    assert logits.grad.isfinite().all()


# the plateau


@given(st.lists(st.integers(0, 5), min_size=1, max_size=40), st.integers(1, 7))
def test_the_plateau_is_the_entropy_of_the_classes(target: list[int], size: int) -> None:
    batches = torch.tensor(target).split(size)
    found = CrossEntropy().plateau_of(batches)
    expected = entropy(np.bincount(target))
    assert found is None if len(set(target)) == 1 else found == pytest.approx(expected)


def test_no_constant_answer_is_better_than_the_plateau() -> None:
    target = torch.tensor([0, 0, 0, 1, 1, 2])
    plateau = CrossEntropy().plateau_of([target])
    assert plateau is not None
    shares = torch.tensor([3.0, 2.0, 1.0], dtype=torch.float64).log()
    assert float(CrossEntropy()(shares.expand(6, 3), target)) == pytest.approx(plateau)
    draw = torch.Generator().manual_seed(0)
    for _ in range(20):
        other = shares + torch.randn(3, generator=draw, dtype=torch.float64)
        assert float(CrossEntropy()(other.expand(6, 3), target)) >= plateau


def test_with_smoothing_targets_alone_do_not_tell_a_plateau() -> None:
    assert CrossEntropy(0.1).plateau_of([torch.tensor([0, 1])]) is None


# what it says of itself


@pytest.mark.parametrize("smoothing", [1.0, -0.1, math.nan])
def test_impossible_smoothing_is_refused(smoothing: float) -> None:
    with pytest.raises(ValueError, match="smoothing: expected a number from 0 to below 1"):
        CrossEntropy(smoothing)


def test_its_formula_names_its_numbers() -> None:
    assert CrossEntropy().formula == "mean of -log softmax(logits)[class]"
    assert CrossEntropy(0.1).formula == "0.9 x mean of -log softmax(logits)[class] + 0.1 x mean over classes"
    assert json.loads(json.dumps(CrossEntropy(0.1).settings)) == {"smoothing": 0.1}


def test_it_has_nothing_to_train_and_no_silent_batch() -> None:
    loss = CrossEntropy()
    loss(*drawn(1, 1))
    assert not list(loss.parameters())
    assert loss.silent_batches == 0
