"""What a labeller reads at each step, against a plain loop over rows and steps."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from decoders import siamese_of
from encoders import CASES, ODD_SHAPES, Case, rows, texts, widened
from torch import Tensor

from seqtwin.errors import ConfigError
from seqtwin.lookup import pick
from seqtwin.model.siamese import Siamese
from seqtwin.model.step_representations import STEP_READS
from seqtwin.records import Sequences, States

WIDTH = 4
# what stands at step `time` of row `row`
ORACLES: dict[str, Callable[[Siamese, States, int, int], Tensor]] = {
    "outputs": lambda _, states, row, time: states.outputs[row, time],
    "forward_outputs": lambda _, states, row, time: states.outputs[row, time, :WIDTH],
    "backward_outputs": lambda _, states, row, time: states.outputs[row, time, WIDTH : 2 * WIDTH],
    "repeated": lambda model, states, row, _: model.projection(model.representation(states))[row],
    "join": lambda model, states, row, time: torch.cat(
        [ORACLES[part](model, states, row, time) for part in ("repeated", "forward_outputs")]
    ),
}
OPTIONS: dict[str, dict[str, Any]] = {"join": {"parts": ["repeated", "forward_outputs"]}}

every_read = pytest.mark.parametrize("name", list(STEP_READS))
odd_shapes = pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)


def read_of(spec: Any, model: Siamese) -> Any:
    return pick(STEP_READS, spec, "step read", model)


def read(name: str, model: Siamese, sequences: Sequences) -> Tensor:
    return read_of({"name": name, **OPTIONS.get(name, {})}, model)(model, model.encoder(sequences))


@every_read
@odd_shapes
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_plain_loop_finds_the_same(name: str, lengths: tuple[int, ...], cell: str) -> None:
    model = siamese_of("mean_output", cell=cell, bidirectional=True)
    sequences = texts(lengths)
    states = model.encoder(sequences)
    expected = [ORACLES[name](model, states, row, time) for row, length in enumerate(lengths) for time in range(length)]
    assert torch.equal(read(name, model, sequences), torch.stack(expected))


@every_read
@pytest.mark.parametrize("case", CASES, ids=str)
def test_it_is_as_wide_as_it_says(name: str, case: Case) -> None:
    cell = {"name": case.cell, **dict(case.options)}
    if dict(case.options).get("proj_size"):
        cell["proj_size"] = 3
    model = siamese_of(cell=cell, layers=case.layers, bidirectional=case.directions == 2)
    if name == "backward_outputs" and case.directions == 1:
        with pytest.raises(ConfigError, match="backward_outputs needs a bidirectional encoder"):
            read_of(name, model)
        return
    found = read_of({"name": name, **OPTIONS.get(name, {})}, model)
    sequences = texts((1, 3, 2))
    assert found(model, model.encoder(sequences)).shape == (6, found.out_dim)


@every_read
def test_pads_and_neighbours_change_nothing(name: str) -> None:
    model, sequences = siamese_of(bidirectional=True), texts((1, 64, 3))
    together = read(name, model, sequences)
    torch.testing.assert_close(read(name, model, widened(sequences, 5)), together, rtol=0, atol=1e-12)
    alone = torch.cat([read(name, model, rows(sequences, torch.tensor([row]))) for row in range(3)])
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-12)


def changed_steps(name: str, place: int) -> list[bool]:
    """At which of five steps another token at `place` is seen."""
    model, one = siamese_of(cell="lstm", bidirectional=True), texts((5,))
    other = one.values.clone()
    other[0, place] = (other[0, place] + 1) % 9
    difference = read(name, model, one) - read(name, model, Sequences(other, one.lengths))
    return (difference.abs().amax(1) > 0).tolist()


def test_each_half_has_read_from_its_own_side() -> None:
    assert changed_steps("forward_outputs", 2) == [False, False, True, True, True]
    assert changed_steps("backward_outputs", 2) == [True, True, True, False, False]
    assert changed_steps("outputs", 2) == [True] * 5
    assert changed_steps("repeated", 2) == [True] * 5


def test_both_halves_joined_are_the_outputs() -> None:
    model, sequences = siamese_of(cell="lstm", bidirectional=True, layers=2), texts((1, 7, 3))
    states = model.encoder(sequences)
    both = read_of({"name": "join", "parts": ["forward_outputs", "backward_outputs"]}, model)
    assert torch.equal(both(model, states), read_of("outputs", model)(model, states))


def test_in_one_direction_the_forward_half_is_all() -> None:
    model, sequences = siamese_of(bidirectional=False), texts((1, 4))
    assert torch.equal(read("forward_outputs", model, sequences), read("outputs", model, sequences))


@pytest.mark.parametrize("projection", ["identity", {"name": "mlp", "dim": 3}], ids=str)
def test_what_is_repeated_is_the_vector_at_every_step(projection: Any) -> None:
    model = siamese_of("max_output", projection=projection, bidirectional=True)
    sequences = texts((2, 1, 3))
    vectors = model.encode(sequences)
    assert torch.equal(read("repeated", model, sequences), vectors[[0, 0, 1, 2, 2, 2]])


@pytest.mark.parametrize("parts", [[], "outputs", {"name": "outputs"}, None], ids=str)
def test_a_join_of_nothing_is_refused(parts: Any) -> None:
    with pytest.raises(ConfigError, match="step read 'join': "):
        read_of({"name": "join", "parts": parts}, siamese_of())


def test_a_join_of_what_cannot_be_read_says_which() -> None:
    with pytest.raises(ConfigError, match="backward_outputs needs a bidirectional encoder"):
        read_of({"name": "join", "parts": ["outputs", "backward_outputs"]}, siamese_of(bidirectional=False))
    with pytest.raises(ConfigError, match="unknown step read 'output'"):
        read_of({"name": "join", "parts": ["output"]}, siamese_of())
