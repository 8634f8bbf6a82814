"""`fit` of a learner: each head learns its toy task, a frozen encoder stays, divergence is named."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny
from headed import WITH_HEAD
from seqtwin.data.batches import ClassStore, DecodeStore, Ragged, StepStore
from seqtwin.model.heads import HEADS, Learner, build_head
from seqtwin.training.cross_entropy import CrossEntropy
from seqtwin.training.fit import Diverged, RunState, fit

ITEMS = tiny.store(48).items
FIRST = ITEMS.steps[ITEMS.starts] - 2
CLASSES = tuple(tiny.LETTERS)
END = tiny.VOCABULARY
# of a text: its first letter; at every step the first letter; the first letter again
STORES: dict[str, Any] = {
    "classify": ClassStore(ITEMS, FIRST),
    "label_steps": StepStore(ITEMS, Ragged(np.repeat(FIRST, ITEMS.lengths), ITEMS.starts, ITEMS.lengths)),
    "decode": DecodeStore(ITEMS, Ragged.of([np.array([letter + 2, END]) for letter in FIRST])),
}

every_head = pytest.mark.parametrize("name", list(HEADS))


def learner_of(name: str, *, seed: int = 0, **encoder: Any) -> Learner:
    model = tiny.siamese(**encoder)
    size = tiny.VOCABULARY if name == "decode" else len(CLASSES)
    return Learner(model, build_head(name, model, size, seed=seed))


def share_right(learner: Learner, name: str) -> float:
    objective = WITH_HEAD[name]
    return float(objective.evaluate(learner, STORES[name], CLASSES).values[objective.examples.primary])


def trained(learner: Learner, name: str, **changes: Any) -> RunState:
    return fit(learner, CrossEntropy(), STORES[name], tiny.recipe(**changes), lambda one: share_right(one, name))


def copied(module: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def unchanged(module: nn.Module, before: dict[str, Tensor]) -> list[bool]:
    return [torch.equal(value, before[name]) for name, value in module.state_dict().items()]


@every_head
def test_a_separable_task_is_learnt_to_the_last_item(name: str) -> None:
    learner = learner_of(name)
    before = share_right(learner, name)
    state = trained(learner, name, epochs=12, patience=None)
    assert before < 0.6
    assert share_right(learner, name) == state.best == 1.0
    losses = [row["loss"] for row in state.history]
    assert losses[-1] < 0.3 * losses[0]
    assert not learner.training


@every_head
def test_the_untrained_learner_is_row_zero(name: str) -> None:
    learner, store = learner_of(name), STORES[name]
    with torch.no_grad():
        batch = store.batch(np.arange(len(store)))
        expected = float(nn.functional.cross_entropy(learner.eval()(batch), batch.target))
    state = trained(learner, name, epochs=1, batch=len(store))
    assert state.history[0]["loss"] == pytest.approx(expected, rel=1e-5)
    assert state.history[0]["gradient_norm"] is None


@every_head
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("decay", [1.0, 0.5])
def test_a_frozen_encoder_stays_and_its_head_learns(name: str, cell: str, decay: float) -> None:
    learner = learner_of(name, cell=cell)
    learner.encoder.requires_grad_(False)
    encoder, head = copied(learner.encoder), copied(learner.head)
    state = trained(learner, name, epochs=2, layer_decay=decay, weight_decay=0.1)
    assert all(unchanged(learner.encoder, encoder))
    assert not any(unchanged(learner.head, head))
    assert state.history[-1]["loss"] < state.history[0]["loss"]


@every_head
def test_the_seed_alone_decides(name: str) -> None:
    found = []
    for world in (1, 2):
        torch.manual_seed(world)
        learner = learner_of(name, word_dropout=0.2, input_dropout=0.2)
        found.append(trained(learner, name, epochs=1).best_weights)
    assert all(torch.equal(found[0][key], found[1][key]) for key in found[0])


@every_head
def test_bf16_trains_and_stays_finite(name: str) -> None:
    state = trained(learner_of(name), name, epochs=2, precision="bf16")
    assert state.history[-1]["loss"] < state.history[0]["loss"]
    assert all(value.dtype == torch.float32 and value.isfinite().all() for value in state.best_weights.values())


@every_head
def test_one_item_a_batch_and_one_item_in_all_train(name: str) -> None:
    one = Ragged.of([np.array([2])])
    stores = {
        "classify": ClassStore(one, np.array([1])),
        "label_steps": StepStore(one, one),
        "decode": DecodeStore(one, Ragged.of([np.array([END])])),
    }
    for store, batch in ((stores[name], 16), (STORES[name], 1)):
        state = fit(learner_of(name), CrossEntropy(), store, tiny.recipe(epochs=1, batch=batch), lambda _: None)
        assert math.isfinite(state.history[-1]["loss"])
        assert state.step == len(store)


def test_the_metric_on_dev_chooses_the_epoch() -> None:
    said = [0.0, 0.5, 0.9, 0.2]
    learner, weights = learner_of("classify"), []
    state = fit(
        learner,
        CrossEntropy(),
        STORES["classify"],
        tiny.recipe(),
        lambda _: said.pop(0),
        on_epoch=lambda _: weights.append(copied(learner)),
    )
    assert (state.best_epoch, state.best) == (2, 0.9)
    assert all(unchanged(learner, weights[1]))


# what breaks


def test_a_learner_whose_numbers_overflow_is_divergence_and_is_not_watched() -> None:
    watched: list[float] = []

    def watch(learner: Learner, _loss: CrossEntropy) -> dict[str, float | None]:
        watched.append(share_right(learner, "classify"))
        return {}

    # one step an epoch: the broken weights meet the measure, not another step
    recipe = tiny.recipe(lr=3e38, batch=len(ITEMS), clip=None)
    learner = learner_of("classify")
    with pytest.raises(Diverged, match="not finite after step 1"):
        fit(learner, CrossEntropy(), STORES["classify"], recipe, lambda one: share_right(one, "classify"), watch=watch)
    assert len(watched) == 1
    assert math.isfinite(watched[0])
