"""The door to pytorch-metric-learning: golden values, the library itself as oracle, and its traps."""

import contextlib
import copy
import logging
import subprocess
import sys
from functools import cache

import pytest
import torch
from pytorch_metric_learning import distances, losses, miners
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.distances import cosine
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses import LOSSES
from seqtwin.training.losses.library import _tables
from seqtwin.training.losses.pml import PAIRS, Pml

LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [1.0, 1.0]])
RIGHT = torch.tensor([[1.0, 0.5], [1.0, 1.0], [4.0, 3.0], [-1.0, 1.0]])
BINARY = torch.tensor([1.0, 0.0, 1.0, 0.0])
RAW = {"name": "LpDistance", "normalize_embeddings": False}
NEEDED = {"RankedListLoss": {"margin": 0.5, "Tn": 1.0}}
# made for classes, abstract, or for batches in which every class is equally frequent
REFUSED = {
    "GenericPairLoss",
    "HistogramLoss",
    "ManifoldLoss",
    "SmoothAPLoss",
    "ArcFaceLoss",
    "CosFaceLoss",
    "LargeMarginSoftmaxLoss",
    "NormalizedSoftmaxLoss",
    "P2SGradLoss",
    "ProxyAnchorLoss",
    "ProxyNCALoss",
    "SoftTripleLoss",
    "SphereFaceLoss",
    "SubCenterArcFaceLoss",
}
LOSS_NAMES = sorted(set(_tables()["loss"]) - REFUSED)
MINER_NAMES = sorted(set(_tables()["miner"]) - {"EmbeddingsAlreadyPackagedAsTriplets"})


def door(loss: str, dim: int = 2, **options) -> Pml:
    space = VectorSpace(dim, None, False, "cosine", -1.0, 1.0)
    return pick(LOSSES, {"name": "pml", "loss": loss, **options}, "loss", space, 0.5, cosine)


def compare(left: Tensor, right: Tensor) -> Compared:
    return Compared(left, right, cosine(left, right))


def draw(n: int, dim: int = 8, seed: int = 0) -> Compared:
    left, right = torch.randn(2, n, dim, generator=torch.Generator().manual_seed(seed))
    return compare(left.requires_grad_(), (left.detach() + right).requires_grad_())


@pytest.mark.parametrize(
    ("options", "golden"),
    [
        ({}, 0.605807),
        ({"distance": RAW}, 0.957107),
        ({"distance": "CosineSimilarity", "pairs": "given"}, 0.0),
        # the cosine of the last negative is 0, or 1e-8 on some processors: at this margin it is no term either way
        ({"distance": "CosineSimilarity", "options": {"pos_margin": 1, "neg_margin": 0}}, 0.779893),
        ({"distance": "CosineSimilarity", "options": {"pos_margin": 1, "neg_margin": 0.1}}, 0.679893),
        ({"distance": "CosineSimilarity", "options": {"pos_margin": 1, "neg_margin": -0.1}}, 0.526340),
    ],
)
def test_golden_contrastive(options, golden: float) -> None:
    loss = door("ContrastiveLoss", **options)
    assert loss.pairs == "given"
    assert float(loss(compare(LEFT, RIGHT), BINARY)) == pytest.approx(golden, abs=1e-5)


def test_given_pairs_equal_a_direct_call() -> None:
    compared, p, n = draw(6), torch.tensor([0, 2, 4]), torch.tensor([1, 3, 5])
    direct = losses.MultiSimilarityLoss(alpha=3)(compared.left, None, (p, p, n, n), ref_emb=compared.right)
    ours = door("MultiSimilarityLoss", 8, options={"alpha": 3})(compared, torch.tensor([1.0, 0, 1, 0, 1, 0]))
    assert ours.item() == pytest.approx(direct.item())


def test_triplets_equal_a_direct_call_on_every_left_with_every_right() -> None:
    compared, target = draw(5), torch.tensor([1.0, 0, 1, 1, 0])
    a, p, n = zip(*[(i, i, j) for i in (0, 2, 3) for j in range(5) if j != i], strict=True)
    indices = tuple(torch.tensor(part) for part in (a, p, n))
    direct = losses.TripletMarginLoss(margin=0.5)(compared.left, None, indices, ref_emb=compared.right)
    loss = door("TripletMarginLoss", 8, options={"margin": 0.5})
    assert loss.pairs == "batch"
    assert loss(compared, target).item() == pytest.approx(direct.item())


def test_a_miner_chooses_from_every_left_with_every_right() -> None:
    compared, target = draw(8), torch.arange(8) % 2.0
    left, right = torch.arange(8), torch.arange(8) + 8 * (target < 0.5)
    raw = distances.LpDistance(normalize_embeddings=False)
    mined = miners.TripletMarginMiner(margin=0.3)(compared.left, left, compared.right, right)
    direct = losses.TripletMarginLoss(distance=raw)(compared.left, left, mined, compared.right, right)
    loss = door("TripletMarginLoss", 8, distance=RAW, miner="TripletMarginMiner", miner_options={"margin": 0.3})
    assert loss(compared, target).item() == pytest.approx(direct.item())


@pytest.mark.parametrize("name", LOSS_NAMES)
def test_every_loss_trains_or_counts_the_batch(name: str) -> None:
    loss = door(name, 8, options=NEEDED.get(name), pairs="joined" if name == "NPairsLoss" else "auto")
    compared = draw(12)
    value = loss(compared, torch.arange(12) % 2.0)
    value.backward()
    assert value.isfinite()
    assert value.ndim == 0
    assert float(compared.left.grad.abs().max()) > 0
    assert float(compared.right.grad.abs().max()) > 0
    assert loss.silent_batches == 0


def one_text(n: int) -> Compared:
    """Pairs of two texts only: called the same, all texts of the batch are one group."""
    compared = draw(1)
    left, right = (side.detach().expand(n, -1).clone().requires_grad_() for side in (compared.left, compared.right))
    return compare(left, right)


SCARCE = {
    "no positives": (draw, [0.0] * 4),
    "no negatives": (draw, [1.0] * 4),
    "one group": (one_text, [1.0] * 4),
    "one positive": (draw, [1.0]),
    "one negative": (draw, [0.0]),
    "one of each": (draw, [1.0, 0.0]),
}


@cache
def trainable(name: str, **options) -> list[Pml]:
    built = []
    for way in PAIRS:
        with contextlib.suppress(ConfigError):
            built.append(door(name, 8, options=NEEDED.get(name), pairs=way, **options))
    return built


def ways(name: str, **options) -> list[Pml]:
    """The loss with every way of handing pairs over that it can be trained with."""
    return copy.deepcopy(trainable(name, **options))


@pytest.mark.parametrize("reducer", [None, "MeanReducer"])
@pytest.mark.parametrize("batch", SCARCE)
@pytest.mark.parametrize("name", LOSS_NAMES)
def test_a_batch_with_too_few_pairs_is_finite_and_counted(name: str, batch: str, reducer: str | None) -> None:
    made, target = SCARCE[batch]
    for loss in ways(name, reducer=reducer):
        compared = made(len(target))
        value = loss(compared, torch.tensor(target))
        value.backward()
        gradients = [side.grad for side in (compared.left, compared.right) if side.grad is not None]
        assert value.isfinite()
        assert all(gradient.isfinite().all() for gradient in gradients)
        moved = any(float(gradient.abs().max()) > 1e-6 for gradient in gradients)
        if batch != "one of each":  # of these two pairs a loss may be satisfied
            assert loss.silent_batches == int(not moved)


@pytest.mark.parametrize("name", MINER_NAMES)
@pytest.mark.parametrize("batch", SCARCE)
def test_a_miner_that_finds_no_pairs_leaves_a_finite_loss(name: str, batch: str) -> None:
    made, target = SCARCE[batch]
    for loss in ways("NCALoss", miner=name):
        compared = made(len(target))
        value = loss(compared, torch.tensor(target))
        value.backward()
        assert value.isfinite()
        assert compared.left.grad.isfinite().all()


def test_a_rounding_error_on_the_margin_is_no_term_of_the_mean() -> None:
    # two negatives: one at cosine .6, one at 0 or at what a processor's rounding makes of it
    left = torch.tensor([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    values = []
    for rounding in (-1e-8, 0.0, 1e-8, 1e-7):
        right = torch.tensor([[1.0, 0.0], [0.6, 0.8], [rounding, 1.0]])
        loss = door("ContrastiveLoss", distance="CosineSimilarity", options={"pos_margin": 1, "neg_margin": 0})
        values.append(float(loss(compare(left, right), torch.tensor([1.0, 0.0, 0.0]))))
    assert values == pytest.approx([0.6] * 4, abs=1e-6)


@pytest.mark.parametrize(
    ("reducer", "shown"),
    [
        ("AvgNonZeroReducer", "AvgNonZeroReducer(low=1e-06)"),
        ({"name": "ThresholdReducer", "low": 0}, "ThresholdReducer(low=0)"),
        ({"name": "ThresholdReducer", "low": 0.1, "high": 0.9}, "ThresholdReducer(low=0.1, high=0.9)"),
        ("MeanReducer", "MeanReducer"),
    ],
)
def test_a_reducer_is_shown_with_its_thresholds(reducer, shown: str) -> None:
    loss = door("ContrastiveLoss", reducer=reducer)
    assert loss.settings["reducer"] == shown
    assert f"reducer {shown}" in loss.formula


@pytest.mark.parametrize("name", MINER_NAMES)
@pytest.mark.parametrize("loss", ["ContrastiveLoss", "TripletMarginLoss"])
def test_every_miner_trains_and_leaves_the_global_generator_alone(name: str, loss: str) -> None:
    built = door(loss, 8, miner=name)
    compared = draw(12)
    before = torch.random.get_rng_state()
    value = built(compared, torch.arange(12) % 2.0)
    assert torch.equal(before, torch.random.get_rng_state())
    assert value.isfinite()
    value.backward()
    assert built.settings["miner"] == name
    assert name in built.formula


def test_draws_belong_to_the_step() -> None:
    def run() -> list[float]:
        loss = door("TripletMarginLoss", 8, miner="DistanceWeightedMiner")
        torch.rand(int(torch.randint(1, 9, ())))
        return [loss(draw(12), torch.arange(12) % 2.0).item() for _ in range(3)]

    assert run() == run()


@pytest.mark.parametrize(
    ("left", "target", "silent"),
    [
        (LEFT[:1], [1.0], 1),
        (LEFT[:2], [1.0, 0.0], 1),
        (LEFT, [1.0, 0.0, 1.0, 0.0], 0),
    ],
)
def test_the_batch_that_is_silently_zero_is_counted_and_warned_of_once(left, target, silent: int, caplog) -> None:
    loss = door("ContrastiveLoss")
    batch, y = compare(left, RIGHT[: len(left)]), torch.tensor(target)
    with caplog.at_level(logging.WARNING):
        values = [float(loss(batch, y)) for _ in range(3)]
    assert loss.silent_batches == 3 * silent
    assert len(caplog.records) == silent
    assert all((v == 0) == bool(silent) for v in values)


def test_a_loss_blind_to_the_given_negatives_is_not_handed_given_pairs(caplog) -> None:
    # LiftedStructureLoss sets positives against negatives of the same anchor, of which given pairs have none
    assert door("LiftedStructureLoss", 8).pairs == "batch"
    with caplog.at_level(logging.WARNING):
        door("LiftedStructureLoss", 8, pairs="given")
    assert "no gradient to the right sides of different pairs" in caplog.text
    # this one ignores ref_emb
    assert door("ThresholdConsistentMarginLoss", 8).pairs == "joined"


def test_settings_hold_the_defaults_of_the_library() -> None:
    settings = door("ContrastiveLoss", distance=RAW).settings
    assert settings["options"]["neg_margin"] == 1
    assert settings["distance"] == "LpDistance(normalize_embeddings=False, p=2, power=1)"
    assert settings["reducer"] == "AvgNonZeroReducer(low=1e-06)"
    assert settings["pairs"] == "given"
    assert settings["miner"] is None


def test_a_reducer_by_name() -> None:
    loss = door("ContrastiveLoss", reducer="MeanReducer", distance=RAW)
    assert loss.settings["reducer"] == "MeanReducer"
    mean = (0.5 + 2**0.5) / 2 + (0 + 0) / 2
    assert float(loss(compare(LEFT, RIGHT), BINARY)) == pytest.approx(mean, abs=1e-5)


def test_learned_settings_are_parameters_of_the_loss() -> None:
    assert len(list(door("MarginLoss", 8, options={"learn_beta": True}).parameters())) == 1


@pytest.mark.parametrize(
    ("loss", "options", "why"),
    [
        ("MultiSimilarityLos", {}, "did you mean 'MultiSimilarityLoss'"),
        ("ContrastiveLoss", {"miner": "MultiSimilarityMinr"}, "did you mean 'MultiSimilarityMiner'"),
        ("ContrastiveLoss", {"distance": "CosineSimilarty"}, "did you mean 'CosineSimilarity'"),
        ("ContrastiveLoss", {"options": {"neg_margn": 1}}, "did you mean 'neg_margin'"),
        ("ContrastiveLoss", {"pairs": "givn"}, "did you mean 'given'"),
        ("ContrastiveLoss", {"pairs": "given", "miner": "MultiSimilarityMiner"}, "a miner needs pairs"),
        ("ContrastiveLoss", {"reducer": "DoNothingReducer"}, "reducer must return one number"),
        ("TripletMarginLoss", {"pairs": "given"}, "no gradient"),
        # its default margins never push a negative away
        ("ContrastiveLoss", {"distance": "CosineSimilarity"}, "pos_margin above neg_margin"),
        ("NPairsLoss", {}, "no gradient reaches the right sides of different pairs"),
        ("ArcFaceLoss", {}, "num_classes"),
        ("ProxyAnchorLoss", {"options": {"num_classes": 3, "embedding_size": 8}}, "pairs have no classes"),
        ("SmoothAPLoss", {}, "same number of elements"),
        ("RankedListLoss", {}, "margin"),
    ],
)
def test_mistakes_are_named(loss: str, options, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        door(loss, 8, **options)


@pytest.mark.parametrize("name", sorted(REFUSED - {"HistogramLoss"}))
def test_what_cannot_be_trained_on_pairs_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        door(name, 8)


def test_the_library_is_imported_only_when_asked_for() -> None:
    code = "import sys, seqtwin.training.losses; sys.exit('pytorch_metric_learning' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
