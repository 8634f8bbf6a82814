"""REPRESENTATIONS, conformance: each against its formula written as a loop, on the odd shapes first."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
from encoders import EMBEDDING, FITTING, ODD_SHAPES, SPECS, Case, label, representation_of, texts
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.encoder import EncoderShape
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.records import States

BOTH_WAYS = Case("lstm", (), 2, 2)
every_vector = pytest.mark.parametrize(("case", "spec"), FITTING, ids=[f"{c}-{label(s)}" for c, s in FITTING])
every_spec = pytest.mark.parametrize("spec", SPECS, ids=label)
every_shape = pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)


def attended(part: Any, o: Tensor) -> Tensor:
    """Head by head: sum a_t o_t with a = softmax of u . tanh(W o_t + b), for one sequence."""
    lower, _, upper = part.score
    heads = []
    for u in upper.weight:
        weights = torch.stack([u @ torch.tanh(lower.weight @ o_t + lower.bias) for o_t in o]).exp()
        heads.append(sum(w * o_t for w, o_t in zip(weights / weights.sum(), o, strict=True)))
    return torch.cat(heads)


# of one sequence: its outputs [T width], hidden [layers directions H] and cell states [layers directions H]
FORMULAS: dict[str, Callable[[Any, Tensor, Tensor, Any], Tensor]] = {
    "final_hidden": lambda _, o, h, c: torch.cat(list(h[-1])),
    "all_hidden": lambda _, o, h, c: torch.cat([torch.cat(list(layer)) for layer in h]),
    "final_cell": lambda _, o, h, c: torch.cat(list(c[-1])),
    "last_output": lambda _, o, h, c: o[-1],
    "first_output": lambda _, o, h, c: o[0],
    "mean_output": lambda _, o, h, c: sum(o) / len(o),
    "sqrt_mean_output": lambda _, o, h, c: sum(o) / len(o) ** 0.5,
    "max_output": lambda _, o, h, c: torch.stack([max(column) for column in o.T]),
    "attention_output": lambda part, o, h, c: attended(part, o),
    "join": lambda part, o, h, c: torch.cat([formula(p, o, h, c) for p, formula in joined_formulas(part)]),
}


def joined_formulas(part: Any) -> list[tuple[Any, Callable[[Any, Tensor, Tensor, Any], Tensor]]]:
    names = {member: name for name, member in REPRESENTATIONS.items()}
    return [(p, FORMULAS[names[type(p)]]) for p in part.parts]


def test_every_member_has_a_formula_here() -> None:
    assert set(FORMULAS) == set(REPRESENTATIONS)


@cache
@torch.no_grad()
def exact_states(case: Case, lengths: tuple[int, ...]) -> States:
    """Computed once and read by every representation."""
    return case.build().double()(texts(lengths))


@every_vector
@every_shape
@torch.no_grad()
def test_a_representation_is_its_formula(case: Case, spec: dict[str, Any], lengths: tuple[int, ...]) -> None:
    part, states = representation_of(spec, case.build()).double(), exact_states(case, lengths)
    found = part(states)
    assert found.shape == (len(lengths), part.out_dim)
    for row, length in enumerate(lengths):
        c = None if states.cell is None else states.cell[row]
        plain = FORMULAS[spec["name"]](part, states.outputs[row, :length], states.hidden[row], c)
        torch.testing.assert_close(found[row], plain, rtol=0, atol=1e-12)


@every_vector
def test_the_gradient_reaches_the_embedding_and_every_own_weight(case: Case, spec: dict[str, Any]) -> None:
    encoder = case.build()
    part = representation_of(spec, encoder)
    part(encoder(texts((1, 3, 7, 2)))).square().sum().backward()
    assert encoder.inputs.embedding.weight.grad.abs().sum() > 0
    assert all(p.grad.abs().sum() > 0 for p in part.parameters())


@every_vector
@torch.no_grad()
def test_no_coordinate_leaves_the_declared_bound(case: Case, spec: dict[str, Any]) -> None:
    encoder = case.build()
    part = representation_of(spec, encoder)
    for parameter in encoder.parameters():
        parameter.mul_(30)
    if part.bound is not None:
        assert part(encoder(texts((1, 3, 64, 2)))).abs().max() <= part.bound + 1e-5


@every_spec
@torch.no_grad()
def test_it_reads_only_what_it_says(spec: dict[str, Any]) -> None:
    encoder = BOTH_WAYS.build()
    part, states = representation_of(spec, encoder), encoder(texts((1, 3, 7, 2)))
    unread = {name: torch.full_like(getattr(states, name), torch.nan) for name in ("outputs", "hidden", "cell")}
    others = {name: nan for name, nan in unread.items() if name not in part.needs}
    assert torch.equal(part(replace(states, **others)), part(states))
    for name in part.needs:
        assert part(replace(states, **{name: unread[name]})).isnan().any()


@every_spec
def test_it_says_the_same_twice_and_after_a_round_trip_of_its_weights(spec: dict[str, Any]) -> None:
    encoder = BOTH_WAYS.build()
    part, other = representation_of(spec, encoder, seed=1), representation_of(spec, encoder, seed=2)
    states = encoder(texts((1, 3, 7, 2)))
    assert torch.equal(part(states), part(states))
    other.load_state_dict(part.state_dict())
    assert torch.equal(part(states), other(states))


@every_spec
def test_a_long_text_is_finite(spec: dict[str, Any]) -> None:
    encoder = BOTH_WAYS.build()
    found = representation_of(spec, encoder)(encoder(texts((1, 2000))))
    assert found.isfinite().all()


def test_the_maximum_is_not_moved_by_the_zeros_of_the_pads() -> None:
    outputs = torch.tensor([[[-0.5, 0.2], [-0.3, -0.1]], [[-0.9, -0.8], [0.0, 0.0]]])
    states = States(outputs, torch.zeros(2, 1, 1, 2), None, torch.tensor([2, 1]))
    part = pick(REPRESENTATIONS, "max_output", "representation", EncoderShape("rnn", 1, 1, 2, 0))
    assert part(states).tolist() == [
        [pytest.approx(-0.3), pytest.approx(0.2)],
        [pytest.approx(-0.9), pytest.approx(-0.8)],
    ]


@pytest.mark.parametrize("values", [(0.0, 1.0), (-1.0, 0.0, 1.0, 2.0)])
def test_the_gradient_of_the_maximum_is_shared_by_equal_steps_and_not_by_pads(values: tuple[float, ...]) -> None:
    lengths = torch.tensor([4, 2, 3])
    draw = torch.Generator().manual_seed(0)
    outputs = torch.tensor(values, dtype=torch.float64)[torch.randint(len(values), (3, 4, 50), generator=draw)]
    real = (torch.arange(4) < lengths[:, None])[:, :, None]
    own, plain = ((outputs * real).requires_grad_() for _ in range(2))
    part = pick(REPRESENTATIONS, "max_output", "representation", EncoderShape("rnn", 1, 1, 50, 0))
    weights = torch.rand(3, 50, dtype=torch.float64, generator=draw)
    (part(States(own, torch.zeros(3, 1, 1, 50), None, lengths)) * weights).sum().backward()
    (plain.masked_fill(~real, -torch.inf).amax(1) * weights).sum().backward()
    assert torch.equal(own.grad, plain.grad)


def test_joined_parts_stand_in_the_order_named() -> None:
    encoder = BOTH_WAYS.build()
    states = encoder(texts((1, 3, 7, 2)))
    names = ["max_output", "final_cell", "final_hidden"]
    joined = representation_of({"name": "join", "parts": names}, encoder)
    found = torch.cat([representation_of({"name": name}, encoder)(states) for name in names], 1)
    assert torch.equal(joined(states), found)
    assert joined.needs == {"outputs", "cell", "hidden"}
    assert joined.bound is None  # final_cell has none


def test_each_head_has_its_own_weights() -> None:
    encoder = BOTH_WAYS.build()
    part = representation_of({"name": "attention_output", "heads": 2}, encoder)
    one, other = part(encoder(texts((7, 3)))).chunk(2, 1)
    assert not torch.allclose(one, other, atol=1e-4)
    assert EMBEDDING != part.out_dim == 2 * encoder.shape.joined


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("mean_outptu", "unknown representation 'mean_outptu'; known: final_hidden, "),
        ("mean_outptu", "(did you mean 'mean_output'?)"),
        ({"name": "attention_output", "head": 2}, "known: heads, dim (did you mean 'heads'?)"),
        ({"name": "mean_output", "heads": 2}, "unknown option 'heads' of representation 'mean_output'; known: none"),
        ({"name": "attention_output", "heads": 0}, "heads: expected a positive integer, got 0"),
        ({"name": "attention_output", "heads": True}, "heads: expected a positive integer, got True"),
        ({"name": "attention_output", "dim": 0}, "dim: expected a positive integer, got 0"),
        ({"name": "attention_output", "dim": -3}, "dim: expected a positive integer, got -3"),
        ("final_cell", "final_cell needs the cell state of an lstm; cell gru has none"),
        ({"name": "join", "parts": ["mean_output", "final_cell"]}, "cell gru has none"),
        ({"name": "join", "parts": ["mean_output", "max_outptu"]}, "(did you mean 'max_output'?)"),
        ({"name": "join", "parts": []}, "join: expected a list of representations, got []"),
        ({"name": "join", "parts": [3]}, "expected a name or {name: ..., option: ...}, got 3"),
    ],
)
def test_a_representation_that_cannot_be_built_says_why(spec, said: str) -> None:
    shape = EncoderShape("gru", layers=1, directions=2, width=4, memory=0)
    with pytest.raises(ConfigError) as caught:
        pick(REPRESENTATIONS, spec, "representation", shape)
    assert said in str(caught.value)
