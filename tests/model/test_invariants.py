"""The invariants E1-E7: every cell, depth and direction with every representation, a hundred random texts each."""

from functools import cache
from typing import Any

import pytest
import torch
from encoders import CASES, FITTING, SPECS, Case, label, representation_of, rows, texts, widened
from torch import Tensor, nn

from seqtwin.model.encoder import Encoder
from seqtwin.records import Sequences, States

TOLERANCE = 1e-6
TEXTS = texts(tuple(torch.randint(1, 13, (100,), generator=torch.Generator().manual_seed(7)).tolist()))
SHUFFLED = torch.randperm(100, generator=torch.Generator().manual_seed(8))
BY_LENGTH = torch.argsort(TEXTS.lengths, stable=True)

# an order of the rows, and the size of the batches they come in
ARRANGEMENTS: dict[str, tuple[Tensor, int]] = {
    "shuffled": (SHUFFLED, 100),
    "sorted": (BY_LENGTH, 64),
    "alone": (torch.arange(100), 1),
    "twos": (SHUFFLED, 2),
    "sixty-fours": (torch.arange(100), 64),
}

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_vector = pytest.mark.parametrize(("case", "spec"), FITTING, ids=[f"{c}-{label(s)}" for c, s in FITTING])


@cache
def encoder_of(case: Case, padding: str = "masked") -> Encoder:
    return case.build(padding=padding)


@cache
def reader(case: Case, name: str) -> Any:
    """The representation of this label; what it reads does not depend on the padding."""
    return representation_of(next(spec for spec in SPECS if label(spec) == name), encoder_of(case))


@cache
@torch.no_grad()
def states_of(case: Case, arrangement: str = "", padding: str = "masked") -> list[States]:
    """The states of all texts, batch by batch; each is computed once and read by every representation."""
    order, size = ARRANGEMENTS.get(arrangement, (torch.arange(100), 100))
    return [encoder_of(case, padding)(rows(TEXTS, part)) for part in order.split(size)]


@cache
@torch.no_grad()
def states_with_pads(case: Case, padding: str = "masked") -> States:
    return encoder_of(case, padding)(widened(TEXTS, 5))


@torch.no_grad()
def vectors(case: Case, spec: dict[str, Any], arrangement: str = "", padding: str = "masked") -> Tensor:
    """The vectors of all texts in their first order, however they were batched."""
    representation = reader(case, label(spec))
    found = torch.cat([representation(states) for states in states_of(case, arrangement, padding)])
    order, _ = ARRANGEMENTS.get(arrangement, (torch.arange(100), 100))
    return found[torch.argsort(order)]


def deviation(a: Tensor, b: Tensor) -> float:
    return float((a - b).abs().max())


@every_vector
def test_e1_a_shuffled_batch_gives_shuffled_vectors(case: Case, spec: dict[str, Any]) -> None:
    assert deviation(vectors(case, spec), vectors(case, spec, "shuffled")) <= TOLERANCE


@every_vector
def test_e2_a_text_alone_is_the_text_in_any_batch(case: Case, spec: dict[str, Any]) -> None:
    alone = vectors(case, spec, "alone")
    worst = {name: deviation(alone, vectors(case, spec, name)) for name in ("", "sorted", "twos", "sixty-fours")}
    assert max(worst.values()) <= TOLERANCE, worst


@every_vector
def test_e3_more_pads_change_nothing(case: Case, spec: dict[str, Any]) -> None:
    representation = reader(case, label(spec))
    with torch.no_grad():
        padded = representation(states_with_pads(case))
    assert deviation(vectors(case, spec), padded) <= TOLERANCE


@every_vector
def test_e3_the_pads_id_inside_a_text_is_a_token(case: Case, spec: dict[str, Any]) -> None:
    ends_in_it, ends_before = Sequences(torch.tensor([[3, 0], [3, 0]]), torch.tensor([2, 1])), torch.tensor([[3, 0]])
    encoder = encoder_of(case)
    representation = reader(case, label(spec))
    with torch.no_grad():
        found = representation(encoder(ends_in_it))
        as_token = representation(encoder(Sequences(ends_before, torch.tensor([2]))))
        as_pad = representation(encoder(Sequences(ends_before[:, :1], torch.tensor([1]))))
    assert deviation(found, torch.cat([as_token, as_pad])) <= TOLERANCE
    if not reads_the_first_token_only(case, spec):
        assert deviation(found[:1], found[1:]) > 1e-3


@every_case
def test_e4_one_direction_ends_in_its_last_output(case: Case) -> None:
    last, final = (vectors(case, {"name": name}) for name in ("last_output", "final_hidden"))
    assert torch.equal(last, final) == (case.directions == 1)


@every_case
def test_e4_two_directions_end_at_both_ends(case: Case) -> None:
    last, first, final = (vectors(case, {"name": name}) for name in ("last_output", "first_output", "final_hidden"))
    half = encoder_of(case).shape.width
    assert torch.equal(last[:, :half], final[:, :half])
    assert torch.equal(first[:, half:], final[:, half:])


@every_case
def test_e4_all_hidden_is_the_final_one_of_one_layer(case: Case) -> None:
    every, final = (vectors(case, {"name": name}) for name in ("all_hidden", "final_hidden"))
    assert torch.equal(every[:, -final.shape[1] :], final)
    assert (every.shape == final.shape) == (case.layers == 1)


@pytest.mark.parametrize("case", [case for case in CASES if case.directions == 2], ids=str)
def test_e5_reversing_the_text_swaps_the_halves_when_the_weights_are_swapped(case: Case) -> None:
    reverse = reversed_texts()
    mirrored = case.build()
    if not isinstance(mirrored.rnn, nn.RNNBase):
        pytest.skip("only the weights of PyTorch's cells are named by direction")
    swap_directions(mirrored)
    representation = representation_of({"name": "final_hidden"}, mirrored)
    with torch.no_grad():
        found = representation(mirrored(reverse))
    forth, back = vectors(case, {"name": "final_hidden"}).chunk(2, 1)
    assert deviation(found, torch.cat([back, forth], 1)) <= TOLERANCE


def reversed_texts() -> Sequences:
    values = TEXTS.values.clone()
    for row, length in zip(values, TEXTS.lengths.tolist(), strict=True):
        row[:length] = row[:length].flip(0)
    return Sequences(values, TEXTS.lengths)


@torch.no_grad()
def swap_directions(encoder: Encoder) -> None:
    """Exchange the weights of both directions; upper layers read the halves of their input the other way round."""
    old = {name: parameter.clone() for name, parameter in encoder.rnn.named_parameters()}
    for name, parameter in encoder.rnn.named_parameters():
        twin = old[name.removesuffix("_reverse") if name.endswith("_reverse") else f"{name}_reverse"]
        upper_input = name.startswith("weight_ih") and not name.startswith("weight_ih_l0")
        parameter.copy_(torch.cat(twin.chunk(2, 1)[::-1], 1) if upper_input else twin)


@every_case
def test_e6_on_one_step_all_readings_of_outputs_are_one(case: Case) -> None:
    encoder, single = encoder_of(case), texts((1,) * 100)
    names = ("mean_output", "sqrt_mean_output", "max_output", "attention_output", "last_output", "first_output")
    with torch.no_grad():
        states = encoder(single)
        found = [representation_of({"name": name}, encoder)(states) for name in names]
    assert max(deviation(found[0], other) for other in found) <= TOLERANCE


def reads_the_first_token_only(case: Case, spec: dict[str, Any]) -> bool:
    return spec["name"] == "first_output" and case.directions == 1


@every_vector
def test_e7_reading_pads_moves_the_vectors(case: Case, spec: dict[str, Any]) -> None:
    representation = reader(case, label(spec))
    alone, in_batch = (vectors(case, spec, name, "read") for name in ("alone", ""))
    with torch.no_grad():
        padded = representation(states_with_pads(case, "read"))
    e2, e3 = deviation(alone, in_batch), deviation(alone, padded)
    if reads_the_first_token_only(case, spec):  # the one vector no pad behind the text can reach
        assert max(e2, e3) <= TOLERANCE
    else:
        assert min(e2, e3) > 1e-2
