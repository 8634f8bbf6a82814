"""Every road of the engine, forward and backward, equals the plain step-by-step reference."""

import pytest
import torch
from encoders import CASES, ODD_SHAPES, VOCABULARY, Case, series, spelled, texts, widened
from plain_cells import plain_states
from torch import Tensor

from seqtwin.model import run_cell
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder, TokenInput
from seqtwin.model.precision import can_autocast
from seqtwin.model.run_cell import read_pads, run_masked, run_packed, run_stepwise
from seqtwin.records import Sequences, States

OURS = [case for case in CASES if case.cell == "lstm" and not case.options]
MASKED = [(run_packed, case) for case in CASES] + [(run_stepwise, case) for case in OURS]

every_case = pytest.mark.parametrize("case", CASES, ids=str)
every_masked = pytest.mark.parametrize(("road", "case"), MASKED, ids=[f"{r.__name__}-{c}" for r, c in MASKED])
every_shape = pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)


def parts(states: States) -> list[Tensor]:
    return [states.outputs, states.hidden, *([] if states.cell is None else [states.cell])]


def gradients(encoder: Encoder, states: States) -> dict[str, Tensor]:
    """Of a random weighing of all states, by the encoder's parameters."""
    draw = torch.Generator().manual_seed(3)
    weights = [torch.randn(p.shape, generator=draw, dtype=torch.float64).to(p.dtype) for p in parts(states)]
    total = torch.stack([(p * w).sum() for p, w in zip(parts(states), weights, strict=True)]).sum()
    names, parameters = zip(*encoder.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(total, parameters), strict=True))


def assert_same(encoder: Encoder, found: States, expected: States) -> None:
    assert torch.equal(found.lengths, expected.lengths)
    for mine, plain in zip(parts(found), parts(expected), strict=True):
        torch.testing.assert_close(mine, plain, rtol=0, atol=1e-12)
    plain_gradients = gradients(encoder, expected)
    for name, gradient in gradients(encoder, found).items():
        torch.testing.assert_close(
            gradient, plain_gradients[name], rtol=0, atol=1e-11, msg=lambda m, n=name: f"{n}: {m}"
        )


@every_masked
@every_shape
def test_a_road_is_the_plain_loop(road, case: Case, lengths: tuple[int, ...]) -> None:
    encoder, sequences = case.build().double(), texts(lengths)
    assert_same(encoder, road(encoder.inputs, encoder.rnn, sequences), plain_states(encoder, sequences))


@every_masked
def test_more_pads_are_no_steps(road, case: Case) -> None:
    encoder, sequences = case.build().double(), widened(texts((1, 3, 7, 2)), 4)
    assert_same(encoder, road(encoder.inputs, encoder.rnn, sequences), plain_states(encoder, sequences))


@every_masked
@every_shape
def test_a_road_is_the_plain_loop_for_words_with_letters(road, case: Case, lengths: tuple[int, ...]) -> None:
    encoder, sequences = case.build(spelled=True).double(), spelled(lengths)
    assert_same(encoder, road(encoder.inputs, encoder.rnn, sequences), plain_states(encoder, sequences))


@every_masked
def test_a_road_is_the_plain_loop_for_series(road, case: Case) -> None:
    encoder, sequences = case.build(series=True).double(), series((1, 3, 7, 2))
    assert_same(encoder, road(encoder.inputs, encoder.rnn, sequences), plain_states(encoder, sequences))


@every_case
@every_shape
def test_reading_pads_is_the_plain_loop_over_pads(case: Case, lengths: tuple[int, ...]) -> None:
    encoder, sequences = case.build().double(), texts(lengths)
    pads_as_tokens = Sequences(sequences.values, torch.full_like(sequences.lengths, max(lengths)))
    assert_same(encoder, read_pads(encoder.inputs, encoder.rnn, sequences), plain_states(encoder, pads_as_tokens))


@every_masked
def test_a_road_in_float32_is_the_plain_loop_in_float64(road, case: Case) -> None:
    sequences, exact = texts((9, 1, 30, 4)), case.build().double()
    encoder = case.build()
    found, expected = road(encoder.inputs, encoder.rnn, sequences), plain_states(exact, sequences)
    for mine, plain in zip(parts(found), parts(expected), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine.double(), plain, rtol=0, atol=1e-6)
    plain_gradients = gradients(exact, expected)
    for name, gradient in gradients(encoder, found).items():
        torch.testing.assert_close(gradient.double(), plain_gradients[name], rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("case", OURS, ids=str)
def test_both_roads_of_an_lstm_agree_without_gradients(case: Case) -> None:
    encoder, sequences = case.build(), texts((1, 3, 64, 2))
    with torch.no_grad():
        own, packed = (road(encoder.inputs, encoder.rnn, sequences) for road in (run_stepwise, run_packed))
    for mine, theirs in zip(parts(own), parts(packed), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=1e-6)
    with_gradients = run_stepwise(encoder.inputs, encoder.rnn, sequences)
    for mine, theirs in zip(parts(own), parts(with_gradients), strict=True):
        assert torch.equal(mine, theirs)


@every_case
def test_outputs_past_a_length_are_zero_and_pads_get_no_gradient(case: Case) -> None:
    sequences = texts((1, 3, 7, 2))
    sequences = Sequences(sequences.values.clamp(min=1) * sequences.mask, sequences.lengths)
    encoder = case.build()
    states = encoder(sequences)
    assert not states.outputs[~sequences.mask].any()
    gradient = gradients(encoder, states)["inputs.embedding.weight"]
    assert not gradient[0].any()
    assert gradient[sequences.values[sequences.mask].unique()].abs().sum(1).gt(0).all()


@pytest.mark.parametrize("case", OURS, ids=str)
@pytest.mark.parametrize("frozen", ["embedding", "weight_hh", "weight_ih"])
def test_a_frozen_part_leaves_the_other_gradients_alone(case: Case, frozen: str) -> None:
    sequences, encoder, part = texts((1, 3, 7, 2)), case.build().double(), case.build().double()
    for name, parameter in part.named_parameters():
        parameter.requires_grad_(frozen not in name)
    part(sequences).outputs.sum().backward()
    expected = dict(encoder.named_parameters())
    encoder(sequences).outputs.sum().backward()
    for name, parameter in part.named_parameters():
        if frozen in name:
            assert parameter.grad is None
        else:
            torch.testing.assert_close(parameter.grad, expected[name].grad, rtol=0, atol=1e-12)


@every_masked
def test_clipping_scales_every_gradient_once(road, case: Case) -> None:
    encoder, sequences = case.build().double(), texts((1, 3, 7, 2))
    (1e3 * road(encoder.inputs, encoder.rnn, sequences).outputs).sum().backward()
    before = [p.grad.clone() for p in encoder.parameters()]
    norm = torch.nn.utils.clip_grad_norm_(encoder.parameters(), 1.0)
    for parameter, gradient in zip(encoder.parameters(), before, strict=True):
        torch.testing.assert_close(parameter.grad, gradient / norm, rtol=1e-5, atol=0)


@pytest.mark.parametrize("road", [run_stepwise, run_packed])
def test_dropout_stands_between_layers_and_only_in_training(road) -> None:
    torch.manual_seed(0)
    encoder = Encoder(TokenInput(VOCABULARY, 5), "lstm", CELLS["lstm"](5, 6, 2, True, 0.5))
    sequences = texts((1, 3, 7, 2))
    eager = road(encoder.inputs, encoder.rnn.eval(), sequences)
    torch.testing.assert_close(eager.outputs, plain_states(encoder, sequences).outputs, rtol=0, atol=1e-6)
    torch.manual_seed(5)
    dropped = road(encoder.inputs, encoder.rnn.train(), sequences)
    assert torch.allclose(dropped.hidden[:, 0], eager.hidden[:, 0], atol=1e-6)
    assert not torch.allclose(dropped.hidden[:, 1], eager.hidden[:, 1], atol=1e-3)
    torch.manual_seed(5)
    assert torch.equal(road(encoder.inputs, encoder.rnn, sequences).outputs, dropped.outputs)


def test_an_lstm_on_the_cpu_takes_our_road_and_all_others_pack(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(run_cell, "run_stepwise", lambda *a: taken.append("own") or run_stepwise(*a))
    monkeypatch.setattr(run_cell, "run_packed", lambda *a: taken.append("packed") or run_packed(*a))
    for case in (Case("lstm", (), 1, 2), Case("lstm", (("proj_size", 4),), 1, 2), Case("gru", (), 1, 2)):
        encoder = case.build()
        run_masked(encoder.inputs, encoder.rnn, texts((2, 1)))
    assert taken == ["own", "packed", "packed"]


@every_case
@pytest.mark.parametrize("padding", ["masked", "read"])
def test_bfloat16_runs_is_near_and_gives_float32(case: Case, padding: str) -> None:
    encoder, sequences = case.build(padding=padding), texts((1, 3, 7, 2))
    if isinstance(encoder.rnn, torch.nn.LSTM) and encoder.rnn.proj_size and not can_autocast(encoder):
        pytest.skip("PyTorch has no bfloat16 LSTM for this processor; fit then trains in fp32")
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = encoder(sequences)
    for mine, exact in zip(parts(found), parts(encoder(sequences)), strict=True):
        assert mine.dtype == torch.float32
        torch.testing.assert_close(mine, exact, rtol=0, atol=0.02)
    assert all(g.isfinite().all() and g.any() for g in gradients(encoder, found).values())
