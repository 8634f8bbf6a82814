"""PROJECTIONS, conformance: width, bound, unit length, gradients, and settings that are refused."""

from typing import Any

import pytest
import torch

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.projections import PROJECTIONS

WIDTH = 6
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "identity": [{}],
    "linear": [{}, {"dim": 3}],
    "mlp": [{}, {"dim": 3}, {"dim": 3, "hidden": 5}],
}
SPECS = [
    {"name": name, **options, **unit}
    for name in PROJECTIONS
    for options in OPTIONS.get(name, [{}])
    for unit in ({}, {"normalize": True})
]
every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda s: "-".join(str(v) for v in s.values()))


def projection_of(spec, seed: int = 0, bound: float | None = 1.0) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pick(PROJECTIONS, spec, "projection", WIDTH, bound).eval()


def drawn(batch: int) -> torch.Tensor:
    return torch.rand(batch, WIDTH, generator=torch.Generator().manual_seed(0)) * 2 - 1


@every_spec
@pytest.mark.parametrize("batch", [1, 2, 7])
def test_it_is_as_wide_and_as_bounded_as_it_says(spec, batch: int) -> None:
    part = projection_of(spec)
    found = part(drawn(batch))
    assert found.shape == (batch, part.out_dim)
    if part.bound is not None:
        assert found.abs().max() <= part.bound + 1e-6
    assert torch.equal(part(drawn(batch)), found)
    if part.unit:
        assert torch.allclose(found.norm(dim=1), torch.ones(batch), atol=1e-6)


@every_spec
def test_gradients_reach_the_vectors_and_every_weight(spec) -> None:
    part, vectors = projection_of(spec), drawn(7).requires_grad_()
    (part(vectors) * torch.arange(7.0)[:, None] * torch.arange(1.0, part.out_dim + 1)).sum().backward()
    assert vectors.grad.isfinite().all()
    assert vectors.grad.any()
    assert all(p.grad.any() for p in part.parameters())


@every_spec
def test_zero_and_huge_vectors_stay_finite(spec) -> None:
    part = projection_of(spec)
    vectors = torch.stack([torch.zeros(WIDTH), torch.full((WIDTH,), 1e18), torch.full((WIDTH,), 1e-30)])
    vectors.requires_grad_()
    found = part(vectors)
    assert found.isfinite().all()
    found.sum().backward()
    assert vectors.grad.isfinite().all()


@every_spec
def test_weights_travel_by_their_state_dict(spec) -> None:
    mine, other = projection_of(spec, 0), projection_of(spec, 1)
    other.load_state_dict(mine.state_dict())
    assert torch.equal(mine(drawn(7)), other(drawn(7)))


def test_formulas() -> None:
    vectors = drawn(4)
    assert projection_of("identity")(vectors) is vectors
    linear = projection_of({"name": "linear", "dim": 3})
    assert torch.allclose(linear(vectors), vectors @ linear.map.weight.T + linear.map.bias, atol=1e-6)
    mlp = projection_of({"name": "mlp", "dim": 3, "hidden": 5})
    first, _, second = mlp.map
    inner = (vectors @ first.weight.T + first.bias).clamp(min=0)
    assert inner.shape == (4, 5)
    assert torch.allclose(mlp(vectors), inner @ second.weight.T + second.bias, atol=1e-6)


@pytest.mark.parametrize(
    ("spec", "bound_in", "bound"),
    [
        ("identity", 1.0, 1.0),
        ("identity", None, None),
        ({"name": "identity", "normalize": True}, None, 1.0),
        ("linear", 1.0, None),
        ({"name": "linear", "normalize": True}, None, 1.0),
        ("mlp", 1.0, None),
    ],
)
def test_bounds_are_known_before_training(spec, bound_in: float | None, bound: float | None) -> None:
    assert projection_of(spec, bound=bound_in).bound == bound


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("lineer", "unknown projection 'lineer'; known: identity, linear, mlp (did you mean 'linear'?)"),
        ({"name": "linear", "dims": 3}, "known: dim, normalize (did you mean 'dim'?)"),
        ({"name": "identity", "dim": 3}, "unknown option 'dim' of projection 'identity'; known: normalize"),
        ({"name": "linear", "dim": 0}, "projection 'linear': dim: expected a positive integer, got 0"),
        ({"name": "linear", "dim": -1}, "projection 'linear': dim: expected a positive integer, got -1"),
        ({"name": "mlp", "hidden": 0}, "projection 'mlp': hidden: expected a positive integer, got 0"),
    ],
)
def test_a_projection_that_cannot_be_built_says_why(spec, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        projection_of(spec)
    assert said in str(caught.value)
