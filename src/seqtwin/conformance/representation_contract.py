"""The declarations of a representation, its gradients and its own state."""

from collections.abc import Iterator
from dataclasses import replace

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from seqtwin.conformance.battery import require
from seqtwin.conformance.drawn_states import Case, Fitted, largest, mapped, texts
from seqtwin.conformance.randomness import require_no_draw
from seqtwin.model.distances import euclidean
from seqtwin.records import States

STATES = ("outputs", "hidden", "cell")


def contract(case: Case) -> str:
    """Whether it is a module with a valid `out_dim`, `needs` and `bound`."""
    for fitted in case.fitted:
        part = fitted.part
        require(isinstance(part, nn.Module), f"a {type(part).__name__} is not an nn.Module")
        missing = [name for name in ("out_dim", "needs", "bound") if not hasattr(part, name)]
        require(not missing, f"it has no {', '.join(missing)}")
        width, limit = part.out_dim, part.bound
        require(type(width) is int and width > 0, f"out_dim is {width!r}, expected a positive integer")
        required = isinstance(part.needs, frozenset) and part.needs and part.needs <= set(STATES)
        require(bool(required), f"needs is {part.needs!r}, expected a frozenset of outputs, hidden or cell")
        number = limit is None or (isinstance(limit, (int, float)) and limit > 0)
        require(number, f"bound is {limit!r}, expected a number > 0 or None")
    return "out_dim, needs and bound are valid"


def needs(case: Case) -> str:
    """Whether it uses the states in `needs`, and no others."""
    for fitted in case.fitted:
        states = _states(fitted)
        for name in STATES:
            if getattr(states, name) is None:
                continue
            spoiled = replace(states, **{name: torch.full_like(getattr(states, name), torch.nan)})
            with torch.no_grad():
                used = bool(fitted.part(spoiled).isnan().any())
            named = name in fitted.part.needs
            require(used == named, f"{name} is {'' if used else 'not '}used, but needs is {sorted(fitted.part.needs)}")
    return "it uses what needs names"


def gradient(case: Case) -> str:
    """Whether the gradient reaches the encoder and every weight of its own."""
    for fitted in case.fitted:
        for module in (fitted.encoder, fitted.part):
            module.zero_grad()
        fitted.vectors(texts()).square().sum().backward()
        reached = fitted.encoder.inputs.embedding.weight.grad
        require(reached is not None and bool(reached.abs().sum() > 0), "no gradient reaches the encoder")
        require(bool(reached.isfinite().all()), "the gradient of the encoder is not finite")
        silent = [
            name for name, weight in fitted.part.named_parameters() if weight.grad is None or not weight.grad.any()
        ]
        require(not silent, f"no gradient reaches its weights {', '.join(silent)}")
    return "it reaches the encoder and every weight"


def identical(case: Case) -> str:
    """Whether a pair of identical texts has a finite gradient under the Euclidean distance (N5)."""
    for fitted in case.fitted:
        fitted.encoder.zero_grad()
        euclidean(fitted.vectors(texts((4, 4))), fitted.vectors(texts((4, 4)))).sum().backward()
        found = fitted.encoder.inputs.embedding.weight.grad
        require(found is None or bool(found.isfinite().all()), "the gradient of an identical pair is not finite")
    return "finite for an identical pair"


def deterministic(case: Case) -> str:
    """Whether the same states give the same vectors in eval mode."""
    for fitted in case.fitted:
        states = _states(fitted)
        with torch.no_grad():
            change = largest(fitted.part(states), fitted.part(states))
        require(change == 0, f"two calls in eval mode differ by {change:.2g}")
    return "equal in two calls"


def no_global_random(case: Case) -> str:
    """Whether a call in eval mode draws from no global generator."""
    for fitted in case.fitted:
        states = _states(fitted)
        require_no_draw(lambda fitted=fitted, states=states: fitted.part(states), "a call in eval mode")  # type: ignore[misc]
    return "no global generator is used"


def inputs_unchanged(case: Case) -> str:
    """Whether the states are as they were: other representations read them, too."""
    for fitted in case.fitted:
        states = _states(fitted)
        before = mapped(states, Tensor.clone)
        with torch.no_grad():
            fitted.part(states)
        for name in STATES:
            old, new = getattr(before, name), getattr(states, name)
            require(old is None or torch.equal(old, new), f"it changes {name} in place")
    return "the states are unchanged"


def save_and_load(case: Case) -> str:
    """Whether the vectors come back with the weights: through safetensors, into a part built with another seed."""
    for fitted in case.fitted:
        states, other = _states(fitted), case.built(fitted.encoder.shape, seed=2)
        weights = {name: value.contiguous() for name, value in fitted.part.state_dict().items()}
        other.load_state_dict(load(save(weights)) if weights else {})
        with torch.no_grad():
            change = largest(fitted.part(states), other(states))
        require(change == 0, f"after a round trip of the weights, the vectors differ by {change:.2g}")
    return "equal after a round trip of the weights"


def device(case: Case) -> str:
    """Whether it can move: every tensor it keeps is registered, and every tensor it makes is on the states' device."""
    for fitted in case.fitted:
        states, moved = _states(fitted), case.built(fitted.encoder.shape).to("meta")
        left = [name for name, tensor in _tensors(moved) if tensor.device.type != "meta"]
        require(not left, f"{', '.join(left)} stays behind when the part is moved to another device")
        # a tensor made without a device is on this one, and cannot be combined with the states
        with torch.no_grad(), torch.device("meta"):
            found = fitted.part(states)
        require(found.device == states.outputs.device, "it makes a tensor without device=")
        if torch.cuda.is_available():
            _require_same_on("cuda", case, fitted, states)
    return "it moves with the states"


def _require_same_on(name: str, case: Case, fitted: Fitted, states: States) -> None:
    there = replace(mapped(states, lambda values: values.to(name)), lengths=states.lengths.to(name))
    with torch.no_grad():
        change = largest(case.built(fitted.encoder.shape).to(name)(there).cpu(), fitted.part(states))
    require(change <= 1e-5, f"vectors on {name} differ by {change:.2g}")


def _tensors(part: nn.Module) -> Iterator[tuple[str, Tensor]]:
    """Every tensor in the module and its members, registered or not, with its name."""
    for prefix, module in part.named_modules():
        own = {**vars(module), **module._parameters, **module._buffers}
        yield from ((f"{prefix}.{name}".lstrip("."), value) for name, value in own.items() if isinstance(value, Tensor))


@torch.no_grad()
def _states(fitted: Fitted) -> States:
    found: States = fitted.encoder(texts())
    return found
