"""The declarations of a loss, its gradients and its own state."""

import json
import math

import torch
from safetensors.torch import load, save
from torch import Tensor

from seqtwin.conformance.battery import require
from seqtwin.conformance.drawn_pairs import BINARY, SPACES, Case, Fitted, drawn, near, odd_batches
from seqtwin.conformance.randomness import require_no_draw
from seqtwin.training.losses import Loss


def contract(case: Case) -> str:
    """Whether it is a Loss with a formula, settings that JSON can hold, and a plateau that is a number or None."""
    for fitted in case.fitted:
        loss = fitted.loss
        require(isinstance(loss, Loss), f"a {type(loss).__name__} is not a seqtwin.training.losses.Loss")
        require(isinstance(loss.formula, str) and bool(loss.formula.strip()), f"formula is {loss.formula!r}")
        _require_json(loss.settings)
        stated = loss.plateau(BINARY)
        number = stated is None or (isinstance(stated, float) and math.isfinite(stated))
        require(number, f"plateau is {stated!r}, expected a finite number or None")
    return "formula, settings and plateau are valid"


def _require_json(settings: object) -> None:
    try:
        json.dumps(settings, allow_nan=False)
    except (TypeError, ValueError) as error:
        require(False, f"settings cannot be written as JSON: {error}")


def gradient(case: Case) -> str:
    """Whether the gradient in float64 equals the slope of the loss (torch.autograd.gradcheck)."""
    for name in _accepted(case):
        fitted = case.built(name)
        fitted.loss.double()
        fitted.similarity.double()
        left, right = (side[:6].requires_grad_() for side in drawn(3, dtype=torch.float64))

        def value(left: Tensor, right: Tensor, fitted: Fitted = fitted) -> Tensor:
            return fitted.of(left, right, BINARY[:6])

        torch.autograd.gradcheck(value, (left, right), eps=1e-6, atol=1e-5)
    return "equal to the slope in float64"


def silent(case: Case) -> str:
    """Whether a batch that trains nothing is a zero that is counted, and no other batch is counted."""
    for fitted in case.fitted:
        _require_count(fitted, "an ordinary batch", *near(0), BINARY)
        for name, batch in odd_batches().items():
            if name.startswith(("only", "a single", "equal")):
                _require_count(fitted, name, *batch)
    return "batches that train nothing are counted"


def _require_count(fitted: Fitted, name: str, left: Tensor, right: Tensor, target: Tensor) -> None:
    before = fitted.loss.silent_batches
    value, at_left, at_right = fitted.gradients(left, right, target)
    counted = fitted.loss.silent_batches - before
    trains = bool(at_left.any() or at_right.any())
    require(counted == int(not trains), f"{name} {_trains(trains)}, but is counted {counted} times as silent")
    require(trains or float(value) == 0, f"{name} trains nothing, but its loss is {float(value):g}")


def _trains(trains: bool) -> str:
    return "trains the vectors" if trains else "trains nothing"


def no_global_random(case: Case) -> str:
    """Whether a call draws from no global generator."""
    for fitted in case.fitted:
        require_no_draw(lambda fitted=fitted: fitted.of(*drawn(), BINARY), "a call")  # type: ignore[misc]
    return "no global generator is used"


def deterministic(case: Case) -> str:
    """Whether two calls on the same batch give the same loss."""
    for fitted in case.fitted:
        first, second = (float(fitted.of(*drawn(), BINARY)) for _ in range(2))
        require(first == second, f"two calls give {first:.6g} and {second:.6g}")
    return "equal in two calls"


def inputs_unchanged(case: Case) -> str:
    """Whether vectors, scores and targets are as they were."""
    for fitted in case.fitted:
        compared, target = fitted.compared(*drawn()), BINARY.clone()
        with torch.no_grad():
            fitted.loss(compared, target)
        same = all(torch.equal(*pair) for pair in zip((compared.left, compared.right), drawn(), strict=True))
        require(same, "it changes the vectors in place")
        require(torch.equal(compared.score, fitted.similarity(*drawn())), "it changes the scores in place")
        require(torch.equal(target, BINARY), "it changes the targets in place")
    return "the batch is unchanged"


def save_and_load(case: Case) -> str:
    """Whether what `calibrate` set is saved with the weights: a loss that was calibrated otherwise takes it over."""
    for name in _accepted(case):
        fitted, other = case.built(name), case.built(name, seed=6)
        weights = {key: value.contiguous() for key, value in fitted.loss.state_dict().items()}
        other.loss.load_state_dict(load(save(weights)) if weights else {})
        before, after = (float(each.of(*drawn(), BINARY)) for each in (fitted, other))
        require(before == after, f"the loss is {before:.6g}, after a round trip {after:.6g}")
    return "equal after a round trip"


def no_similarity_weights(case: Case) -> str:
    """Whether it does not own the weights of the similarity, which the model trains and saves."""
    for fitted in case.fitted:
        owned = {id(value) for value in (*fitted.loss.parameters(), *fitted.loss.buffers())}
        shared = [name for name, value in fitted.similarity.named_buffers() if id(value) in owned]
        require(not shared, f"it owns {', '.join(shared)} of the similarity")
    return "it owns nothing of the similarity"


def device(case: Case) -> str:
    """Whether it can move: every tensor that it makes is on the device of the vectors."""
    for name in _accepted(case):
        fitted = case.built(name)
        compared = fitted.compared(*drawn())
        with torch.no_grad(), torch.device("meta"):
            found = fitted.loss(compared, BINARY)
        require(found.device == compared.left.device, "it makes a tensor without device=")
    return "it works on the device of the vectors"


def _accepted(case: Case) -> list[str]:
    """The names of the similarities that the loss accepts."""
    accepted = {fitted.loss.space.similarity for fitted in case.fitted}
    return [name for name in SPACES if name in accepted]
