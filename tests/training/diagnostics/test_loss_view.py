"""What a loss sees of pairs, against golden values, finite differences and plain loops."""

from typing import Any

import numpy as np
import pytest
import torch

import tiny
from seqtwin.model.siamese import Siamese
from seqtwin.training.diagnostics import loss_view
from seqtwin.training.losses import Loss

STORE = tiny.store(40)
ROWS = np.array([3, 0, 17, 22, 9, 31, 4, 3])
EUCLIDEAN = {"name": "contrastive", "distance": "euclidean", "margin": 0.5}
EVERY_LOSS: list[Any] = [
    "mse",
    "bce",
    "cosent",
    "in_batch",
    EUCLIDEAN,
    {"name": "triplet", "margin": 0.3},
    {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}},
    {"name": "pml", "loss": "TripletMarginLoss", "miner": "BatchEasyHardMiner", "pairs": "batch"},
]


def parts(spec: Any = "mse", **changes: Any) -> tuple[Siamese, Loss]:
    model = tiny.siamese(**changes)
    return model, tiny.loss_of(model, spec)


def test_a_look_is_what_the_model_says_of_the_pairs() -> None:
    model, _ = parts()
    seen = loss_view.look(model, STORE, ROWS)
    pairs = STORE.batch(ROWS)
    with torch.no_grad():
        expected = model.eval()(pairs)
    torch.testing.assert_close(seen.score, expected.score, atol=1e-6, rtol=0)
    torch.testing.assert_close(seen.compared.left, expected.left, atol=1e-6, rtol=0)
    torch.testing.assert_close(seen.compared.right, expected.right, atol=1e-6, rtol=0)
    assert seen.target.tolist() == pairs.target.tolist()
    assert seen.lengths[seen.left.numpy()].tolist() == pairs.left.lengths.tolist()
    assert len(seen.vectors) == 14  # one pair stands in the sample twice
    assert not seen.vectors.is_inference()


def test_distances_are_those_of_the_loss_or_else_euclidean() -> None:
    model, loss = parts({"name": "contrastive", "distance": "cosine", "margin": 0.5})
    seen = loss_view.look(model, STORE, ROWS)
    torch.testing.assert_close(loss_view.pair_distances(loss, seen), 1 - seen.score, atol=1e-6, rtol=0)
    gap = (seen.compared.left - seen.compared.right).norm(dim=-1)
    torch.testing.assert_close(loss_view.pair_distances(parts("mse")[1], seen), gap, atol=1e-5, rtol=0)
    negatives = gap[seen.target < 0.5].double().numpy()
    assert loss_view.negatives_apart(parts("mse")[1], seen) == pytest.approx(np.median(negatives), abs=1e-6)


@pytest.mark.parametrize("margin", [0.05, 0.2, 3.0])
def test_negatives_beyond_the_margin_are_counted(margin: float) -> None:
    model, loss = parts({**EUCLIDEAN, "margin": margin}, similarity="negative_euclidean")
    seen = loss_view.look(model, STORE, np.arange(40))
    apart = (-seen.score[seen.target < 0.5] >= margin).double().mean()
    assert loss_view.beyond_margin(loss, seen) == pytest.approx(float(apart))
    # eight coordinates within +-1, two directions
    assert loss_view.margin_reach(loss) == pytest.approx(margin / (np.sqrt(2) * np.sqrt(16)))


@pytest.mark.parametrize("spec", ["mse", "in_batch", {"name": "triplet", "margin": 0.3}])
def test_a_loss_without_a_margin_on_pairs_says_nothing_of_it(spec: Any) -> None:
    model, loss = parts(spec)
    assert loss_view.beyond_margin(loss, loss_view.look(model, STORE, ROWS)) is None


def test_the_margin_of_unbounded_vectors_is_always_in_reach() -> None:
    _, loss = parts(EUCLIDEAN, representation="final_cell", similarity="negative_euclidean")
    assert loss_view.margin_reach(loss) == 0
    assert loss_view.margin_reach(parts("mse")[1]) is None


def test_without_different_pairs_nothing_is_made_up() -> None:
    model, loss = parts(EUCLIDEAN, similarity="negative_euclidean")
    same = loss_view.look(model, STORE, np.flatnonzero(STORE.target == 1)[:5])
    assert (loss_view.beyond_margin(loss, same), loss_view.negatives_apart(loss, same)) == (None, None)
    shares = loss_view.active_shares(loss, torch.ones(5), same.target)
    assert shares == {"active_positives": 1.0, "active_negatives": None}


def test_gradients_of_a_hinge_are_known() -> None:
    model, loss = parts({**EUCLIDEAN, "margin": 0.7}, similarity="negative_euclidean")
    seen = loss_view.look(model, STORE, np.arange(40))
    d = -seen.score
    # by one vector d (positives), [m - d]+ (negatives); by both the root of two of it
    expected = np.sqrt(2) * torch.where(seen.target > 0.5, d, (0.7 - d).relu())
    for batch in (1, 7, 40):
        torch.testing.assert_close(loss_view.pair_gradients(model, loss, seen, batch), expected, atol=1e-5, rtol=1e-4)
    shares = loss_view.active_shares(loss, expected, seen.target)
    assert shares["active_negatives"] == pytest.approx(float((d[seen.target < 0.5] < 0.7).double().mean()))
    assert shares["active_negatives"] not in (0.0, 1.0)


def test_a_saturated_head_moves_nothing() -> None:
    model, loss = parts("mse", similarity={"name": "exp_manhattan", "tau": 1e-3})
    seen = loss_view.look(model, STORE, np.arange(40))
    shares = loss_view.active_shares(loss, loss_view.pair_gradients(model, loss, seen, 16), seen.target)
    assert shares["active_positives"] < 0.2  # type: ignore[operator]
    assert shares["active_negatives"] == 0


@pytest.mark.parametrize("spec", EVERY_LOSS)
def test_looking_changes_neither_encoder_nor_loss_nor_any_generator(spec: Any) -> None:
    model, loss = parts(spec)
    weights = {name: value.clone() for name, value in (*model.state_dict().items(), *loss.state_dict().items())}
    world = torch.random.get_rng_state()
    seen = loss_view.look(model, STORE, np.arange(40))
    gradients = loss_view.pair_gradients(model, loss, seen, 16)
    assert gradients.shape == (40,)
    assert float(gradients.max()) > 0
    after = {**model.state_dict(), **loss.state_dict()}
    assert all(torch.equal(after[name], value) for name, value in weights.items())
    assert loss.silent_batches == 0
    assert torch.equal(torch.random.get_rng_state(), world)
    assert all(p.grad is None for p in (*model.parameters(), *loss.parameters()))
