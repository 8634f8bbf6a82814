"""Every head by the same contract; the Learner; the encoder does not depend on what stands on it."""

import inspect
import itertools
from typing import Any

import numpy as np
import pytest
import torch
from decoders import siamese_of
from encoders import ODD_SHAPES, label, rows, texts, widened
from heads_of import CLASSES, SPECS, batch_for, learner_of
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.model.heads import HEADS, Learner, build_head, linear_layers
from seqtwin.model.siamese import Siamese
from seqtwin.records import Sequences

every_spec = pytest.mark.parametrize("spec", SPECS, ids=label)
every_head = pytest.mark.parametrize("name", list(HEADS))
odd_shapes = pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)
both_directions = pytest.mark.parametrize("bidirectional", [False, True])


def one_by_one(said: Any, sequences: Sequences) -> list[np.ndarray]:
    """What a head says of each sequence."""
    if not isinstance(said, Tensor):
        return list(said)
    sizes = [1] * len(sequences) if len(said) == len(sequences) else sequences.lengths.tolist()
    return [part.detach().numpy() for part in said.split(sizes)]


# linear_layers


@pytest.mark.parametrize(("layers", "hidden"), [(1, None), (2, None), (2, 7), (3, None), (3, 7)])
def test_logits_are_those_of_plain_products(layers: int, hidden: int | None) -> None:
    head = linear_layers(4, 3, layers, hidden, 0.5).eval()
    vectors = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    maps = [part for part in head if isinstance(part, torch.nn.Linear)]
    widths = [4, *[hidden or 4] * (layers - 1), 3]
    assert [(one.in_features, one.out_features) for one in maps] == list(itertools.pairwise(widths))
    expected = vectors
    for place, one in enumerate(maps):
        expected = expected @ one.weight.T + one.bias
        expected = expected.clamp(min=0) if place < layers - 1 else expected
    torch.testing.assert_close(head(vectors), expected)


@pytest.mark.parametrize("layers", [1, 2])
def test_dropout_stands_before_each_map_in_training_alone(layers: int) -> None:
    head = linear_layers(4, 3, layers, None, 0.5)
    assert [type(part).__name__ for part in head] == ["Dropout", "Linear", "ReLU"] * (layers - 1) + [
        "Dropout",
        "Linear",
    ]
    vectors = torch.ones(50, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        assert len(head.train()(vectors).unique(dim=0)) > 1
    assert len(head.eval()(vectors).unique(dim=0)) == 1


# every head


@every_spec
@odd_shapes
def test_there_is_a_row_of_logits_for_each_entry_of_the_target(spec: dict[str, Any], lengths: tuple[int, ...]) -> None:
    learner, batch = learner_of(spec, siamese_of()), batch_for(spec["name"], lengths)
    logits = learner(batch)
    assert logits.shape[0] == len(batch.target)
    assert logits.shape[1] > int(batch.target.max())
    assert logits.isfinite().all()


@every_spec
@both_directions
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_sequence_alone_is_told_as_in_a_batch(spec: dict[str, Any], bidirectional: bool, cell: str) -> None:
    learner = learner_of(spec, siamese_of("mean_output", cell=cell, bidirectional=bidirectional))
    sequences = texts((1, 64, 3, 7))
    together = one_by_one(learner.predict(sequences), sequences)
    assert len(together) == 4
    for row, expected in enumerate(together):
        single = rows(sequences, torch.tensor([row]))
        (found,) = one_by_one(learner.predict(single), single)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)


@every_spec
def test_the_order_of_a_batch_is_that_of_its_answers(spec: dict[str, Any]) -> None:
    learner, sequences = learner_of(spec, siamese_of()), texts((1, 5, 3))
    order = torch.tensor([2, 0, 1])
    turned = rows(sequences, order)
    before, after = (one_by_one(learner.predict(one), one) for one in (sequences, turned))
    for place, row in enumerate(order.tolist()):
        np.testing.assert_allclose(after[place], before[row], rtol=0, atol=1e-12)


@every_spec
@odd_shapes
def test_pads_change_nothing(spec: dict[str, Any], lengths: tuple[int, ...]) -> None:
    learner, sequences = learner_of(spec, siamese_of()), texts(lengths)
    wide = widened(sequences, 3)
    plain, padded = (one_by_one(learner.predict(one), one) for one in (sequences, wide))
    for a, b in zip(plain, padded, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-12)


@pytest.mark.parametrize("spec", [s for s in SPECS if s["name"] != "decode"], ids=label)
@odd_shapes
def test_probabilities_are_the_softmax_of_the_logits(spec: dict[str, Any], lengths: tuple[int, ...]) -> None:
    learner, batch = learner_of(spec, siamese_of()), batch_for(spec["name"], lengths)
    shares = learner.predict(batch.sequences)
    assert shares.shape == (len(batch.target), CLASSES)
    torch.testing.assert_close(shares.sum(1), torch.ones(len(shares), dtype=shares.dtype))
    torch.testing.assert_close(shares.log(), learner(batch).log_softmax(1))


@every_spec
def test_the_gradient_reaches_the_head_and_the_inputs(spec: dict[str, Any]) -> None:
    learner = learner_of(spec, siamese_of()).train()
    batch = batch_for(spec["name"], (4,) * 24)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        torch.nn.functional.cross_entropy(learner(batch), batch.target).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in learner.head.parameters())
    assert learner.encoder.inputs.embedding.weight.grad.any()


@every_head
def test_it_may_stand_on_every_projection(name: str) -> None:
    model = siamese_of("attention_output", projection={"name": "mlp", "dim": 3})
    batch = batch_for(name, (3, 1))
    assert len(learner_of(name, model)(batch)) == len(batch.target)


@every_head
def test_a_config_may_set_what_has_a_default_and_nothing_else(name: str) -> None:
    first, second, *options = inspect.signature(HEADS[name]).parameters.values()
    assert (first.name, second.name) == ("model", "size")
    assert all(one.default is not inspect.Parameter.empty for one in options)


# the learner


@every_head
def test_a_learner_holds_each_weight_once(name: str) -> None:
    model = siamese_of()
    learner = learner_of(name, model)
    assert isinstance(learner, Learner)
    assert learner.encoder is model.encoder
    named = list(learner.named_parameters(remove_duplicate=False))
    assert len({id(parameter) for _, parameter in named}) == len(named)
    assert {key.partition(".")[0] for key, _ in named} == {"model", "head"}
    assert {key.removeprefix("model.") for key, _ in named if key.startswith("model.")} == set(model.state_dict())


def test_it_hands_on_what_its_head_says() -> None:
    model, batch = siamese_of(), batch_for("classify", (3, 1))
    learner = learner_of("classify", model)
    assert torch.equal(learner(batch), learner.head(model, batch))
    assert torch.equal(learner.predict(batch.sequences), learner.head.predict(model, batch.sequences))


# the seed


def weights(module: torch.nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in module.state_dict().items()}


def equal(a: dict[str, Tensor], b: dict[str, Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


@every_spec
def test_the_encoder_does_not_depend_on_its_head(spec: dict[str, Any]) -> None:
    model = siamese_of()
    before, generator = weights(model), torch.random.get_rng_state()
    build_head(spec, model, CLASSES, seed=0)
    assert equal(weights(model), before)
    assert equal(weights(siamese_of()), before)
    assert torch.equal(torch.random.get_rng_state(), generator)


@every_head
def test_the_seed_alone_decides_on_the_weights_of_a_head(name: str) -> None:
    def drawn(seed: int, world: int, model: Siamese) -> dict[str, Tensor]:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(world)
            return weights(build_head(name, model, CLASSES, seed=seed))

    first = drawn(0, 1, siamese_of())
    # two vectors of one width: the same head on another representation
    assert equal(first, drawn(0, 2, siamese_of("mean_output")))
    assert not equal(first, drawn(1, 1, siamese_of()))


# mistakes


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("clasify", "unknown objective 'clasify'; known: classify, label_steps, decode (did you mean 'classify'?)"),
        ({"name": "classify", "layer": 2}, "(did you mean 'layers'?)"),
        ({"name": "classify", "size": 3}, "unknown option 'size' of objective 'classify'"),
        ({"name": "classify", "layers": 0}, "layers: expected a positive integer, got 0"),
        ({"name": "classify", "layers": 1.5}, "objective 'classify': "),
        ({"name": "classify", "layers": True}, "layers: expected a positive integer"),
        ({"name": "classify", "layers": 2, "hidden": 0}, "hidden: expected a positive integer"),
        ({"name": "classify", "hidden": 8}, "hidden: there is no hidden layer with layers: 1"),
        ({"name": "classify", "dropout": 1.0}, "dropout: expected a number from 0 to below 1, got 1.0"),
        ({"name": "classify", "dropout": -0.1}, "dropout: expected a number from 0 to below 1"),
        ({"name": "classify", "dropout": float("nan")}, "dropout: expected a number from 0 to below 1"),
        ({"name": "classify", "dropout": "half"}, "objective 'classify'"),
        ({"name": "label_steps", "dropout": 1.5}, "dropout: expected a number from 0 to below 1"),
        ({"name": "label_steps", "reads": "output"}, "unknown step read 'output'"),
        ({"name": "label_steps", "reads": {"name": "outputs", "dim": 2}}, "unknown option 'dim' of step read"),
        ({"name": "label_steps", "reads": ["outputs"]}, "expected a name or {name: ..., option: ...}"),
    ],
)
def test_a_head_that_cannot_be_built_says_why(spec: Any, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        build_head(spec, siamese_of(), CLASSES, seed=0)
    assert said in str(caught.value)


def test_pads_that_are_read_have_no_class() -> None:
    model = siamese_of(padding="read")
    with pytest.raises(ConfigError, match=r"needs encoder\.padding: masked"):
        build_head("label_steps", model, CLASSES, seed=0)
    batch = batch_for("classify", (3, 1))
    assert len(learner_of("classify", model)(batch)) == 2
