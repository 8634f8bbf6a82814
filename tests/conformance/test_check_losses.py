"""`check_loss` passes every built-in one, and each of its checks fails on a bug that was planted for it."""

from typing import Any

import pytest
import torch
from torch import Tensor

import seqtwin
from seqtwin.conformance.battery import Check, run_checks
from seqtwin.conformance.check_losses import LOSS_CHECKS, check_loss
from seqtwin.conformance.drawn_pairs import Case
from seqtwin.errors import ConfigError
from seqtwin.training.losses import LOSSES, Loss

OPTIONS: dict[str, list[Any]] = {
    "contrastive": [
        "contrastive",
        {"name": "contrastive", "distance": "euclidean", "margin": 1},
        {"name": "contrastive", "distance": "normalized_euclidean", "margin": 1.0},
    ],
    "triplet": ["triplet", {"name": "triplet", "distance": "euclidean", "negatives": "hardest"}],
    "in_batch": ["in_batch", {"name": "in_batch", "positive_from": 0.8}],
    "pml": [{"name": "pml", "loss": loss} for loss in ("ContrastiveLoss", "TripletMarginLoss", "MultiSimilarityLoss")],
    "sum": [{"name": "sum", "parts": ["mse", "in_batch"], "weights": [1, 0.5]}],
}
BUILT_IN = [spec for name in LOSSES for spec in OPTIONS.get(name, [name])]


@pytest.mark.parametrize("spec", BUILT_IN, ids=str)
def test_every_built_in_loss_passes_every_check(spec: Any) -> None:
    results = check_loss(spec)
    assert [result.name for result in results] == list(LOSS_CHECKS)
    assert all(result.passed and result.found for result in results)


class Squared(Loss):
    """A right one: the square of the distance of score and target, on scores in [0, 1]; others have one bug each."""

    needs_cut = False
    formula: Any = "mean over pairs of (s - y)^2"
    settings: Any = {}  # noqa: RUF012

    def __init__(self, space: Any, cut: float, similarity: Any) -> None:
        super().__init__(space, cut, similarity)
        if space.high != 1:
            raise ValueError("it needs scores up to 1")

    def forward(self, compared: Any, target: Tensor) -> Tensor:
        return self.of(compared.score, target)

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return (score - target).square().mean()

    def plateau(self, target: Tensor) -> float | None:
        return None


class NoFormula(Squared):
    formula = ""


class NoJson(Squared):
    settings: Any = {"device": torch.device("cpu")}  # noqa: RUF012


class PerPair(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return (score - target).square()


class PerClass(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        same, loss = target >= 0.5, (score - target).square()
        return loss[same].mean() + loss[~same].mean()


class Standardised(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return (score - target).square().mean() + 0 * score.std()


class Rooted(Squared):
    """Its gradient is infinite where the vectors are equal."""

    def forward(self, compared: Any, target: Tensor) -> Tensor:
        apart = (compared.left - compared.right).square().sum(1).sqrt()
        return super().forward(compared, target) + 0.001 * (apart * target).mean()


class Correlated(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        centred, wanted = score - score.mean(), target - target.mean()
        return super().of(score, target) - 1e-3 * (centred * wanted).mean() / centred.square().mean().sqrt()


class Fourth(Squared):
    def forward(self, compared: Any, target: Tensor) -> Tensor:
        beyond = (compared.left - compared.right).square().sum(1).square() ** 6
        return super().forward(compared, target) + 0 * beyond.mean()


class InPlaceIndex(Squared):
    def forward(self, compared: Any, target: Tensor) -> Tensor:
        projected = torch.zeros(len(target), 1)
        projected[:] = 1
        chosen = projected.clone()
        chosen[target >= 0] = compared.left @ compared.left.new_ones(compared.left.shape[1], 1)
        return super().forward(compared, target) + 0 * chosen.mean()


class Inverted(Squared):
    """The convention of a distance: 1 = different."""

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, 1 - target)


class Negative(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return -super().of(score, target)


class OnlyUp(Squared):
    """Raises every score, whatever the target."""

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return (score - 1).square().mean()


class ByPlace(Squared):
    """Takes every second pair for a same one, as the pairs of the checks happen to be ordered."""

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        place = (torch.arange(len(score), device=score.device) % 2 == 0).to(score.dtype)
        return super().of(score, place)


class OnlyExact(Squared):
    """Knows only the targets 0 and 1, and takes all others for the opposite."""

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        exact = (target == 0) | (target == 1)
        return super().of(score, torch.where(exact, target, 1 - target))


class OwnCut(Squared):
    """Takes one half for the cut, whatever the data say."""

    needs_cut = True

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, (target >= 0.5).to(score.dtype))


class Undeclared(Squared):
    """Uses the cut, but declares that it needs none."""

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, self.same(target).to(score.dtype))


class TooHigh(Squared):
    def plateau(self, target: Tensor) -> float | None:
        return 10.0


class FirstOnly(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, target) + 0.1 * (score[0] - target[0]).square()


class _Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, score: Tensor, target: Tensor) -> Tensor:
        ctx.save_for_backward(score, target)
        return (score - target).square().mean()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        score, target = ctx.saved_tensors
        return gradient * 3 * (score - target) / len(score), None


class WrongBackward(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        found: Tensor = _Doubled.apply(score, target)  # type: ignore[no-untyped-call]
        return found


class Uncounted(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        same = target >= 0.5
        return super().of(score, target) if same.any() and not same.all() else score.sum() * 0


class Overcounted(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        self.silent_batches += 1
        return super().of(score, target)


class Counting(Squared):
    calls = 0

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        self.calls += 1
        return super().of(score, target) + self.calls


class Sampling(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        torch.rand(1)
        return super().of(score, target)


class InPlace(Squared):
    def forward(self, compared: Any, target: Tensor) -> Tensor:
        return super().forward(compared, target.add_(1e-3))


class Calibrated(Squared):
    shift = 0.0

    def calibrate(self, compared: Any, target: Tensor) -> None:
        self.shift = float(compared.left.detach().sum()) * 1e-6

    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, target) + self.shift


class Adopts(Squared):
    def __init__(self, space: Any, cut: float, similarity: Any) -> None:
        super().__init__(space, cut, similarity)
        self.model_similarity = similarity


class MakesItsOwn(Squared):
    def of(self, score: Tensor, target: Tensor) -> Tensor:
        return super().of(score, target) + torch.zeros(())


BUILDS: Any = Check(lambda case: str(len(case.fitted)), "")
# each check with a loss on which it must fail
PLANTED: dict[str, Any] = {
    "contract": NoFormula,
    "scalar": PerPair,
    "one_class": PerClass,
    "one_pair": Standardised,
    "identical": Rooted,
    "constant": Correlated,
    "extreme": Fourth,
    "half": InPlaceIndex,
    "lowest_at_ideal": Negative,
    "wrong_is_worse": Inverted,
    "binary_direction": Inverted,
    "inverted_direction": ByPlace,
    "graded_direction": OnlyExact,
    "cut": OwnCut,
    "plateau": TooHigh,
    "order": FirstOnly,
    "gradient": WrongBackward,
    "silent": Uncounted,
    "deterministic": Counting,
    "no_global_random": Sampling,
    "inputs_unchanged": InPlace,
    "save_and_load": Calibrated,
    "no_similarity_weights": Adopts,
    "device": MakesItsOwn,
}


def fails(part: Any, name: str) -> bool:
    """Whether a part fails this check, run alone."""
    [result] = run_checks("part", Case(part), BUILDS, {name: LOSS_CHECKS[name]}, raise_error=False)
    return not result.passed


def test_a_bug_is_planted_for_every_check() -> None:
    assert set(PLANTED) == set(LOSS_CHECKS)


@pytest.mark.parametrize("name", PLANTED)
def test_a_check_fails_on_the_bug_planted_for_it(name: str) -> None:
    assert fails(PLANTED[name], name)


def test_a_right_loss_of_a_user_passes() -> None:
    assert all(result.passed for result in seqtwin.check_loss(Squared))


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (NoJson, "contract"),
        (Overcounted, "silent"),
        (OnlyUp, "binary_direction"),
        (Negative, "wrong_is_worse"),
        (Undeclared, "cut"),
    ],
)
def test_other_bugs_of_the_same_kinds_are_found(part: Any, name: str) -> None:
    assert fails(part, name)


def test_a_loss_that_refuses_every_similarity_is_one_failure() -> None:
    def refuses(*_: Any) -> Any:
        raise ValueError("no such space")

    with pytest.raises(ConfigError, match="it refuses every similarity"):
        check_loss(refuses)
    with pytest.raises(ConfigError, match="unknown loss 'mee'"):
        check_loss("mee")


def test_a_spec_without_a_name_is_refused_with_the_right_one() -> None:
    with pytest.raises(ConfigError, match="expected a name") as caught:
        check_loss({"sum": {"parts": ["mse", "in_batch"]}})
    assert caught.value.remedy == "write {name: sum, ...}"
