"""The values of a loss: finite on odd batches, lowest at the ideal, falling in the right direction."""

import torch
from torch import Tensor

from seqtwin.conformance.battery import require
from seqtwin.conformance.drawn_pairs import BINARY, GRADED, ROWS, Case, Fitted, drawn, ideal, near, odd_batches
from seqtwin.errors import ConfigError
from seqtwin.training.losses import Loss
from seqtwin.training.losses.weighted_sum import Sum

DRAWS, STEP = 20, 1e-3


def scalar(case: Case) -> str:
    """Whether a batch gives one number, of the type of the vectors."""
    for fitted in case.fitted:
        for dtype in (torch.float32, torch.float64):
            found = _in(fitted, dtype).of(*drawn(dtype=dtype), BINARY)
            fits = found.shape == () and found.dtype == dtype
            require(fits, f"the loss of {dtype} vectors has shape {tuple(found.shape)} and type {found.dtype}")
        _in(fitted, torch.float32)
    return "one number of the type of the vectors"


def one_class(case: Case) -> str:
    """Whether batches of only same and of only different pairs are finite (N3)."""
    return _finite_on(case, "only same pairs", "only different pairs", "equal targets")


def one_pair(case: Case) -> str:
    """Whether a batch of a single pair is finite (N2, N7)."""
    return _finite_on(case, "a single same pair", "a single different pair")


def identical(case: Case) -> str:
    """Whether pairs of identical vectors are finite (N5)."""
    return _finite_on(case, "identical pairs")


def constant(case: Case) -> str:
    """Whether a batch with equal scores is finite (N6)."""
    return _finite_on(case, "constant scores", "zero vectors")


def extreme(case: Case) -> str:
    """Whether vectors of 1e30 (in float64, as a square of it is beyond float32) and denormals are finite (N15)."""
    left, right = drawn(dtype=torch.float64)
    for fitted in case.fitted:
        _require_finite(_in(fitted, torch.float64), "vectors of 1e30", left * 1e30, right * 1e30, BINARY)
        small = left.float() * 1e-40, right.float() * 1e-40
        _require_finite(_in(fitted, torch.float32), "denormal vectors", *small, BINARY)
    return "finite for 1e30 and for denormals"


def half(case: Case) -> str:
    """Whether vectors in bfloat16 have a finite loss, as in a training with `fit.precision: bf16` (N10)."""
    for fitted in case.fitted:
        with torch.autocast("cpu", torch.bfloat16):
            value, *_ = _in(fitted, torch.float32).gradients(*drawn(dtype=torch.bfloat16), BINARY)
        require(bool(value.isfinite()), f"the loss of vectors in bfloat16 is {float(value):g}")
    return "finite in bfloat16"


def lowest_at_ideal(case: Case) -> str:
    """Whether no random batch is below the ideal: same pairs are equal, different ones have nothing in common."""
    for fitted in case.fitted:
        at_ideal = float(fitted.of(*ideal(BINARY, fitted.reach), BINARY))
        for seed in range(DRAWS):
            other = float(fitted.of(*drawn(seed), BINARY))
            require(at_ideal <= other + 1e-6, f"a random batch has {other:.3g}, the ideal {at_ideal:.3g}")
    return "no random batch is below the ideal"


def binary_direction(case: Case) -> str:
    """Whether a step downhill raises the scores of pairs with target 1 above those with target 0."""
    return _separates(case, BINARY)


def inverted_direction(case: Case) -> str:
    """Whether the same is true where the targets are exchanged: the direction comes from the targets alone."""
    return _separates(case, 1 - BINARY)


def graded_direction(case: Case) -> str:
    """Whether the same is true for graded targets, above and below the cut."""
    return _separates(case, GRADED)


def cut(case: Case) -> str:
    """Whether a graded target is same from the cut of the data on, and not from another number."""
    low, high = 0.5, 0.92  # three of the graded targets are between them
    for fitted in case.fitted:
        needs = any(part.needs_cut for part in _parts(fitted.loss))
        try:
            other = case.built(fitted.loss.space.similarity, cut=high)
        except (ValueError, ConfigError):  # its own setting and this cut exclude each other
            continue
        with torch.no_grad():
            values = [float(one.of(*near(0), GRADED)) for one in (fitted, other)]
        same, shown = values[0] == values[1], f"{values[0]:.4g} with cut {low}, {values[1]:.4g} with {high}"
        require(not same or not needs, f"it ignores the cut: {shown}")
        require(same or needs, f"needs_cut is False, but the loss is {shown}")
    return "it changes with the cut, or does not need one"


def _parts(loss: Loss) -> list[Loss]:
    """The losses of which a loss consists."""
    return loss.losses if isinstance(loss, Sum) else [loss]


def wrong_is_worse(case: Case) -> str:
    """Whether the ideal batch of the exchanged targets has a higher loss than the ideal one."""
    for fitted in case.fitted:
        right, wrong = (float(fitted.of(*ideal(y, fitted.reach), BINARY)) for y in (BINARY, 1 - BINARY))
        require(wrong > right, f"vectors that are right have {right:.3g}, wrong ones {wrong:.3g}")
    return "wrong vectors have the higher loss"


def plateau(case: Case) -> str:
    """Whether no batch in which all pairs look alike is below the plateau, where there is one."""
    for fitted in case.fitted:
        stated = fitted.loss.plateau(BINARY)
        if stated is None:
            continue
        for seed in range(DRAWS):
            left, right = (side[:1].repeat(ROWS, 1) for side in drawn(seed))
            alike = float(fitted.of(left, right, BINARY))
            require(alike >= stated - 1e-5, f"pairs that look alike have {alike:.4g}, below the plateau {stated:.4g}")
    return "no batch of pairs that look alike is below it"


def order(case: Case) -> str:
    """Whether the order of the pairs does not matter."""
    shuffled = torch.tensor([5, 3, 0, 7, 4, 2, 1, 6])
    for fitted in case.fitted:
        left, right = drawn()
        before = float(fitted.of(left, right, GRADED))
        after = float(fitted.of(left[shuffled], right[shuffled], GRADED[shuffled]))
        require(
            abs(before - after) <= 1e-5 * max(1.0, abs(before)), f"{before:.6g} in one order, {after:.6g} in another"
        )
    return "equal in any order"


def _separates(case: Case, target: Tensor) -> str:
    """Check that after a small step downhill the scores follow the targets more, summed over several batches."""
    weight, worst = target - target.mean(), float("inf")
    for fitted in case.fitted:
        gap = 0.0
        for seed in range(DRAWS):
            left, right = near(seed, torch.float64)
            _, at_left, at_right = _in(fitted, torch.float64).gradients(left, right, target)
            size = max(float(at_left.abs().max()), float(at_right.abs().max()))
            require(size > 0, "no gradient reaches the vectors")
            moved = fitted.similarity(left - STEP / size * at_left, right - STEP / size * at_right)
            gap += float(weight.double() @ (moved - fitted.similarity(left, right)))
        worst = min(worst, gap)
    require(worst > 0, f"a step downhill changes the gap between same and different pairs by {worst:.2g}")
    return f"small steps widen the gap by {worst:.1g} or more"


def _finite_on(case: Case, *names: str) -> str:
    for fitted in case.fitted:
        for name in names:
            _require_finite(fitted, name, *odd_batches()[name])
    return f"finite for {', '.join(names)}"


def _require_finite(fitted: Fitted, name: str, left: Tensor, right: Tensor, target: Tensor) -> None:
    value, at_left, at_right = fitted.gradients(left, right, target)
    require(bool(value.isfinite()), f"the loss of {name} is {float(value):g}")
    finite = bool(at_left.isfinite().all() and at_right.isfinite().all())
    require(finite, f"the gradient of {name} is not finite")


def _in(fitted: Fitted, dtype: torch.dtype) -> Fitted:
    """The same loss with its own numbers in another type."""
    fitted.loss.to(dtype)
    fitted.similarity.to(dtype)
    return fitted
