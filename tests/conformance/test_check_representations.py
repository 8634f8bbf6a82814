"""`check_representation` passes every built-in one, and each of its checks fails on a bug that was planted for it."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import seqtwin
from seqtwin.conformance.battery import Check, run_checks
from seqtwin.conformance.check_representations import REPRESENTATION_CHECKS, check_representation
from seqtwin.conformance.drawn_states import Case
from seqtwin.errors import ConfigError
from seqtwin.model.representations import REPRESENTATIONS

OPTIONS: dict[str, list[Any]] = {
    "attention_output": ["attention_output", {"name": "attention_output", "heads": 3, "dim": 4}],
    "join": [{"name": "join", "parts": ["max_output", "final_hidden", "attention_output"]}],
}
BUILT_IN = [spec for name in REPRESENTATIONS for spec in OPTIONS.get(name, [name])]


@pytest.mark.parametrize("spec", BUILT_IN, ids=str)
def test_every_built_in_representation_passes_every_check(spec: Any) -> None:
    results = check_representation(spec)
    assert [result.name for result in results] == list(REPRESENTATION_CHECKS)
    assert all(result.passed and result.found and not result.remedy for result in results)


class Mean(nn.Module):
    """A right one; the others are right but for one thing."""

    needs: Any = frozenset({"outputs"})

    def __init__(self, shape: Any) -> None:
        super().__init__()
        self.out_dim, self.bound = shape.joined, shape.bound

    def forward(self, states: Any) -> Tensor:
        return states.outputs.sum(1) / states.lengths[:, None]


class Standardised(Mean):
    """Batch normalisation: in training a vector depends on the other rows of its batch."""

    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound, self.norm = None, nn.BatchNorm1d(shape.joined, momentum=None)

    def forward(self, states: Any) -> Tensor:
        found: Tensor = self.norm(super().forward(states))
        return found


class Dropped(Mean):
    """A right one: dropout, which is of each row."""

    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound, self.dropout = None, nn.Dropout(0.5)

    def forward(self, states: Any) -> Tensor:
        found: Tensor = self.dropout(super().forward(states))
        return found


class Weighted(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound, self.weight = None, nn.Parameter(torch.randn(shape.joined))

    def forward(self, states: Any) -> Tensor:
        return super().forward(states) * self.weight


class NoBound(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        del self.bound


class NamesTooMuch(Mean):
    needs = frozenset({"outputs", "hidden"})


class KeepsTheTime(Mean):
    def forward(self, states: Any) -> Tensor:
        return states.outputs


class LosesASingleRow(Mean):
    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        return found if len(found) > 1 else found * 0.5


class Centred(Mean):
    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        return (found - found.mean(0)) / 2


class KnowsItsPlace(Mean):
    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        return found * (1 - 0.01 * torch.arange(len(found), device=found.device)[:, None])


class MeanOfTheWidth(Mean):
    def forward(self, states: Any) -> Tensor:
        return states.outputs.mean(1)


class Deviation(Mean):
    def forward(self, states: Any) -> Tensor:
        spread = (states.outputs - super().forward(states)[:, None]).square() * states.mask[..., None]
        return spread.sum(1) / (states.lengths[:, None] - 1)


class Growing(Mean):
    bound = None

    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound = None

    def forward(self, states: Any) -> Tensor:
        return super().forward(states) + states.lengths[:, None].to(states.outputs.dtype).exp() * 1e-9


class MasksByValue(Mean):
    def forward(self, states: Any) -> Tensor:
        real = (states.outputs != 0).any(2).sum(1).clamp(min=1)
        return states.outputs.sum(1) / real[:, None]


class BeyondItsBound(Mean):
    def forward(self, states: Any) -> Tensor:
        return states.outputs.sum(1)


class Unit(Mean):
    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        return found / found.norm(dim=1, keepdim=True)


class Inverse(Mean):
    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        tiny = found.abs() < 1e-30
        return torch.where(tiny & (found != 0), 1 / found.square(), found)


class WritesInto(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound, self.map = None, nn.Linear(shape.joined, shape.joined, bias=False)

    def forward(self, states: Any) -> Tensor:
        found = torch.zeros_like(states.outputs)
        found[states.mask] = self.map(states.outputs[states.mask])
        return found.sum(1) / states.lengths[:, None]


class AlwaysSingle(Mean):
    def forward(self, states: Any) -> Tensor:
        return super().forward(states).float()


class Detached(Mean):
    def forward(self, states: Any) -> Tensor:
        return super().forward(states).detach()


class Idle(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.idle = nn.Parameter(torch.ones(2))


class Rooted(Mean):
    """Its gradient is infinite where two vectors are the same: it compares each with the first."""

    def forward(self, states: Any) -> Tensor:
        found = super().forward(states)
        near = (states.outputs[:, :1] - states.outputs[:, :1]).square().sum((1, 2)).sqrt()
        return found + near[:, None]


class Noisy(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.calls = 0

    def forward(self, states: Any) -> Tensor:
        self.calls += 1
        return super().forward(states) * (1 - 1e-7 * self.calls)


class Draws(Mean):
    def forward(self, states: Any) -> Tensor:
        torch.rand(1)
        return super().forward(states)


class Scales(Mean):
    def forward(self, states: Any) -> Tensor:
        states.outputs.mul_(1.0001)
        return super().forward(states)


class Unregistered(Mean):
    def __init__(self, shape: Any) -> None:
        super().__init__(shape)
        self.bound, self.weight = None, torch.randn(shape.joined)

    def forward(self, states: Any) -> Tensor:
        return super().forward(states) * self.weight


class MakesItsOwn(Mean):
    def forward(self, states: Any) -> Tensor:
        return super().forward(states) + torch.zeros(self.out_dim)


BUILDS: Any = Check(lambda case: str(len(case.fitted)), "")
# each check with a part on which it must fail
PLANTED: dict[str, Any] = {
    "contract": NoBound,
    "needs": NamesTooMuch,
    "shape": KeepsTheTime,
    "one_row": LosesASingleRow,
    "batch_mates": Centred,
    "in_training": Standardised,
    "order": KnowsItsPlace,
    "padding": MeanOfTheWidth,
    "mostly_pads": MeanOfTheWidth,
    "one_step": Deviation,
    "long": Growing,
    "zero_step": MasksByValue,
    "bound": BeyondItsBound,
    "zero_states": Unit,
    "denormals": Inverse,
    "half": WritesInto,
    "dtype": AlwaysSingle,
    "gradient": Detached,
    "identical": Rooted,
    "deterministic": Noisy,
    "no_global_random": Draws,
    "inputs_unchanged": Scales,
    "save_and_load": Unregistered,
    "device": MakesItsOwn,
}


def fails(part: Any, name: str) -> bool:
    """Whether a part fails this check, run alone."""
    [result] = run_checks("part", Case(part), BUILDS, {name: REPRESENTATION_CHECKS[name]}, raise_error=False)
    return not result.passed


def test_a_bug_is_planted_for_every_check() -> None:
    assert set(PLANTED) == set(REPRESENTATION_CHECKS)


@pytest.mark.parametrize("name", PLANTED)
def test_a_check_fails_on_the_bug_planted_for_it(name: str) -> None:
    assert fails(PLANTED[name], name)


@pytest.mark.parametrize("part", [Mean, Weighted, Dropped], ids=lambda part: part.__name__)
def test_a_right_part_of_a_user_passes(part: Any) -> None:
    assert all(result.passed for result in seqtwin.check_representation(part))


def test_more_than_one_kind_of_bug_is_found_by_a_check() -> None:
    assert fails(Idle, "gradient")
    assert fails(Unregistered, "device")
    assert not fails(_drawing(np.random.default_rng), "no_global_random")
    assert fails(_drawing(np.random.random), "no_global_random")


def _drawing(draw: Any) -> Any:
    class Drawing(Mean):
        def forward(self, states: Any) -> Tensor:
            draw()
            return super().forward(states)

    return Drawing


def test_one_error_lists_every_failure_with_its_remedy() -> None:
    with pytest.raises(ConfigError) as caught:
        check_representation(MeanOfTheWidth)
    assert (caught.value.code, caught.value.exit_code, caught.value.place) == ("PART_CHECKS", 2, "MeanOfTheWidth")
    said = str(caught.value)
    for name in ("batch_mates", "padding", "mostly_pads"):
        assert f"\n  {name}: " in said
    assert "\n  contract: " not in said
    assert "use states.mask and states.lengths, and never the width of the batch" in said


def test_a_part_that_cannot_be_built_is_one_failure() -> None:
    def refuses(_: Any) -> Any:
        raise ValueError("too small")

    for part, found in ((lambda: 1, "raised TypeError"), (refuses, "refuses every encoder: ['too small']")):
        [result] = check_representation(part, raise_error=False)
        assert (result.name, result.passed) == ("build", False)
        assert found in result.found
    with pytest.raises(ConfigError, match="unknown representation 'mean_outptu'"):
        check_representation("mean_outptu")


def test_options_come_by_a_partial() -> None:
    results = check_representation(partial(REPRESENTATIONS["attention_output"], heads=2))
    assert all(result.passed for result in results)


def test_what_the_caller_draws_and_logs_is_as_before() -> None:
    import logging

    torch.manual_seed(3)
    before, level = torch.random.get_rng_state(), logging.root.manager.disable
    check_representation("attention_output")
    assert torch.equal(torch.random.get_rng_state(), before)
    assert logging.root.manager.disable == level
