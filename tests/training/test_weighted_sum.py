"""Sums of losses: against a plain sum of the parts, which are tested on their own; mistakes are named."""

import json
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.errors import ConfigError
from seqtwin.model.siamese import Siamese
from seqtwin.records import Compared
from seqtwin.training.diagnostics import loss_view
from seqtwin.training.fit import fit
from seqtwin.training.losses import LOSSES, Loss, parts_of
from seqtwin.training.losses.margin import Margin

MARGIN = {"name": "contrastive", "distance": "cosine", "margin": 0.5}
AUTO = {"name": "contrastive", "distance": "cosine"}
LIBRARY = {"name": "pml", "loss": "ContrastiveLoss"}
PARTS: list[Any] = ["mse", "cosent", "bce", MARGIN, {"name": "in_batch", "temperature": 0.1}, LIBRARY]
STORE = tiny.store()


@pytest.fixture
def model() -> Siamese:
    return tiny.siamese()


def built(model: Siamese, parts: list[Any], weights: Any = None) -> Loss:
    return tiny.loss_of(model, {"name": "sum", "parts": parts, **({} if weights is None else {"weights": weights})})


def drawn(count: int = 12, seed: int = 0, grades: int = 2) -> tuple[Compared, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, count, 8, generator=generator).requires_grad_()
    target = torch.randint(0, grades, (count,), generator=generator) / (grades - 1)
    return Compared(left, right, torch.cosine_similarity(left, right)), target


@given(
    rows=st.lists(st.sampled_from(range(len(PARTS))), min_size=2, max_size=4, unique=True),
    weights=st.lists(st.floats(0.01, 100), min_size=4, max_size=4),
    grades=st.sampled_from([2, 6]),
    seed=st.integers(0, 5),
)
def test_a_sum_is_the_weighted_sum_of_its_parts_in_value_and_gradient(
    rows: list[int], weights: list[float], grades: int, seed: int
) -> None:
    model, parts, weights = tiny.siamese(), [PARTS[row] for row in rows], weights[: len(rows)]
    compared, target = drawn(seed=seed, grades=grades)
    value = built(model, parts, weights)(compared, target)
    expected = torch.zeros(())
    for weight, part in zip(weights, parts, strict=True):
        expected = expected + weight * tiny.loss_of(model, part)(compared, target)
    assert value.item() == pytest.approx(expected.item(), rel=1e-5)
    ours, theirs = (torch.autograd.grad(v, compared.left, retain_graph=True)[0] for v in (value, expected))
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-5)


def test_without_weights_every_part_counts_once(model: Siamese) -> None:
    compared, target = drawn()
    plain, stated = built(model, ["mse", "in_batch"]), built(model, ["mse", "in_batch"], [1, 1.0])
    assert torch.equal(plain(compared, target), stated(compared, target))
    assert "1 x [mean over pairs of (s - y)^2" in plain.formula


def test_each_part_uses_its_own_pairs(model: Siamese) -> None:
    """Without a positive only mse trains; the batch is counted as silent if no part trains."""
    compared, _ = drawn()
    nothing = torch.zeros(12)
    both, silent = built(model, ["mse", "in_batch"]), built(model, ["cosent", "in_batch"])
    assert both(compared, nothing).item() == pytest.approx(tiny.loss_of(model, "mse")(compared, nothing).item())
    assert silent(compared, nothing).item() == 0
    assert (both.silent_batches, silent.silent_batches) == (0, 1)


def test_an_auto_margin_is_calibrated_and_described_like_that_of_a_loss_alone(model: Siamese) -> None:
    compared, target = drawn()
    alone, both = tiny.loss_of(model, AUTO), built(model, ["mse", AUTO])
    for loss in (alone, both):
        loss.calibrate(compared, target)
    described = both.settings
    assert {key: described[key] for key in ("margin", "auto", "k")} == {
        key: alone.settings[key] for key in ("margin", "auto", "k")
    }
    assert described["parts"] == [
        {"name": "mse", "weight": 1},
        {"name": "contrastive", "weight": 1, "distance": "cosine"},
    ]
    assert alone.formula in both.formula
    assert isinstance(alone.margin, Margin)
    assert loss_view.margin_reach(both) == loss_view.margin_reach(alone)


def test_the_diagnostics_see_the_margin_of_a_part_and_change_nothing(model: Siamese) -> None:
    loss = built(model, ["mse", {**MARGIN, "distance": "normalized_euclidean"}, LIBRARY])
    alone = tiny.loss_of(model, {**MARGIN, "distance": "normalized_euclidean"})
    seen = loss_view.look(model, STORE, torch.arange(40).numpy())
    assert loss_view.beyond_margin(loss, seen) == loss_view.beyond_margin(alone, seen)
    assert loss_view.negatives_apart(loss, seen) == loss_view.negatives_apart(alone, seen)
    before = json.dumps(loss.settings), {name: value.clone() for name, value in loss.state_dict().items()}
    assert float(loss_view.pair_gradients(model, loss, seen, 16).max()) > 0
    assert json.dumps(loss.settings) == before[0]
    assert all(torch.equal(value, before[1][name]) for name, value in loss.state_dict().items())


def test_half_precision_vectors_give_a_finite_sum(model: Siamese) -> None:
    compared, target = drawn()
    half = Compared(compared.left.bfloat16(), compared.right.bfloat16(), compared.score.bfloat16())
    value = built(model, PARTS[:-1])(half, target)  # the library has no distances in bfloat16
    (gradient,) = torch.autograd.grad(value, compared.left)
    assert value.isfinite()
    assert gradient.isfinite().all()


def test_a_sum_trains(model: Siamese) -> None:
    state = fit(model, built(model, ["mse", "in_batch"], [1, 0.5]), STORE, tiny.recipe(epochs=4), lambda _: None)
    assert state.losses[-1] < state.losses[0]


def test_the_parameters_of_a_part_are_trained(model: Siamese) -> None:
    part = {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}}
    loss = built(model, ["mse", part])
    before = [p.detach().clone() for p in loss.parameters()]
    fit(model, loss, STORE, tiny.recipe(epochs=1), lambda _: None)
    assert before
    assert any(not torch.equal(a, b) for a, b in zip(before, loss.parameters(), strict=True))


def test_a_sum_has_no_plateau(model: Siamese) -> None:
    assert built(model, ["mse", "cosent"]).plateau(torch.tensor([0.0, 1.0])) is None


def test_parts_of_any_loss() -> None:
    assert parts_of("mse") == ["mse"]
    assert parts_of(MARGIN) == [MARGIN]
    assert parts_of({"name": "sum", "parts": ["mse", MARGIN], "weights": [1, 2]}) == ["mse", MARGIN]


def test_a_loss_of_your_own_can_be_a_part(model: Siamese) -> None:
    from seqtwin.training.losses.pairwise import Mse

    class Mine(Mse):
        tuning = {}  # noqa: RUF012
        needs_cut = False

    LOSSES["mine"] = Mine
    try:
        compared, target = drawn()
        twice = built(model, ["mse", "mine"])(compared, target)
        assert twice.item() == pytest.approx(2 * tiny.loss_of(model, "mse")(compared, target).item())
    finally:
        del LOSSES["mine"]


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({}, "missing a required argument: 'parts'|parts"),
        ({"parts": ["mse"]}, "parts: expected a list of at least two losses"),
        ({"parts": "mse"}, "parts: expected a list of at least two losses, got 'mse'"),
        ({"parts": ["mse", "mse"]}, "mse is listed twice"),
        ({"parts": ["mse", {"name": "sum", "parts": ["mse", "bce"]}]}, "a sum cannot be a part of a sum"),
        ({"parts": ["mse", "in_bach"]}, "unknown loss 'in_bach'.*did you mean 'in_batch'"),
        ({"parts": ["mse", "cross_entropy"]}, "unknown loss 'cross_entropy'"),
        ({"parts": ["mse", {"name": "in_batch", "temprature": 1}]}, "unknown option 'temprature' of loss 'in_batch'"),
        ({"parts": ["mse", 3]}, "expected a name"),
        ({"parts": ["mse", "bce"], "weights": [1]}, "weights: expected one number for each of mse, bce"),
        ({"parts": ["mse", "bce"], "weights": 2}, "weights: expected one number for each of mse, bce, got 2"),
        ({"parts": ["mse", "bce"], "weights": [1, 0]}, "weights: expected numbers > 0, got 0"),
        ({"parts": ["mse", "bce"], "weights": [1, "a"]}, "weights: expected numbers > 0, got 'a'"),
        ({"parts": ["mse", "bce"], "weights": [1, float("inf")]}, "weights: expected numbers > 0"),
    ],
)
def test_mistakes_are_named(model: Siamese, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        tiny.loss_of(model, {"name": "sum", **spec})


def test_a_part_that_does_not_fit_the_similarity_is_refused_with_its_reason() -> None:
    with pytest.raises(ConfigError, match="targets go from 0 to 1, but similarity negative_euclidean"):
        built(tiny.siamese(similarity="negative_euclidean"), ["in_batch", "mse"])
