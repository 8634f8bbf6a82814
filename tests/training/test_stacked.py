"""A stack gives every member what it gets alone: states, gradients, the course of its training, and its end."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import tiny
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import batch_of
from seqtwin.metrics import METRICS
from seqtwin.model.encoder import Encoder
from seqtwin.model.siamese import Siamese, distinct_sides
from seqtwin.records import Sequences, States
from seqtwin.training import fit_stacked as fit_stacked_module
from seqtwin.training.encode_store import predict
from seqtwin.training.fit import Diverged, fit
from seqtwin.training.fit_stacked import Ended, Member, fit_stacked
from seqtwin.training.run_state import RunState
from seqtwin.training.stacked_states import stack_shape, stacked_states, stacking_obstacle
from seqtwin.training.states_of_one_batch import states_of_one_batch

CHANNELS = 3
TRAIN, DEV = tiny.store(), tiny.store(60, seed=1)
SPECS: list[tuple[Any, Any]] = [
    ("final_hidden", "mse"),
    ("mean_output", {"name": "contrastive", "distance": "cosine", "margin": 0.5}),
    ("attention_output", "cosent"),
    ({"join": ["mean_output", "max_output"]}, "mse"),
]


def auc(model: Siamese) -> float:
    return METRICS["roc_auc"].function(predict(model, DEV), DEV.target)


def models(**encoder: Any) -> list[Siamese]:
    """In float64: Adam turns the rounding of a gradient near 0 into a full step of its own direction."""
    return [tiny.siamese(name, seed=seed, **encoder).double() for seed, (name, _) in enumerate(SPECS)]


def drawn(lengths: list[int], seed: int, inputs: str = "tokens") -> Sequences:
    rng = np.random.default_rng(seed)
    if inputs == "tokens":
        return batch_of([rng.integers(2, tiny.VOCABULARY, length) for length in lengths])
    return batch_of([rng.normal(size=(length, CHANNELS)).astype(np.float32) for length in lengths])


def encoder_of(inputs: str, seed: int, **settings: Any) -> Encoder:
    config = EncoderConfig(embedding=6, **{"hidden": 8, **settings})
    size = tiny.VOCABULARY if inputs == "tokens" else CHANNELS
    parts = {"representation": "final_hidden", "projection": "identity", "similarity": "cosine"}
    model = build_siamese(Blueprint(inputs=inputs, size=size, encoder=config, **parts), seed=seed)
    return model.encoder.eval()


def assert_states_of_each_alone(encoders: list[Encoder], batches: list[Sequences], found: list[States]) -> None:
    for encoder, batch, states in zip(encoders, batches, found, strict=True):
        alone = encoder(batch)
        torch.testing.assert_close(states.outputs, alone.outputs, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(states.hidden, alone.hidden, atol=1e-6, rtol=1e-5)
        torch.testing.assert_close(states.cell, alone.cell, atol=1e-6, rtol=1e-5)
        assert torch.equal(states.lengths, alone.lengths)


SETTINGS = {
    "layers": st.integers(1, 2),
    "bidirectional": st.booleans(),
    "inputs": st.sampled_from(["tokens", "series"]),
}


@given(lengths=st.lists(st.lists(st.integers(1, 7), min_size=1, max_size=5), min_size=1, max_size=4), **SETTINGS)
def test_the_states_of_each_encoder_are_those_of_the_encoder_alone(
    lengths: list[list[int]], layers: int, bidirectional: bool, inputs: str
) -> None:
    encoders = [encoder_of(inputs, seed, layers=layers, bidirectional=bidirectional) for seed in range(len(lengths))]
    batches = [drawn(own, seed, inputs) for seed, own in enumerate(lengths)]
    with torch.no_grad():
        assert_states_of_each_alone(encoders, batches, stacked_states(encoders, batches))


@given(
    lengths=st.lists(st.integers(1, 7), min_size=1, max_size=5),
    members=st.integers(1, 4),
    hidden=st.sampled_from([8, 64]),  # a weight of 64 units is multiplied by oneDNN where that is faster
    **SETTINGS,
)
def test_so_are_the_states_of_encoders_that_read_one_batch_side_by_side(
    lengths: list[int], members: int, hidden: int, layers: int, bidirectional: bool, inputs: str
) -> None:
    settings = {"layers": layers, "bidirectional": bidirectional, "hidden": hidden}
    encoders = [encoder_of(inputs, seed, **settings) for seed in range(members)]
    batch = drawn(lengths, 0, inputs)
    with torch.no_grad():
        assert_states_of_each_alone(encoders, [batch] * members, states_of_one_batch(encoders, batch))


StatesOf = Callable[[list[Encoder], list[Sequences]], list[States]]


def side_by_side(encoders: list[Encoder], batches: list[Sequences]) -> list[States]:
    return states_of_one_batch(encoders, batches[0])


@pytest.mark.parametrize(("states_of", "step"), [(stacked_states, 5), (side_by_side, 0)])
@pytest.mark.parametrize("layers", [1, 2])
def test_the_gradients_of_each_member_are_those_of_the_member_alone(
    states_of: StatesOf, step: int, layers: int
) -> None:
    stacked, alone = (models(bidirectional=True, layers=layers) for _ in range(2))
    pairs = [TRAIN.batch(np.arange(step * n, step * n + 7)) for n in range(len(SPECS))]
    sides = [distinct_sides(own) for own in pairs]
    states = states_of([model.encoder for model in stacked], [own for own, _ in sides])
    total = torch.zeros(())
    for (_, spec), model, other, batch, own, (_, places) in zip(
        SPECS, stacked, alone, pairs, states, sides, strict=True
    ):
        total = total + tiny.loss_of(model, spec)(model.compare(model.vectors_of(own), places), batch.target)
        tiny.loss_of(other, spec)(other(batch), batch.target).backward()
    total.backward()
    for model, other in zip(stacked, alone, strict=True):
        for (name, weight), twin in zip(model.named_parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(weight.grad, twin.grad, atol=1e-6, rtol=1e-4, msg=name)


def members(
    measure: Callable[[Siamese], float | None] = auc, nets: list[Siamese] | None = None, **changes: Any
) -> list[Member]:
    """A member for each of SPECS. The first two have one order of the data, the others their own."""
    return [
        Member(
            model,
            tiny.loss_of(model, spec),
            TRAIN,
            tiny.recipe(seed=seed // 2, **changes),
            measure,
            lambda _model, _loss: {},
        )
        for seed, (model, (_, spec)) in enumerate(zip(nets or models(bidirectional=True), SPECS, strict=True))
    ]


def alone(one: Member) -> RunState:
    return fit(one.model, one.loss, one.train, one.recipe, one.measure, watch=one.watch, on_epoch=one.on_epoch)


def assert_same_training(found: Ended, expected: RunState, tolerance: float = 1e-6) -> None:
    assert isinstance(found, RunState)
    assert (found.epoch, found.step, found.best_epoch, found.rows) == (
        expected.epoch,
        expected.step,
        expected.best_epoch,
        expected.rows,
    )
    assert found.losses == pytest.approx(expected.losses, abs=tolerance)
    assert found.norms == pytest.approx(expected.norms, abs=tolerance)
    for one, other in zip(found.history, expected.history, strict=True):
        assert one["dev"] == pytest.approx(other["dev"], abs=tolerance)
        assert one["lr"] == other["lr"]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"schedule": "linear", "warmup": 0.2, "clip": 0.1},
        {"average": {"name": "ema"}, "batch": 20},
        {"layer_decay": 0.5, "clip": None},
    ],
)
@pytest.mark.parametrize("device", ["CPU", "GPU"])
def test_trainings_of_a_stack_go_as_each_alone(
    changes: dict[str, Any], device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device == "GPU":  # its way of computing states, on this CPU
        every = lambda encoders, batch: stacked_states(encoders, [batch] * len(encoders))  # noqa: E731
        monkeypatch.setattr(fit_stacked_module, "states_of_one_batch", every)
    found = fit_stacked(members(**changes))
    for one, expected in zip(found, map(alone, members(**changes)), strict=True):
        assert_same_training(one, expected)


def test_a_model_has_the_weights_of_its_best_epoch() -> None:
    own = members(epochs=4)
    for one, state in zip(own, fit_stacked(own), strict=True):
        assert isinstance(state, RunState)
        assert auc(one.model) == pytest.approx(state.best)
        assert not one.model.training


def test_a_member_stops_early_without_the_others() -> None:
    scripts = {0: [0.5, 0.6, 0.5, 0.5], 1: [0.5, 0.6, 0.7, 0.8, 0.9, 0.95]}
    own = members(epochs=5, patience=2)[:2]
    scripted = [
        Member(m.model, m.loss, m.train, m.recipe, lambda _, left=scripts[n]: left.pop(0), m.watch)
        for n, m in enumerate(own)
    ]
    first, second = fit_stacked(scripted)
    assert isinstance(first, RunState)
    assert isinstance(second, RunState)
    assert (first.epoch, first.best_epoch) == (3, 1)
    assert (second.epoch, second.best_epoch) == (5, 5)


def test_a_member_that_diverges_leaves_and_the_others_train_on() -> None:
    own = members()
    with torch.no_grad():
        own[1].model.encoder.rnn.weight_hh_l0.fill_(math.nan)
    own[1].model.encoder.inputs.embedding.weight.requires_grad_(True)
    broken = Member(own[1].model, own[1].loss, own[1].train, own[1].recipe, lambda _: None, own[1].watch)
    found = fit_stacked([own[0], broken, *own[2:]])
    assert isinstance(found[1], Diverged)
    assert found[1].state is not None
    for place in (0, 2, 3):
        assert_same_training(found[place], alone(members()[place]))


def test_all_members_can_diverge() -> None:
    own = members()
    for one in own:
        with torch.no_grad():
            one.model.encoder.rnn.weight_hh_l0.fill_(math.nan)
    broken = [Member(m.model, m.loss, m.train, m.recipe, lambda _: None, m.watch) for m in own]
    assert all(isinstance(one, Diverged) for one in fit_stacked(broken))


@pytest.mark.parametrize(
    ("encoder", "words"),
    [
        ({"cell": "gru"}, "LSTM"),
        ({"cell": "none"}, "LSTM"),
        ({"padding": "read"}, "pads"),
        ({"layers": 2, "dropout": 0.1}, "dropout"),
        ({"word_dropout": 0.1}, "dropout"),
        ({"input_dropout": 0.1}, "dropout"),
        ({}, ""),
    ],
)
def test_what_cannot_be_stacked_is_named(encoder: dict[str, Any], words: str) -> None:
    found = stacking_obstacle(tiny.siamese(**encoder).encoder)
    assert words in found
    assert bool(found) == bool(words)


def test_encoders_of_other_sizes_have_another_shape() -> None:
    assert stack_shape(tiny.siamese().encoder) == stack_shape(tiny.siamese("mean_output", seed=1).encoder)
    assert stack_shape(tiny.siamese().encoder) != stack_shape(tiny.siamese(hidden=9).encoder)
