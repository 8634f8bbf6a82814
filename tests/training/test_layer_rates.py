"""The rate of every parameter: once each, by depth, nothing that is frozen; and what `fit` makes of it."""

import itertools
import re
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny
from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig, RatesConfig
from seqtwin.data.batches import ClassStore, epoch_batches
from seqtwin.errors import ConfigError
from seqtwin.model.distiller import Distiller
from seqtwin.model.heads import Learner, build_head
from seqtwin.model.siamese import Siamese
from seqtwin.training.cross_entropy import CrossEntropy
from seqtwin.training.fit import fit
from seqtwin.training.layer_rates import PARTS, parameter_groups

LR, DECAY = 0.1, 0.5
ITEMS = tiny.store(48).items
STORE = ClassStore(ITEMS, ITEMS.steps[ITEMS.starts] - 2)

cells = pytest.mark.parametrize("cell", ["rnn", "gru", "lstm", {"name": "lstm", "proj_size": 4}], ids=str)
layers_ = pytest.mark.parametrize("layers", [1, 2])
both_directions = pytest.mark.parametrize("bidirectional", [False, True])


def learner_of(representation: Any = "final_hidden", **encoder: Any) -> Learner:
    model = tiny.siamese(representation, **encoder)
    return Learner(model, build_head({"name": "classify", "layers": 2}, model, len(tiny.LETTERS), seed=0))


def depth_of(name: str, layers: int) -> int:
    """0 above the encoder, 1 its top layer, one more for each layer below, and one more again for the inputs."""
    if "encoder.inputs." in name:
        return layers + 1
    of_layer = re.search(r"encoder\.rnn\.\w+_l(\d+)(_reverse)?$", name)
    return layers - int(of_layer[1]) if of_layer else 0


def rates(groups: list[dict[str, Any]]) -> dict[int, float]:
    return {id(parameter): group["lr"] for group in groups for parameter in group["params"]}


@cells
@layers_
@both_directions
def test_every_parameter_comes_once_and_with_the_rate_of_its_depth(cell: Any, layers: int, bidirectional: bool) -> None:
    learner = learner_of(cell=cell, layers=layers, bidirectional=bidirectional)
    groups = parameter_groups(learner, CrossEntropy(), LR, DECAY)
    every = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(every) == len(set(every))
    assert rates(groups) == {
        id(parameter): LR * DECAY ** depth_of(name, layers) for name, parameter in learner.named_parameters()
    }
    assert [group["lr"] for group in groups] == pytest.approx([LR, *[LR * DECAY**n for n in range(1, layers + 2)]])


def test_both_directions_of_a_layer_and_its_projection_have_one_rate() -> None:
    learner = learner_of(cell={"name": "lstm", "proj_size": 4}, layers=2, bidirectional=True)
    found = rates(parameter_groups(learner, CrossEntropy(), LR, DECAY))
    for layer in (0, 1):
        own = [p for n, p in learner.encoder.rnn.named_parameters() if f"_l{layer}" in n]
        assert len(own) == 10
        assert len({found[id(parameter)] for parameter in own}) == 1


def test_what_stands_on_a_siamese_is_trained_at_the_full_rate() -> None:
    model = tiny.siamese("attention_output")
    loss = tiny.loss_of(model, {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}})
    found = rates(parameter_groups(model, loss, LR, DECAY))
    above = [*model.representation.parameters(), *loss.parameters()]
    assert len(above) > 1
    assert all(found[id(parameter)] == LR for parameter in above)


def test_without_decay_there_is_one_group_in_the_order_of_the_model() -> None:
    learner = learner_of(layers=2)
    (group,) = parameter_groups(learner, CrossEntropy(), LR, 1.0)
    assert group["lr"] == LR
    assert all(a is b for a, b in zip(group["params"], learner.parameters(), strict=True))


@pytest.mark.parametrize("decay", [1.0, DECAY])
def test_what_is_frozen_is_in_no_group(decay: float) -> None:
    learner = learner_of(layers=2)
    learner.encoder.requires_grad_(False)
    groups = parameter_groups(learner, CrossEntropy(), LR, decay)
    head = {id(parameter) for parameter in learner.head.parameters()}
    assert rates(groups) == dict.fromkeys(head, LR)


# rates by part

OF_NAMES = {  # the start of the name of a parameter, without "model." of a learner
    "encoder.inputs.": "embedding",
    "encoder.rnn.": "recurrent",
    "representation.": "representation",
    "projection.": "projection",
    "similarity.": "similarity",
    "lexical.": "lexical",
    "kernels.": "kernels",
    "head.": "head",
    "map.": "head",
}


def part_of(name: str) -> str:
    name = name.removeprefix("model.")
    return next(part for start, part in OF_NAMES.items() if name.startswith(start))


def every_part() -> Siamese:
    settings = EncoderConfig(embedding=6, hidden=8, layers=2, lexical={"dim": 16})
    blueprint = Blueprint(
        inputs="tokens",
        size=tiny.VOCABULARY,
        encoder=settings,
        representation="attention_output",
        projection={"name": "linear", "dim": 5},
        similarity={"name": "exp_manhattan", "tau": "learned"},
    )
    return build_siamese(blueprint, seed=0)


FACTORS = {name: 2.0**-i for i, name in enumerate(PARTS, 1)}


def test_a_config_names_the_same_parts() -> None:
    assert list(RatesConfig.model_fields) == list(PARTS)


@pytest.mark.parametrize("decay", [1.0, DECAY])
def test_every_parameter_has_the_rate_of_its_part(decay: float) -> None:
    model = every_part()
    loss = tiny.loss_of(model, {"name": "pml", "loss": "MarginLoss", "options": {"learn_beta": True}})
    chosen = {name: rate for name, rate in FACTORS.items() if name not in ("head", "kernels")}
    groups = parameter_groups(model, loss, LR, decay, chosen)
    every = [id(parameter) for group in groups for parameter in group["params"]]
    assert len(every) == len(set(every)) == len([*model.parameters(), *loss.parameters()])
    found = rates(groups)
    assert {part_of(name) for name, _ in model.named_parameters()} == set(chosen) - {"loss"}
    for name, parameter in model.named_parameters():
        expected = LR * decay ** depth_of(name, 2) * FACTORS[part_of(name)]
        assert found[id(parameter)] == pytest.approx(expected), name
    assert {found[id(parameter)] for parameter in loss.parameters()} == {LR * FACTORS["loss"]}


@pytest.mark.parametrize("kind", ["head", "map"])
def test_a_head_has_its_own_rate(kind: str) -> None:
    learner = learner_of() if kind == "head" else Distiller(tiny.siamese(), 4, seed=0)
    found = rates(parameter_groups(learner, CrossEntropy(), LR, 1.0, {"head": 3.0}))
    for name, parameter in learner.named_parameters():
        assert found[id(parameter)] == LR * (3.0 if part_of(name) == "head" else 1.0)


def test_an_embedding_that_a_decoder_shares_keeps_the_rate_of_the_embedding() -> None:
    model = tiny.siamese()
    head = build_head({"name": "decode", "share": True, "embedding": 6}, model, tiny.VOCABULARY, seed=0)
    learner = Learner(model, head)
    found = rates(parameter_groups(learner, CrossEntropy(), LR, 1.0, {"head": 3.0, "embedding": 0.5}))
    assert found[id(model.encoder.inputs.embedding.weight)] == LR * 0.5


def test_kernels_have_the_rate_of_their_part() -> None:
    settings = EncoderConfig(embedding=6, hidden=8, kernels={"features": 84, "dim": 8})
    parts = {"representation": "max_output", "projection": "identity", "similarity": "cosine"}
    model = build_siamese(Blueprint(inputs="series", size=2, encoder=settings, **parts), seed=0)
    found = rates(parameter_groups(model, tiny.loss_of(model), LR, 1.0, {"kernels": 0.5}))
    for name, parameter in model.named_parameters():
        assert found[id(parameter)] == LR * (0.5 if part_of(name) == "kernels" else 1.0), name


@pytest.mark.parametrize("name", ["representation", "projection", "similarity", "lexical", "kernels", "head", "loss"])
def test_a_rate_of_a_part_without_weights_is_refused(name: str) -> None:
    model = tiny.siamese()
    with pytest.raises(ConfigError, match=f"no weights to train in its {name}; parts with some: embedding, recurr"):
        parameter_groups(model, tiny.loss_of(model), LR, 1.0, {name: 0.5})


def test_a_rate_of_a_frozen_part_is_refused() -> None:
    learner = learner_of()
    learner.encoder.requires_grad_(False)
    with pytest.raises(ConfigError, match="in its recurrent; parts with some: head"):
        parameter_groups(learner, CrossEntropy(), LR, 1.0, {"recurrent": 0.5})


def test_the_first_step_is_as_long_as_the_rate_of_the_part() -> None:
    learner = learner_of(layers=2)
    before = copied(learner)
    fitted(learner, epochs=1, batch=len(STORE), lr=LR, rates={"embedding": 0.25, "head": 2.0}, clip=None)
    moved: dict[str, float] = {}
    for name, value in learner.state_dict().items():
        part = part_of(name)
        moved[part] = max(moved.get(part, 0.0), float((value - before[name]).abs().max()))
    assert moved == {
        "embedding": pytest.approx(LR * 0.25, rel=1e-3),
        "recurrent": pytest.approx(LR, rel=1e-3),
        "head": pytest.approx(2 * LR, rel=1e-3),
    }


def test_rates_of_1_change_nothing_and_the_history_has_the_rate_of_the_recipe() -> None:
    def trained(part_rates: dict[str, float], decay: float) -> tuple[dict[str, Tensor], list[Any]]:
        learner = learner_of(layers=2)
        recipe = tiny.recipe(schedule="linear", rates=part_rates, layer_decay=decay)
        state = fit(learner, CrossEntropy(), STORE, recipe, lambda _: None)
        return copied(learner), [row["lr"] for row in state.history]

    every = dict.fromkeys(("embedding", "recurrent", "head"), 1.0)
    for decay in (1.0, DECAY):
        plain, ones = trained({}, decay), trained(every, decay)
        assert all(torch.equal(ones[0][name], value) for name, value in plain[0].items())
        scaled = trained(dict.fromkeys(every, 0.3), decay)
        assert plain[1] == ones[1] == pytest.approx(scaled[1])


# what fit makes of it


def plain_adam(learner: Learner, *, epochs: int, batch: int, lr: float, clip: float) -> None:
    """The training loop that is in every book."""
    optimizer = torch.optim.Adam(learner.parameters(), lr, fused=True)
    learner.train()
    for epoch in range(1, epochs + 1):
        for rows in epoch_batches(STORE.lengths, batch, seed=0, epoch=epoch):
            held = STORE.batch(rows)
            optimizer.zero_grad()
            nn.functional.cross_entropy(learner(held), held.target).backward()
            nn.utils.clip_grad_norm_(learner.parameters(), clip)
            optimizer.step()


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in module.state_dict().items()}


def fitted(learner: Learner, **changes: Any) -> Learner:
    fit(learner, CrossEntropy(), STORE, tiny.recipe(**changes), lambda _: None)
    return learner


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_without_decay_it_is_a_plain_loop_to_the_last_bit(cell: str) -> None:
    plain = learner_of(cell=cell, layers=2)
    plain_adam(plain, epochs=2, batch=16, lr=0.05, clip=1.0)
    for name, value in copied(fitted(learner_of(cell=cell, layers=2), epochs=2)).items():
        assert torch.equal(value, plain.state_dict()[name]), name


@both_directions
def test_the_first_step_is_as_long_as_the_rate_of_the_depth(bidirectional: bool) -> None:
    learner = learner_of(layers=2, bidirectional=bidirectional)
    before = copied(learner)
    fitted(learner, epochs=1, batch=len(STORE), lr=LR, layer_decay=DECAY, clip=None)
    moved: dict[int, float] = {}
    for name, value in learner.state_dict().items():
        depth = depth_of(name, 2)
        moved[depth] = max(moved.get(depth, 0.0), float((value - before[name]).abs().max()))
    # the first step of Adam moves a parameter by its rate, whatever the gradient
    assert [moved[depth] for depth in sorted(moved)] == pytest.approx([LR * DECAY**n for n in range(4)], rel=1e-3)


def test_lower_layers_move_less_than_without_decay() -> None:
    def way(decay: float) -> list[float]:
        learner = learner_of(layers=2)
        before = copied(learner)
        fitted(learner, epochs=3, layer_decay=decay)
        far: dict[int, list[float]] = {}
        for name, value in learner.state_dict().items():
            far.setdefault(depth_of(name, 2), []).append(float((value - before[name]).abs().mean()))
        return [float(np.mean(far[depth])) for depth in sorted(far)]

    plain, decayed = way(1.0), way(0.3)
    shares = [slow / fast for slow, fast in zip(decayed, plain, strict=True)]
    assert all(lower < upper for upper, lower in itertools.pairwise(shares))
    assert shares[-1] < 0.2


def test_every_rate_follows_the_schedule() -> None:
    learner = learner_of(layers=2)
    state = fit(
        learner, CrossEntropy(), STORE, tiny.recipe(epochs=1, schedule="linear", layer_decay=DECAY), lambda _: None
    )
    assert [group["initial_lr"] for group in state.optimizer.param_groups] == [0.05 * DECAY**n for n in range(4)]
    assert [group["lr"] for group in state.optimizer.param_groups] == [0.0] * 4
