"""SIMILARITIES, conformance: symmetric, in range, one formula for pairs and matrices; SciPy and golden values."""

from typing import Any

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.numpy_similarities import FORMULAS
from seqtwin.model.similarities import SIMILARITIES, PairScorer

WIDTH = 6
OPTIONS: dict[str, list[dict[str, Any]]] = {
    "exp_manhattan": [{}, {"tau": 1.0}, {"tau": "learned"}],
    "exp_euclidean": [{}, {"tau": 0.5}, {"tau": "learned"}],
    "pair_scorer": [{}, {"hidden": 3}],
}
SPECS = [{"name": name, **options} for name in SIMILARITIES for options in OPTIONS.get(name, [{}])]
every_spec = pytest.mark.parametrize("spec", SPECS, ids=lambda s: "-".join(str(v) for v in s.values()))

GOLDEN_LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [1.0, 1.0]])
GOLDEN_RIGHT = torch.tensor([[1.0, 0.5], [1.0, 1.0], [4.0, 3.0], [-1.0, 1.0]])


def similarity_of(spec, dim: int = WIDTH, seed: int = 0) -> Any:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return pick(SIMILARITIES, spec, "similarity", dim).eval()


def drawn(batch: int, seed: int = 0, dim: int = WIDTH) -> Tensor:
    return torch.randn(batch, dim, generator=torch.Generator().manual_seed(seed))


@every_spec
@pytest.mark.parametrize("batch", [1, 2, 50])
def test_it_is_symmetric_in_its_range_and_the_diagonal_of_its_matrix(spec, batch: int) -> None:
    similarity, a, b = similarity_of(spec), drawn(batch, 1), drawn(batch, 2)
    scores = similarity(a, b)
    assert scores.shape == (batch,)
    assert torch.allclose(scores, similarity(b, a), atol=1e-6)
    assert scores.min() >= similarity.low
    assert scores.max() <= similarity.high
    matrix = similarity(a[:, None], b[None])
    assert torch.allclose(matrix.diagonal(), scores, atol=1e-6)
    assert matrix.min() >= similarity.low
    assert matrix.max() <= similarity.high


@every_spec
@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (7, 3), (2, 50), (0, 3), (3, 0)])
@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_fast_matrix_is_the_formula(spec, rows: int, columns: int, scale: float) -> None:
    similarity, a, b = similarity_of(spec), drawn(rows, 1) * scale, drawn(columns, 2) * scale
    matrix = similarity.matrix(a, b)
    assert matrix.shape == (rows, columns)
    torch.testing.assert_close(matrix, similarity(a[:, None], b[None]), rtol=1e-5, atol=1e-5)
    if rows and columns:
        assert matrix.min() >= similarity.low
        assert matrix.max() <= similarity.high


@pytest.mark.parametrize("name", SIMILARITIES)
def test_a_similarity_declares_every_attribute_of_the_contract_itself(name: str) -> None:
    contract = {"low", "high", "top", "indexable", "squashed"}
    forms = {"index_form", "sentence_transformers_name", "numpy_formula"}
    assert contract | forms <= set(vars(SIMILARITIES[name]))
    if not SIMILARITIES[name].indexable:
        assert SIMILARITIES[name].index_form is None
    assert SIMILARITIES[name].numpy_formula or SIMILARITIES[name] is PairScorer  # which is exported as a graph


@pytest.mark.parametrize("spec", [s for s in SPECS if s["name"] != "pair_scorer"], ids=str)
def test_the_numpy_formula_is_the_similarity(spec) -> None:
    similarity, a, b = similarity_of(spec), drawn(7, 1), drawn(3, 2)
    a[0] = 0.0
    tau = similarity.tau().item() if hasattr(similarity, "tau") else 1.0
    formula, expected = type(similarity).numpy_formula, similarity(a[:, None], b[None]).detach().numpy()
    left, right = a.numpy(), b.numpy()
    np.testing.assert_allclose(formula.scores(left[:, None], right[None], tau), expected, rtol=1e-5, atol=1e-6)
    if formula.matrix is not None:
        np.testing.assert_allclose(formula.matrix(left, right), expected, rtol=1e-5, atol=1e-6)


def test_the_formulas_without_torch_are_those_of_the_classes() -> None:
    assert set(FORMULAS) <= set(SIMILARITIES)
    assert all(SIMILARITIES[name].numpy_formula is formula for name, formula in FORMULAS.items())


@every_spec
def test_a_vector_is_nearest_to_itself(spec) -> None:
    similarity, a = similarity_of(spec), drawn(50)
    if similarity.top is not None:
        assert torch.allclose(similarity(a, a), torch.full((50,), similarity.top), atol=2e-6)
        assert torch.equal(similarity(a[:, None], a[None]).argmax(1), torch.arange(50))
        assert torch.equal(similarity.matrix(a, a).argmax(1), torch.arange(50))
        assert similarity.top == similarity.high


@every_spec
def test_zero_equal_and_huge_vectors_are_finite_and_so_are_their_gradients(spec) -> None:
    zero, huge, one = torch.zeros(WIDTH), torch.full((WIDTH,), 1e18), torch.ones(WIDTH)
    a = torch.stack([zero, zero, huge, huge, huge, one]).requires_grad_()
    b = torch.stack([zero, one, zero, huge, -huge, one]).requires_grad_()
    similarity = similarity_of(spec)
    scores = similarity(a, b)
    assert scores.isfinite().all()
    assert similarity.matrix(a, b).isfinite().all()
    assert scores.min() >= similarity.low
    assert scores.max() <= similarity.high
    scores.sum().backward()
    assert a.grad.isfinite().all()
    assert b.grad.isfinite().all()


@every_spec
def test_gradients_reach_both_sides_and_every_weight(spec) -> None:
    a, b = drawn(5, 1).requires_grad_(), drawn(5, 2).requires_grad_()
    similarity = similarity_of(spec)
    similarity(a, b).sum().backward()
    assert a.grad.any()
    assert b.grad.any()
    assert all(p.grad.any() for p in similarity.parameters())


@every_spec
def test_weights_travel_by_their_state_dict(spec) -> None:
    mine, other = similarity_of(spec, seed=0), similarity_of(spec, seed=1)
    for parameter in mine.parameters():
        parameter.data.add_(0.1)
    other.load_state_dict(mine.state_dict())
    assert torch.equal(mine(drawn(5, 1), drawn(5, 2)), other(drawn(5, 1), drawn(5, 2)))


@pytest.mark.parametrize(
    ("spec", "golden"),
    [
        ("cosine", (0.894427, 0.707107, 0.96, 0)),
        ("dot", (1, 1, 24, 0)),
        ("negative_euclidean", (-0.5, -1, -1.414214, -2)),
        ({"name": "exp_manhattan", "tau": 1.0}, (0.606531, 0.367879, 0.135335, 0.135335)),
        ({"name": "exp_manhattan", "tau": "width"}, (0.778801, 0.606531, 0.367879, 0.367879)),
        ({"name": "exp_euclidean", "tau": 1.0}, (0.606531, 0.367879, 0.243117, 0.135335)),
    ],
    ids=str,
)
def test_golden_values(spec, golden: tuple[float, ...]) -> None:
    assert similarity_of(spec, 2)(GOLDEN_LEFT, GOLDEN_RIGHT).tolist() == pytest.approx(golden, abs=1e-5)


@pytest.mark.parametrize(
    ("spec", "of_scipy"),
    [
        ("cosine", lambda a, b: 1 - cdist(a, b, "cosine")),
        ("dot", lambda a, b: a @ b.T),
        ("negative_euclidean", lambda a, b: -cdist(a, b)),
        ("exp_manhattan", lambda a, b: (torch.from_numpy(-cdist(a, b, "cityblock")) / WIDTH).exp()),
        ("exp_euclidean", lambda a, b: (torch.from_numpy(-cdist(a, b)) / WIDTH).exp()),
    ],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_the_matrix_is_what_scipy_computes(spec: str, of_scipy) -> None:
    a, b = drawn(7, 1).double(), drawn(3, 2).double()
    expected = torch.as_tensor(of_scipy(a, b))
    assert torch.allclose(similarity_of(spec)(a[:, None], b[None]), expected, atol=1e-6)
    assert torch.allclose(similarity_of(spec).matrix(a, b), expected, atol=1e-6)


def test_the_pair_scorer_is_its_formula() -> None:
    scorer, a, b = similarity_of({"name": "pair_scorer", "hidden": 3}).requires_grad_(False), drawn(5, 1), drawn(5, 2)
    for u, v, score in zip(a, b, scorer(a, b), strict=True):
        there, back = (scorer.net(torch.cat([x, y, (x - y).abs(), x * y])) for x, y in ((u, v), (v, u)))
        assert float(score) == pytest.approx(float((there + back) / 2), abs=1e-6)
    assert not scorer.indexable


@pytest.mark.parametrize("name", ["exp_manhattan", "exp_euclidean"])
def test_a_learned_temperature_starts_at_the_width_and_stays_positive(name: str) -> None:
    learned, fixed = similarity_of({"name": name, "tau": "learned"}), similarity_of(name)
    a, b = drawn(5, 1), drawn(5, 2)
    assert torch.equal(learned(a, b), fixed(a, b))
    assert [p.shape for p in learned.parameters()] == [()]
    assert not list(fixed.parameters())
    learned.tau.log.data.fill_(-20.0)
    assert learned.tau() > 0
    assert learned(a, a).isfinite().all()


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("cosin", "unknown similarity 'cosin'; known: cosine, dot, "),
        ("cosin", "(did you mean 'cosine'?)"),
        ({"name": "exp_manhattan", "tua": 1}, "known: tau (did you mean 'tau'?)"),
        ({"name": "cosine", "tau": 1.0}, "unknown option 'tau' of similarity 'cosine'; known: none"),
        ({"name": "exp_manhattan", "tau": 0.0}, "tau: expected a positive number, 'width' or 'learned', got 0.0"),
        ({"name": "exp_manhattan", "tau": -1.5}, "tau: expected a positive number, 'width' or 'learned', got -1.5"),
        ({"name": "exp_euclidean", "tau": float("nan")}, "tau: expected a positive number"),
        ({"name": "exp_euclidean", "tau": float("inf")}, "tau: expected a positive number"),
        ({"name": "pair_scorer", "hidden": 0}, "hidden: expected a positive integer, got 0"),
        ({"name": "pair_scorer", "hidden": -2}, "hidden: expected a positive integer, got -2"),
    ],
)
def test_a_similarity_that_cannot_be_built_says_why(spec, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        similarity_of(spec)
    assert said in str(caught.value)
