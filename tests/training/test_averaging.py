"""Averaged weights: against torch.optim.swa_utils on a second run of the same training, and against plain means."""

import contextlib
import logging
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

import tiny
from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.metrics import METRICS
from seqtwin.model.siamese import Siamese
from seqtwin.training.averaging import AVERAGES, WeightAverage, ema, mean_of_last
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import RunState, fit

TRAIN, DEV = tiny.store(), tiny.store(60, seed=1)
EVERY: list[Any] = [{"name": "ema", "decay": 0.8}, {"name": "mean", "last": 0.5}]
all_averages = pytest.mark.parametrize("spec", EVERY, ids=lambda spec: spec["name"])


def auc(model: Siamese) -> float:
    return METRICS["roc_auc"].function(predict(model, DEV), DEV.target)


def trained(spec: Any, measure: Callable[[Siamese], float | None] = lambda _: None, **changes: Any) -> RunState:
    model = tiny.siamese()
    return fit(model, tiny.loss_of(model), TRAIN, tiny.recipe(average=spec, **changes), measure)


def walk(average: WeightAverage, model: nn.Linear, values: list[float]) -> Tensor:
    """The averaged weight after steps that set the weight to these values."""
    for step, value in enumerate(values, 1):
        nn.init.constant_(model.weight, value)
        average.update(step)
    with average.in_use():
        return model.weight.detach().clone()


some_values = st.lists(st.floats(-10, 10), min_size=1, max_size=30)


@given(values=some_values, decay=st.floats(0.01, 0.99))
def test_ema_is_that_of_pytorch(values: list[float], decay: float) -> None:
    model = nn.Linear(2, 2)
    theirs = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(decay))
    average = ema(model, len(values), decay=decay)
    found = walk(average, model, values)
    for value in values:
        nn.init.constant_(model.weight, value)
        theirs.update_parameters(model)
    assert torch.equal(found, theirs.module.weight)


@given(values=some_values, last=st.floats(0.01, 0.99))
def test_mean_is_the_plain_mean_of_the_last_steps(values: list[float], last: float) -> None:
    model = nn.Linear(1, 1)
    found = walk(mean_of_last(model, len(values), last=last), model, values)
    used = values[-max(1, round(last * len(values))) :]
    assert float(found) == pytest.approx(sum(used) / len(used), abs=1e-4)


@all_averages
def test_the_training_itself_is_not_changed(spec: Any) -> None:
    plain, averaged = trained(None), trained(spec)
    assert plain.losses == averaged.losses
    assert plain.norms == averaged.norms
    assert [row["lr"] for row in plain.history] == [row["lr"] for row in averaged.history]


@all_averages
def test_the_weights_kept_are_the_average_over_the_steps_of_a_plain_run(spec: Any) -> None:
    """The weights after every step of a training without average, averaged in a plain loop."""
    seen: list[dict[str, Tensor]] = []
    model = tiny.siamese()

    def note(*_: object) -> None:
        seen.append({name: value.detach().clone() for name, value in model.named_parameters()})

    hook = register_optimizer_step_post_hook(note)
    fit(model, tiny.loss_of(model), TRAIN, tiny.recipe(), lambda _: None)
    hook.remove()
    state = trained(spec)  # without a metric the last epoch is kept
    steps = len(seen) // 2 if spec["name"] == "mean" else len(seen)
    assert state.averaged == steps
    for name, value in state.model.named_parameters():
        expected = seen[-steps][name].clone()
        for count, weights in enumerate(seen[len(seen) - steps + 1 : len(seen)], 2):
            share = 1 / count if spec["name"] == "mean" else 0.2
            expected += share * (weights[name] - expected)
        assert torch.allclose(value, expected, atol=1e-6), name


@all_averages
def test_dev_is_scored_with_the_averaged_weights_and_they_are_kept(spec: Any) -> None:
    state = trained(spec, auc, epochs=4)
    assert isinstance(state.model, Siamese)
    assert auc(state.model) == state.best == max(float(row["dev"] or 0) for row in state.history[1:])
    assert [row["dev"] for row in state.history[1:]] != [row["dev"] for row in trained(None, auc, epochs=4).history[1:]]


@all_averages
def test_the_same_training_twice_gives_the_same_bytes(spec: Any) -> None:
    first, second = (trained(spec, auc).best_weights for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_weights_that_are_not_trained_stay_as_they_are() -> None:
    model = tiny.siamese()
    model.encoder.inputs.requires_grad_(False)
    before = model.encoder.inputs.embedding.weight.clone()
    fit(model, tiny.loss_of(model), TRAIN, tiny.recipe(average="ema"), lambda _: None)
    assert torch.equal(model.encoder.inputs.embedding.weight, before)


def test_an_interrupted_use_gives_the_trained_weights_back() -> None:
    model = nn.Linear(1, 1)
    average = ema(model, 2, decay=0.5)
    walk(average, model, [0.0, 1.0])
    seen = []
    with contextlib.suppress(KeyError), average.in_use():
        seen.append(model.weight.item())
        raise KeyError
    assert [*seen, model.weight.item()] == [0.5, 1.0]


def test_a_training_that_stops_before_the_average_begins_says_so(caplog: pytest.LogCaptureFixture) -> None:
    values = [0.5, 0.9, 0.8, 0.7, 0.6]
    left = list(values)
    with caplog.at_level(logging.WARNING):
        state = trained({"name": "mean", "last": 0.1}, lambda _: left.pop(0), epochs=20, patience=3)
    assert (state.best_epoch, state.averaged) == (1, 0)
    assert "the weights of epoch 1 are not averaged, because the average starts after step 108" in caplog.text


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("emma", "unknown average 'emma'.*did you mean 'ema'"),
        ({"name": "ema", "decay": 1}, "decay: expected a number between 0 and 1, got 1"),
        ({"name": "mean", "last": 0}, "last: expected a number between 0 and 1, got 0"),
        ({"name": "mean", "last": True}, "last: expected a number between 0 and 1, got True"),
        ({"name": "mean", "decay": 0.5}, "unknown option 'decay' of average 'mean'; known: last"),
    ],
)
def test_mistakes_are_named(spec: Any, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        pick(AVERAGES, spec, "average", nn.Linear(1, 1), 10)
