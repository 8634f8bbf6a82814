"""Losses against golden values, plain loops and the formulas of their plateaus; small batches first."""

import inspect
import json
import logging
import math

import pytest
import torch
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.distances import DISTANCES, cosine, euclidean
from seqtwin.model.similarities import SIMILARITIES
from seqtwin.model.vector_space import VectorSpace
from seqtwin.records import Compared
from seqtwin.training.losses import LOSSES, Loss
from seqtwin.training.losses.base import text_groups

LEFT = torch.tensor([[1.0, 0.0], [0.0, 1.0], [3.0, 4.0], [1.0, 1.0]])
RIGHT = torch.tensor([[1.0, 0.5], [1.0, 1.0], [4.0, 3.0], [-1.0, 1.0]])
BINARY = torch.tensor([1.0, 0.0, 1.0, 0.0])
GRADED = torch.tensor([0.9, 0.2, 0.8, 0.1])
SPECS = [{"name": name} for name in LOSSES if name not in ("pml", "sum")] + [
    {"name": "contrastive", "distance": "euclidean", "margin": 1},
    {"name": "contrastive", "distance": "normalized_euclidean", "margin": 1.0},
    {"name": "triplet", "distance": "euclidean", "negatives": "hardest", "margin": 1.0},
    {"name": "pml", "loss": "ContrastiveLoss"},
    {"name": "pml", "loss": "TripletMarginLoss"},
]
SUM = {"name": "sum", "parts": ["mse", "in_batch"]}
ALL_LOSSES = pytest.mark.parametrize("spec", SPECS, ids=lambda s: "-".join(map(str, s.values())))


def space(similarity: str = "cosine", bound: float | None = None, dim: int = 2, unit: bool = False) -> VectorSpace:
    part = SIMILARITIES[similarity](dim)
    return VectorSpace(dim, bound, unit, similarity, part.low, part.high)


def build(spec, similarity: str = "cosine", dim: int = 2, cut: float = 0.5, **options) -> Loss:
    part = SIMILARITIES[similarity](dim, **options)
    return pick(LOSSES, spec, "loss", space(similarity, dim=dim), cut, part)


def compare(left: Tensor, right: Tensor, similarity=cosine) -> Compared:
    return Compared(left, right, similarity(left, right))


def draw(n: int, dim: int = 3, seed: int = 0, dtype=torch.float32) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    left, right = torch.randn(2, n, dim, generator=generator, dtype=torch.float64).to(dtype)
    return left, right


def settled(spec, compared: Compared, dim: int, cut: float = 0.5) -> Loss:
    """A loss with its margin set on two same and two different pairs."""
    loss = build(spec, dim=dim, cut=cut)
    sample = compare(*draw(8, dim=dim, seed=9))
    loss.calibrate(sample, torch.arange(8) % 2.0)
    return loss


# golden values of the protocol (computed there with plain numpy and other libraries)


@pytest.mark.parametrize(("tau", "golden"), [(1.0, (0.606531, 0.367879, 0.135335, 0.135335)), ("width", None)])
def test_golden_exp_manhattan(tau, golden) -> None:
    golden = golden or (0.778801, 0.606531, 0.367879, 0.367879)
    assert SIMILARITIES["exp_manhattan"](2, tau=tau)(LEFT, RIGHT).tolist() == pytest.approx(golden, abs=1e-5)


@pytest.mark.parametrize(
    ("spec", "target", "golden"),
    [
        ({"name": "contrastive", "distance": "euclidean", "margin": 1.0}, BINARY, 0.281250),
        ({"name": "contrastive", "distance": "normalized_euclidean", "margin": 1.0}, BINARY, 0.043275),
        ({"name": "contrastive", "distance": "cosine", "margin": 0.5}, BINARY, 0.006955),
        ({"name": "mse"}, GRADED, 0.073197),
        ({"name": "mse"}, BINARY, 0.128186),
        ({"name": "cosent"}, GRADED, 1.556361),
        ({"name": "cosent"}, BINARY, 0.029521),
    ],
)
def test_golden_losses(spec, target: Tensor, golden: float) -> None:
    assert float(build(spec)(compare(LEFT, RIGHT), target)) == pytest.approx(golden, abs=1e-5)


@pytest.mark.parametrize(("target", "golden"), [(GRADED, 0.139334), (BINARY, 0.264029)])
def test_golden_mse_on_exp_manhattan(target: Tensor, golden: float) -> None:
    similarity = SIMILARITIES["exp_manhattan"](2, tau=1.0)
    loss = build("mse", "exp_manhattan", tau=1.0)
    assert float(loss(compare(LEFT, RIGHT, similarity), target)) == pytest.approx(golden, abs=1e-5)


# plain loops


def loop_contrastive(d: list[float], y: list[float], margin: float) -> float:
    terms = [a * a if same >= 0.5 else max(0.0, margin - a) ** 2 for a, same in zip(d, y, strict=True)]
    return 0.5 * sum(terms) / len(terms)


@pytest.mark.parametrize("distance", DISTANCES)
def test_contrastive_equals_a_loop_and_cuts_graded_targets(distance: str) -> None:
    left, right = draw(9)
    target = torch.linspace(0, 1, 9)
    d = DISTANCES[distance].between(left, right).tolist()
    loss = build({"name": "contrastive", "distance": distance, "margin": 0.8})
    assert float(loss(compare(left, right), target)) == pytest.approx(loop_contrastive(d, target.tolist(), 0.8))


@pytest.mark.parametrize("ties", [False, True])
def test_cosent_equals_a_double_loop(ties: bool) -> None:
    left, right = draw(12)
    y = (torch.arange(12) % 4) / 4 if ties else torch.linspace(1, 0, 12)
    s = cosine(left, right).tolist()
    total = sum(math.exp(20 * (s[i] - s[j])) for i in range(12) for j in range(12) if y[i] < y[j])
    assert float(build("cosent")(compare(left, right), y)) == pytest.approx(math.log(1 + total), rel=1e-5)


def test_bce_equals_a_loop_on_bounded_and_unbounded_scores() -> None:
    left, right = draw(6)
    for similarity, scale, shift in (("cosine", 10, 0.5), ("dot", 1, 0), ("negative_euclidean", 1, -1)):
        compared = compare(left, right, SIMILARITIES[similarity](3))
        y = [0.1, 0.5, 0.9, 0.2, 1.0, 0.0]
        p = [1 / (1 + math.exp(-scale * (s - shift))) for s in compared.score.tolist()]
        expected = -sum(math.log(q if t >= 0.5 else 1 - q) for q, t in zip(p, y, strict=True)) / 6
        loss = build("bce", similarity, dim=3)
        assert loss.settings == {"scale": scale, "shift": shift}
        assert float(loss(compared, torch.tensor(y))) == pytest.approx(expected, rel=1e-5)


def test_in_batch_equals_a_loop() -> None:
    left, right = draw(5)
    y = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
    s = [[float(cosine(a, b)) / 0.05 for b in right] for a in left]
    rows = [-s[i][i] + math.log(sum(math.exp(z) for z in s[i])) for i in (0, 2, 3)]
    assert float(build("in_batch", dim=3)(compare(left, right), y)) == pytest.approx(sum(rows) / 3, rel=1e-4)


def test_in_batch_leaves_out_rights_known_to_be_the_same() -> None:
    left, right = draw(3)
    left[1] = left[0]
    y = torch.tensor([1.0, 1.0, 0.0])
    s = [[float(cosine(a, b)) / 0.05 for b in right] for a in left]
    rows = [-s[i][i] + math.log(math.exp(s[i][i]) + math.exp(s[i][2])) for i in (0, 1)]
    assert float(build("in_batch", dim=3)(compare(left, right), y)) == pytest.approx(sum(rows) / 2, rel=1e-4)


def test_in_batch_with_graded_targets_equals_a_loop() -> None:
    left, right = draw(5)
    left[3] = left[0]
    y = [0.9, 0.0, 0.8, 0.6, 0.3]  # the fourth pair is neither: its right is no negative of the first
    s = [[float(cosine(a, b)) / 0.05 for b in right] for a in left]
    counted = {0: (0, 1, 2, 4), 2: (0, 1, 2, 3, 4)}
    rows = [-s[i][i] + math.log(sum(math.exp(s[i][j]) for j in others)) for i, others in counted.items()]
    loss = build({"name": "in_batch", "positive_from": 0.8}, dim=3)
    assert float(loss(compare(left, right), torch.tensor(y))) == pytest.approx(sum(rows) / 2, rel=1e-4)
    assert "(target >= 0.5), positive where target >= 0.8" in loss.formula
    assert loss.settings == {"temperature": 0.05, "positive_from": 0.8}


def test_positive_from_the_cut_is_the_usual_loss() -> None:
    compared, y = compare(*draw(9)), torch.linspace(0, 1, 9)
    usual, stated = build("in_batch", dim=3), build({"name": "in_batch", "positive_from": 0.5}, dim=3)
    assert torch.equal(usual(compared, y), stated(compared, y))
    assert (usual.formula, usual.settings) == (stated.formula, stated.settings)


@pytest.mark.parametrize("negatives", ["all", "hardest"])
def test_triplet_equals_a_loop(negatives: str) -> None:
    left, right = draw(6)
    y = torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0, 0.0])
    d = [[float(euclidean(a, b)) for b in right] for a in left]
    terms = []
    for i in (0, 2, 3):
        others = [max(0.0, d[i][i] - d[i][j] + 0.7) for j in range(6) if j != i]
        terms += others if negatives == "all" else [max(others)]
    loss = build({"name": "triplet", "distance": "euclidean", "margin": 0.7, "negatives": negatives}, dim=3)
    assert float(loss(compare(left, right), y)) == pytest.approx(sum(terms) / len(terms), rel=1e-5)


def test_hardest_counts_an_anchor_once_however_many_negatives_are_equally_near() -> None:
    # the second anchor has two nearest negatives, equal or apart by a rounding error
    left = torch.tensor([[0.0, 0.0], [5.0, 0.0]])
    y = torch.tensor([1.0, 1.0, 0.0, 0.0])
    values = []
    for shift in (0.0, 5e-7, -5e-7):
        right = torch.tensor([[1.0, 0.0], [5.0, 0.5], [5.0, 1.0], [5.0, -1.0 + shift]])
        loss = build({"name": "triplet", "distance": "euclidean", "margin": 5.0, "negatives": "hardest"})
        values.append(float(loss(compare(torch.cat([left, left + 9]), right), y)))
    first, second = 1.0 - math.hypot(5, 0.5) + 5.0, 0.5 - 1.0 + 5.0
    assert values == pytest.approx([(first + second) / 2] * 3, abs=1e-5)


def test_groups_join_equal_texts_and_chains_of_same_pairs() -> None:
    a, b, c, d = torch.eye(4)
    left, right = torch.stack([a, b, c, a]), torch.stack([b, c, d, a])
    groups = text_groups(compare(left, right), torch.tensor([True, True, False, False])).tolist()
    assert len({groups[i] for i in (0, 1, 2, 3, 4, 5, 7)}) == 1
    assert groups[6] != groups[0]


# what must hold for every loss


@ALL_LOSSES
@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("kind", ["positive", "negative", "mixed"])
def test_small_and_one_sided_batches_are_finite(spec, n: int, kind: str) -> None:
    left, right = (v.requires_grad_() for v in draw(n))
    target = {"positive": torch.ones(n), "negative": torch.zeros(n), "mixed": torch.arange(n) % 2.0}[kind]
    compared = compare(left, right)
    loss = settled(spec, compared, dim=3)
    value = loss(compared, target)
    value.backward()
    assert value.ndim == 0
    assert value.isfinite()
    assert left.grad is not None
    assert left.grad.isfinite().all()
    if float(left.grad.abs().max()) == 0 and spec["name"] in ("in_batch", "triplet", "cosent"):
        satisfied = spec["name"] == "triplet" and kind != "negative" and n > 1
        assert loss.silent_batches == (0 if satisfied else 1)


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_declares_its_cut_and_its_tuning_itself(name: str) -> None:
    loss = LOSSES[name]
    assert {"needs_cut", "tuning"} <= set(vars(loss))
    assert set(loss.tuning) <= set(inspect.signature(loss).parameters)
    assert set(loss.tuned_similarities) <= set(SIMILARITIES)


@pytest.mark.parametrize("spec", [*SPECS, SUM], ids=lambda s: "-".join(map(str, s.values())))
def test_needs_cut_means_that_the_cut_changes_the_loss(spec) -> None:
    generator = torch.Generator().manual_seed(0)
    left, right = torch.randn(2, 12, 4, generator=generator)
    target = torch.linspace(0.0, 1.0, 12)
    values = []
    for cut in (0.3, 0.8):
        loss = build(spec, "cosine", cut=cut)
        compared = compare(left, right, loss.similarity)
        loss.calibrate(compared, target)
        values.append(float(loss(compared, target)))
    assert (values[0] != values[1]) is type(loss).needs_cut


@ALL_LOSSES
def test_identical_and_zero_vectors_have_finite_gradients(spec) -> None:
    left, _ = draw(6)
    left[4] = 0
    right = left.clone()
    right[5] = 0
    left.requires_grad_(), right.requires_grad_()
    loss = settled(spec, compare(left, right), dim=3)
    loss(compare(left, right), torch.arange(6) % 2.0).backward()
    assert left.grad.isfinite().all()
    assert right.grad.isfinite().all()


@ALL_LOSSES
def test_the_loss_falls_when_same_pairs_come_closer(spec) -> None:
    left, right = draw(8, dim=4)
    target = torch.tensor([1.0, 1.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0])
    nearer = torch.where(target[:, None] > 0.5, 0.3 * right + 0.7 * left, right)
    loss = settled(spec, compare(left, right), dim=4)
    assert loss(compare(left, nearer), target) < loss(compare(left, right), target)


@ALL_LOSSES
def test_the_order_of_pairs_does_not_matter(spec) -> None:
    left, right = draw(8)
    target = torch.arange(8) % 2.0
    loss = settled(spec, compare(left, right), dim=3)
    order = torch.randperm(8, generator=torch.Generator().manual_seed(0))
    shuffled = loss(compare(left[order], right[order]), target[order])
    assert float(loss(compare(left, right), target)) == pytest.approx(float(shuffled), rel=1e-4, abs=1e-6)


@ALL_LOSSES
def test_formula_and_settings_hold_every_number(spec) -> None:
    loss = settled(spec, compare(*draw(4)), dim=3, cut=0.625)
    json.dumps(loss.settings, allow_nan=False)
    assert "auto" not in loss.formula
    assert "\n" not in loss.formula
    for name, value in spec.items():
        if name not in ("name", "distance"):
            assert (f"{value:g}" if isinstance(value, (int, float)) else value) in loss.formula


@pytest.mark.parametrize(
    "spec",
    ["mse", "bce", "cosent", "in_batch", {"name": "contrastive", "distance": "euclidean", "margin": 1.0}],
    ids=str,
)
def test_gradients_are_right(spec) -> None:
    left, right = (v.requires_grad_() for v in draw(6, dtype=torch.float64))
    target = torch.tensor([1, 0.2, 0.8, 0.1, 0.6, 0.0], dtype=torch.float64)
    loss = build(spec, dim=3)
    assert torch.autograd.gradcheck(lambda a, b: loss(compare(a, b), target), (left, right))


def test_a_loss_does_not_adopt_the_parameters_of_the_similarity() -> None:
    loss = build("in_batch", "exp_manhattan", tau="learned")
    assert not list(loss.parameters())
    assert not loss.state_dict()


# margins


def test_auto_is_k_times_the_median_distance_of_the_negatives() -> None:
    left, right = draw(41, dim=5)
    target = torch.arange(41) % 2.0
    loss = build({"name": "contrastive", "distance": "euclidean", "k": 0.5}, dim=5)
    assert loss.settings["margin"] is None
    with pytest.raises(RuntimeError, match="calibrate"):
        loss(compare(left, right), target)
    loss.calibrate(compare(left, right), target)
    median = float(euclidean(left, right)[target == 0].median())
    assert loss.settings["margin"] == pytest.approx(0.5 * median, rel=1e-4)
    assert f"max(0, {loss.settings['margin']:g} - d)" in loss.formula


def test_auto_never_exceeds_what_many_groups_can_keep() -> None:
    left, right = torch.eye(3), -torch.eye(3)
    loss = build({"name": "contrastive", "distance": "cosine", "margin": "auto"}, dim=3)
    loss.calibrate(compare(left, right), torch.zeros(3))
    assert loss.settings["margin"] == 1.0


@pytest.mark.parametrize(("right", "target"), [(torch.ones(2, 2), [1.0, 1.0]), (torch.ones(2, 2), [0.0, 0.0])])
def test_auto_is_refused_without_negatives_or_with_coinciding_ones(right: Tensor, target: list[float]) -> None:
    loss = build("contrastive")
    with pytest.raises(ConfigError, match="margin: auto"):
        loss.calibrate(compare(torch.ones(2, 2), right), torch.tensor(target))


def test_a_calibrated_margin_is_saved_with_the_state() -> None:
    loss, other = build("contrastive"), build("contrastive")
    loss.calibrate(compare(LEFT, RIGHT), BINARY)
    other.load_state_dict(loss.state_dict())
    assert other.settings == loss.settings


@pytest.mark.parametrize("name", ["contrastive", "triplet"])
@pytest.mark.parametrize(
    ("distance", "bound", "unit", "margin"),
    [
        ("cosine", 1.0, False, 2.1),
        ("normalized_euclidean", None, False, 2.1),
        ("euclidean", 1.0, False, 8.1),
        ("euclidean", None, True, 2.1),
    ],
)
def test_unreachable_margins_are_refused(name, distance, bound, unit, margin, caplog) -> None:
    where = space("negative_euclidean", bound, dim=16, unit=unit)
    similarity = SIMILARITIES["negative_euclidean"](16)
    with pytest.raises(ConfigError, match=rf"{margin}.*at most {math.floor(margin)}"):
        pick(LOSSES, {"name": name, "distance": distance, "margin": margin}, "loss", where, 0.5, similarity)
    with caplog.at_level(logging.WARNING):
        pick(LOSSES, {"name": name, "distance": distance, "margin": margin - 0.2}, "loss", where, 0.5, similarity)
    assert "many groups" in caplog.text


def test_an_unbounded_space_reaches_any_margin(caplog) -> None:
    with caplog.at_level(logging.WARNING):
        build({"name": "contrastive", "distance": "euclidean", "margin": 1e6}, "negative_euclidean")
    assert not caplog.records


@pytest.mark.parametrize("margin", [0, -1.0, float("nan"), "wide", True])
def test_bad_margins_are_refused(margin) -> None:
    with pytest.raises((ConfigError, TypeError)):
        build({"name": "contrastive", "margin": margin})


@pytest.mark.parametrize(
    ("spec", "similarity", "warned"),
    [
        ("contrastive", "cosine", False),
        ("contrastive", "negative_euclidean", True),
        ({"name": "contrastive", "distance": "euclidean"}, "exp_euclidean", False),
        ({"name": "triplet", "distance": "euclidean"}, "cosine", True),
    ],
)
def test_ranking_by_another_order_is_warned_of(spec, similarity: str, warned: bool, caplog) -> None:
    with caplog.at_level(logging.WARNING):
        build(spec, similarity)
    assert ("ranks pairs differently" in caplog.text) is warned


# refusals


def test_mse_needs_targets_within_the_range_of_the_similarity() -> None:
    with pytest.raises(ConfigError, match="negative_euclidean only from -inf to 0"):
        build("mse", "negative_euclidean")
    for fitting in ("cosine", "dot", "exp_manhattan", "exp_euclidean"):
        build("mse", fitting)


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        ("contrastiv", "did you mean 'contrastive'"),
        ({"name": "contrastive", "distance": "cosin"}, "did you mean 'cosine'"),
        ({"name": "contrastive", "margn": 1.0}, "did you mean 'margin'"),
        ({"name": "triplet", "negatives": "hardst"}, "did you mean 'hardest'"),
        ({"name": "cosent", "scale": 0}, "scale: expected a number > 0"),
        ({"name": "in_batch", "temperature": -1.0}, "temperature: expected a number > 0"),
        ({"name": "in_batch", "positive_from": 0.4}, r"positive_from: expected a target from the cut \(0.5\) to 1"),
        ({"name": "in_batch", "positive_from": 1.1}, "positive_from: expected a target"),
        ({"name": "in_batch", "positive_from": True}, "positive_from: expected a target"),
        ({"name": "contrastive", "k": 0.0}, "k: expected a number > 0"),
    ],
)
def test_mistakes_are_named(spec, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        build(spec)


# plateaus


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize(("distance", "margin"), [("euclidean", 1.0), ("euclidean", 10.0), ("cosine", 0.5)])
def test_plateau_of_contrastive(p: float, distance: str, margin: float) -> None:
    target = (torch.arange(100) < 100 * p).float()
    loss = build({"name": "contrastive", "distance": distance, "margin": margin})
    assert loss.plateau(target) == pytest.approx(p * (1 - p) * margin**2 / 2, abs=1e-6)


def test_a_cut_at_a_target_counts_as_same_everywhere() -> None:
    # .7 in single precision is below .7 in double
    loss = build({"name": "contrastive", "margin": 1.0}, cut=0.7)
    assert loss.plateau(torch.tensor([0.7, 0.1])) == pytest.approx(0.125, abs=1e-6)


@pytest.mark.parametrize("name", ["mse", "contrastive", "cosent", "bce", "in_batch", "triplet"])
def test_half_precision_vectors_give_a_finite_loss(name: str) -> None:
    left, right = (v.requires_grad_() for v in draw(6, dtype=torch.bfloat16))
    loss = settled({"name": name}, compare(left, right), dim=3)
    value = loss(compare(left, right), torch.arange(6) % 2.0)
    value.backward()
    assert value.isfinite()
    assert left.grad.isfinite().all()


@pytest.mark.parametrize("target", [BINARY, GRADED, torch.linspace(0, 1, 50), torch.ones(3)])
def test_plateau_of_mse_is_the_variance(target: Tensor) -> None:
    assert build("mse").plateau(target) == pytest.approx(float(target.double().var(correction=0)), abs=1e-6)


def test_plateau_of_cosent_counts_the_ordered_pairs() -> None:
    assert build("cosent").plateau(BINARY) == pytest.approx(math.log(5))
    assert build("cosent").plateau(GRADED) == pytest.approx(math.log(7))


@pytest.mark.parametrize("p", [0.25, 0.5])
@pytest.mark.parametrize("similarity", ["cosine", "dot"])
def test_plateau_of_bce_is_the_entropy(p: float, similarity: str) -> None:
    target = (torch.arange(100) < 100 * p).float()
    entropy = -p * math.log(p) - (1 - p) * math.log(1 - p)
    assert build("bce", similarity).plateau(target) == pytest.approx(entropy, abs=1e-6)


@pytest.mark.parametrize("name", ["in_batch", "triplet"])
def test_no_plateau_where_it_says_nothing(name: str) -> None:
    assert build(name).plateau(BINARY) is None
