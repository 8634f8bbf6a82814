"""Distances: golden values, SciPy, one formula for pairs and matrices, and finite gradients at the odd points."""

import math

import pytest
import torch
from scipy.spatial.distance import cdist

from seqtwin.model.distances import DISTANCES, cosine, manhattan, normalized_euclidean, unit
from seqtwin.model.vector_space import VectorSpace

LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [1.0, 1.0]])
RIGHT = torch.tensor([[1.0, 0.5], [1.0, 1.0], [4.0, 3.0], [-1.0, 1.0]])
ALL = pytest.mark.parametrize("name", DISTANCES)


@pytest.mark.parametrize(
    ("name", "golden"),
    [
        ("euclidean", (0.5, 1, 1.414214, 2)),
        ("normalized_euclidean", (0.459506, 0.765367, 0.282843, 1.414214)),
        ("cosine", (1 - 0.894427, 1 - 0.707107, 0.04, 1)),
    ],
)
def test_golden_distances(name: str, golden: tuple[float, ...]) -> None:
    assert DISTANCES[name].between(LEFT, RIGHT).tolist() == pytest.approx(golden, abs=1e-5)


def test_golden_manhattan() -> None:
    assert manhattan(LEFT, RIGHT).tolist() == [0.5, 1, 2, 2]


@ALL
def test_the_matrix_is_what_scipy_computes_and_its_diagonal_the_pairs(name: str) -> None:
    between = DISTANCES[name].between
    left, right = torch.randn(2, 7, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    matrix = between(left[:, None], right[None])
    if name == "normalized_euclidean":
        expected = cdist(unit(left), unit(right), "euclidean")
    else:
        expected = cdist(left, right, name)
    assert torch.allclose(matrix, torch.from_numpy(expected), atol=1e-9)
    assert torch.equal(matrix.diagonal(), between(left, right))
    assert torch.allclose(matrix, between(right[:, None], left[None]).T)


@ALL
def test_identical_and_zero_vectors_have_finite_gradients(name: str) -> None:
    a = torch.tensor([[1.0, 2.0], [0.0, 0.0], [0.0, 0.0], [1e-30, 0.0]], requires_grad=True)
    b = torch.tensor([[1.0, 2.0], [0.0, 0.0], [1.0, 1.0], [1.0, 0.0]], requires_grad=True)
    DISTANCES[name].between(a, b).sum().backward()
    assert a.grad.abs().max() < 1e3
    assert b.grad.abs().max() < 1e3


@ALL
def test_no_distance_leaves_its_reach(name: str) -> None:
    space = VectorSpace(6, 1.0, False, "cosine", -1.0, 1.0)
    corners = torch.tensor([[1.0] * 6, [-1.0] * 6, [1.0, -1.0] * 3])
    found = DISTANCES[name].between(corners[:, None], corners[None])
    assert float(found.max()) == pytest.approx(DISTANCES[name].reach(space))
    assert DISTANCES[name].crowd(space) <= DISTANCES[name].reach(space)


@ALL
@pytest.mark.parametrize("groups", [2, 3, 50])
def test_many_groups_on_a_simplex_come_as_near_to_the_crowd_as_stated(name: str, groups: int) -> None:
    # the corners of a regular simplex are as far apart as K groups on the unit sphere can be
    corners = unit(torch.eye(groups, dtype=torch.float64) - 1 / groups)
    found = float(DISTANCES[name].between(corners[0], corners[1]))
    crowd = DISTANCES[name].crowd(VectorSpace(groups, None, True, "cosine", -1.0, 1.0))
    stretch = groups / (groups - 1)
    assert found == pytest.approx(crowd * (stretch if name == "cosine" else math.sqrt(stretch)))


def test_a_zero_vector_has_cosine_zero() -> None:
    zero = torch.zeros(2, 3)
    assert cosine(zero, torch.ones(2, 3)).tolist() == [0, 0]
    assert normalized_euclidean(zero, torch.ones(2, 3)).tolist() == pytest.approx([1, 1])


def test_rounding_never_leaves_the_range_of_the_cosine() -> None:
    a = torch.randn(1000, 7, generator=torch.Generator().manual_seed(0))
    assert float(cosine(a, 3 * a).max()) <= 1.0
    assert float(cosine(a, -a).min()) >= -1.0
