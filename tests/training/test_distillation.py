"""The loss of a teacher against a plain loop; what never changes it; its plateau against a search."""

import json
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize
from scipy.spatial.distance import cosine
from torch import Tensor

from seqtwin.records import Imitated
from seqtwin.training.distillation import Distillation, similarity_error

shapes = pytest.mark.parametrize(("rows", "dim", "width"), [(1, 3, 4), (2, 4, 2), (7, 3, 5)])


def drawn(rows: int, width: int, seed: int = 0) -> Tensor:
    draw = torch.Generator().manual_seed(seed)
    return torch.randn(rows, width, generator=draw, dtype=torch.float64)


def imitated(vectors: Tensor, mapped: Tensor) -> Imitated:
    return Imitated(vectors.float(), mapped.float())


@shapes
@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (0.0, 2.0), (0.5, 0.0)])
def test_a_plain_loop_finds_the_same(rows: int, dim: int, width: int, a: float, b: float) -> None:
    vectors, mapped, target = drawn(rows, dim), drawn(rows, width, 1), drawn(rows, width, 2)
    apart = np.mean([cosine(m, t) for m, t in zip(mapped.numpy(), target.numpy(), strict=True)])
    errors = [
        (cosine(vectors[i], vectors[j]) - cosine(target[i], target[j])) ** 2
        for i in range(rows)
        for j in range(rows)
        if i != j
    ]
    total = a * apart + b * (np.mean(errors) if errors else 0.0)
    found = Distillation(a, b)(imitated(vectors, mapped), target.float())
    assert found.shape == ()
    assert float(found) == pytest.approx(total, abs=1e-5)


@given(st.integers(0, 1000), st.floats(0.01, 100.0))
def test_turned_and_scaled_vectors_have_the_same_similarities(seed: int, scale: float) -> None:
    vectors, target = drawn(6, 4, seed), drawn(6, 3, seed + 1)
    turn = torch.linalg.qr(drawn(4, 4, seed + 2))[0]
    before, after = similarity_error(vectors, target), similarity_error(scale * vectors @ turn, target)
    assert float(after) == pytest.approx(float(before), abs=1e-9)


def test_a_perfect_student_has_no_loss_and_no_gradient() -> None:
    target = drawn(5, 3).float()
    vectors = (3 * target).requires_grad_()
    value = Distillation()(Imitated(vectors, vectors), target)
    value.backward()
    assert float(value.detach()) == pytest.approx(0.0, abs=1e-6)
    assert vectors.grad is not None
    assert float(vectors.grad.abs().max()) < 1e-6


def test_the_gradient_is_that_of_finite_differences() -> None:
    target = drawn(4, 3, 1)
    vectors = drawn(4, 5).requires_grad_()
    assert torch.autograd.gradcheck(lambda v: similarity_error(v, target), (vectors,))


@pytest.mark.parametrize(("a", "b"), [(1.0, 1.0), (2.0, 0.0), (0.0, 1.0)])
def test_no_constant_vector_is_better_than_the_plateau(a: float, b: float) -> None:
    batches = [drawn(5, 3).float() + 1, drawn(3, 3, 9).float() + 1]
    loss = Distillation(a, b)
    plateau = loss.plateau_of(batches)

    def constant(mapped: np.ndarray) -> float:
        values = [
            len(t) * float(loss(Imitated(torch.ones(len(t), 2), torch.tensor(mapped).float().expand(len(t), 3)), t))
            for t in batches
        ]
        return sum(values) / 8

    lowest = min(minimize(constant, start, method="Nelder-Mead").fun for start in np.eye(3) + 0.1)
    assert plateau == pytest.approx(lowest, abs=1e-3)
    assert plateau is not None
    assert lowest > plateau - 1e-6


def test_a_teacher_of_one_direction_has_no_plateau() -> None:
    assert Distillation().plateau_of([torch.ones(4, 3)]) is None


@pytest.mark.parametrize(("options", "words"), [
    ({"vectors": -1.0}, "vectors: expected a weight of 0 or more, got -1.0"),
    ({"similarities": math.nan}, "similarities: expected a weight of 0 or more"),
    ({"vectors": True}, "vectors: expected a weight"),
    ({"vectors": 0, "similarities": 0}, "both weights are 0"),
])  # fmt: skip
def test_bad_weights_are_refused(options: dict[str, float], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        Distillation(**options)


def test_its_facts_are_json() -> None:
    loss = Distillation(0.5, 2)
    assert json.loads(json.dumps(loss.settings)) == {"vectors": 0.5, "similarities": 2}
    assert (loss.name, loss.silent_batches) == ("distillation", 0)
    assert "0.5 x" in loss.formula
    assert "2 x" in loss.formula
