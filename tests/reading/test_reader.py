"""`read` and `Reader` give every sequence the vector that a plain loop over single sequences without pads gives it."""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pack_sequence, pad_packed_sequence

import seqtwin
from seqtwin.errors import ConfigError
from seqtwin.model.representations import REPRESENTATIONS

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")

LENGTHS = torch.tensor([3, 6, 1, 6, 2])
STEPS, DIM, HIDDEN = 6, 3, 4


def layer(kind: Any, layers: int, both: bool, first: bool, **more: Any) -> Any:
    torch.manual_seed(0)
    return kind(DIM, HIDDEN, layers, bidirectional=both, batch_first=first, **more)


LAYERS = {
    f"{kind.__name__} {layers} {'both' if both else 'one'} {'batch' if first else 'time'}": layer(
        kind, layers, both, first
    )
    for kind, layers, both, first in product((nn.LSTM, nn.GRU, nn.RNN), (1, 2), (False, True), (False, True))
}
LAYERS["projected"] = layer(nn.LSTM, 2, True, True, proj_size=2)
LAYERS["relu"] = layer(nn.RNN, 1, True, False, nonlinearity="relu")


def batch(rnn: Any, pad: float = 9.0) -> Tensor:
    """A batch in the order of axes of the layer, with pads that are not zero."""
    x = torch.randn(len(LENGTHS), STEPS, DIM, generator=torch.Generator().manual_seed(1))
    x = torch.where((torch.arange(STEPS) < LENGTHS[:, None])[..., None], x, pad)
    return x if rnn.batch_first else x.transpose(0, 1)


def packed(rnn: Any, x: Tensor, lengths: Tensor = LENGTHS) -> Any:
    return rnn(pack_padded_sequence(x, lengths, batch_first=rnn.batch_first, enforce_sorted=False))


def single_runs(rnn: Any) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The oracle: output [T D*H], h_n and c_n [L*D H] of each sequence, run alone without pads or a batch axis."""
    x = batch(rnn) if rnn.batch_first else batch(rnn).transpose(0, 1)
    for row, steps in enumerate(LENGTHS.tolist()):
        output, state = rnn(x[row, :steps])
        yield (output, *state) if isinstance(state, tuple) else (output, state, None)


def ends(rnn: Any, state: Tensor) -> Tensor:
    return state[-2:].flatten() if rnn.bidirectional else state[-1]


# by name: what it is of one sequence, in the formula of the documentation
ORACLES: dict[str, Callable[..., Tensor]] = {
    "final_hidden": lambda rnn, output, h, c: ends(rnn, h),
    "all_hidden": lambda rnn, output, h, c: h.flatten(),
    "final_cell": lambda rnn, output, h, c: ends(rnn, c),
    "last_output": lambda rnn, output, h, c: output[-1],
    "first_output": lambda rnn, output, h, c: output[0],
    "mean_output": lambda rnn, output, h, c: output.mean(0),
    "sqrt_mean_output": lambda rnn, output, h, c: output.sum(0) / len(output) ** 0.5,
    "max_output": lambda rnn, output, h, c: output.amax(0),
    "join": lambda rnn, output, h, c: torch.cat([output.mean(0), ends(rnn, h)]),
}
JOIN = {"name": "join", "parts": ["mean_output", "final_hidden"]}


def spec(name: str) -> Any:
    return JOIN if name == "join" else name


def expected(rnn: Any, name: str) -> Tensor:
    return torch.stack([ORACLES[name](rnn, *run) for run in single_runs(rnn)])


def fits(rnn: Any, name: str) -> bool:
    return name != "final_cell" or isinstance(rnn, nn.LSTM)


def test_every_representation_without_weights_has_an_oracle() -> None:
    assert set(ORACLES) == set(REPRESENTATIONS) - {"attention_output"}


@pytest.mark.parametrize("layer", LAYERS)
def test_packed_or_unpacked_the_vectors_are_those_of_single_sequences(layer: str) -> None:
    rnn = LAYERS[layer]
    output, state = packed(rnn, batch(rnn))
    padded, _ = pad_packed_sequence(output, batch_first=rnn.batch_first)
    wide, _ = pad_packed_sequence(output, batch_first=rnn.batch_first, padding_value=-7.0, total_length=STEPS + 3)
    for name in ORACLES:
        if fits(rnn, name):
            right = expected(rnn, name)
            for given_output, lengths in (
                (output, None),
                (output, LENGTHS),
                (padded, LENGTHS),
                (wide, LENGTHS.tolist()),
            ):
                found = seqtwin.read(rnn, given_output, state, lengths, spec(name))
                torch.testing.assert_close(found, right, rtol=1e-5, atol=1e-6)
            reader = seqtwin.Reader(rnn, spec(name))
            torch.testing.assert_close(reader(batch(rnn), LENGTHS), right, rtol=1e-5, atol=1e-6)
            assert reader.out_dim == right.shape[1]


@pytest.mark.parametrize("layer", [name for name in LAYERS if " one " in name])
def test_over_pads_one_direction_is_right_or_refused(layer: str) -> None:
    rnn = LAYERS[layer]
    output, state = rnn(batch(rnn))
    for name in ORACLES:
        if not fits(rnn, name):
            continue
        uses_ends = name in {"final_hidden", "all_hidden", "final_cell", "join"}
        if name == "final_cell" or (uses_ends and rnn.num_layers > 1):
            with pytest.raises(ConfigError, match="after the last pad") as caught:
                seqtwin.read(rnn, output, state, LENGTHS, spec(name))
            assert caught.value.code == "READ_PADS"
        else:
            found = seqtwin.read(rnn, output, state, LENGTHS, spec(name))
            torch.testing.assert_close(found, expected(rnn, name), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("layer", [name for name in LAYERS if " both " in name])
def test_over_pads_two_directions_are_refused_and_reader_is_right(layer: str) -> None:
    rnn = LAYERS[layer]
    for name in ORACLES:
        if fits(rnn, name):
            with pytest.raises(ConfigError, match="every output of a shorter sequence depends on them") as caught:
                seqtwin.read(rnn, *rnn(batch(rnn)), LENGTHS, spec(name))
            assert "pack_padded_sequence" in caught.value.remedy
            assert "seqtwin.Reader" in caught.value.remedy


def test_a_batch_without_pads_needs_no_lengths_and_a_single_sequence_no_batch() -> None:
    for rnn in LAYERS.values():
        whole = torch.randn(STEPS, DIM)
        found = seqtwin.read(rnn, *rnn(whole), None, "final_hidden")
        state = rnn(whole)[1]
        torch.testing.assert_close(found, ends(rnn, state[0] if isinstance(state, tuple) else state))
        two = torch.stack([whole, whole.flip(0)], 0 if rnn.batch_first else 1)
        torch.testing.assert_close(seqtwin.Reader(rnn, "final_hidden")(two)[0], found, rtol=1e-5, atol=1e-6)
        shorter = seqtwin.Reader(rnn)(whole, 2)
        torch.testing.assert_close(shorter, rnn(whole[:2])[0].mean(0), rtol=1e-5, atol=1e-6)


def test_no_rows_give_no_vectors() -> None:
    gru = LAYERS["GRU 1 both batch"]
    assert seqtwin.Reader(gru, "max_output")(torch.zeros(0, 4, DIM), torch.zeros(0, dtype=torch.long)).shape == (0, 8)


def test_weights_come_with_the_reader_are_trained_and_saved() -> None:
    gru = LAYERS["GRU 1 both batch"]
    before = torch.random.get_rng_state()
    with pytest.raises(ConfigError, match="attention_output has weights") as caught:
        seqtwin.read(gru, *packed(gru, batch(gru)), None, {"name": "attention_output", "heads": 2})
    assert torch.equal(before, torch.random.get_rng_state())
    assert "seqtwin.Reader(rnn, {'name': 'attention_output', 'heads': 2})" in caught.value.remedy
    reader = seqtwin.Reader(gru, {"name": "attention_output", "heads": 2})
    vectors = reader(batch(gru), LENGTHS)
    x = batch(gru)
    alone = torch.stack([reader(x[i : i + 1, :steps])[0] for i, steps in enumerate(LENGTHS.tolist())])
    torch.testing.assert_close(vectors, alone, rtol=1e-5, atol=1e-6)
    vectors.square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in reader.parameters())
    other = seqtwin.Reader(layer(nn.GRU, 1, True, True), {"name": "attention_output", "heads": 2})
    other.load_state_dict(reader.state_dict())
    assert torch.equal(other(x, LENGTHS), vectors)
    gru.zero_grad()


def test_reader_reads_what_its_own_layer_returned() -> None:
    lstm = LAYERS["LSTM 2 both time"]
    reader = seqtwin.Reader(lstm, "all_hidden")
    torch.testing.assert_close(
        reader.read(*packed(lstm, batch(lstm))), reader(batch(lstm), LENGTHS.numpy()), rtol=1e-5, atol=1e-6
    )
    sequence = pack_sequence([torch.ones(3, DIM), torch.ones(1, DIM)])
    assert reader(sequence).shape == (2, reader.out_dim)


GRU = LAYERS["GRU 1 both batch"]
X = batch(GRU)


def returned() -> tuple[Tensor, Tensor]:
    output, state = packed(GRU, X)
    return pad_packed_sequence(output, batch_first=True)[0], state


@pytest.mark.parametrize(
    ("change", "code", "cause"),
    [
        (lambda o, h: (nn.GRUCell(3, 4), o, h, LENGTHS), "READ_LAYER", "got GRUCell"),
        (lambda o, h: (GRU, o, h, None), "READ_STATE", "neither at the lengths"),
        (lambda o, h: (GRU, o, h, LENGTHS.flip(0)), "READ_STATE", "neither at the lengths"),
        (lambda o, h: (GRU, nn.functional.dropout(o), h, LENGTHS), "READ_STATE", "neither at the lengths"),
        (lambda o, h: (GRU, o, (h, h), LENGTHS), "READ_STATE", "expected h_n as a GRU returns it"),
        (lambda o, h: (LAYERS["LSTM 1 both batch"], o, h, LENGTHS), "READ_STATE", r"expected \(h_n, c_n\)"),
        (lambda o, h: (GRU, o.transpose(0, 1), h, LENGTHS), "READ_LENGTHS", "expected 6 integers"),
        (lambda o, h: (GRU, o[..., :4], h, LENGTHS), "READ_SHAPE", "a last axis of 8"),
        (lambda o, h: (GRU, o, h.transpose(0, 1), LENGTHS), "READ_SHAPE", "layers x directions first"),
        (lambda o, h: (GRU, o[:2], h, LENGTHS[:2]), "READ_SHAPE", "expected 5 sequences"),
        (lambda o, h: (GRU, o[None], h, LENGTHS), "READ_SHAPE", r"\[batch, time, D\*H\]"),
        (lambda o, h: (GRU, o, h, LENGTHS[:4]), "READ_LENGTHS", "expected 5 integers"),
        (lambda o, h: (GRU, o, h, LENGTHS - 1), "READ_LENGTHS", "expected 1 to 6"),
        (lambda o, h: (GRU, o, h, LENGTHS + 1), "READ_LENGTHS", "expected 1 to 6"),
        (lambda o, h: (GRU, o, h, LENGTHS / 2), "READ_LENGTHS", "expected 5 integers"),
        (lambda o, h: (GRU, o, h, LENGTHS > 2), "READ_LENGTHS", "expected 5 integers"),
        (lambda o, h: (GRU, packed(GRU, X)[0], h, LENGTHS.flip(0)), "READ_LENGTHS", "not the lengths of the packed"),
    ],
)
def test_what_does_not_belong_together_is_refused_with_a_remedy(change: Any, code: str, cause: str) -> None:
    rnn, output, state, lengths = change(*returned())
    with pytest.raises(ConfigError, match=cause) as caught:
        seqtwin.read(rnn, output, state, lengths, "mean_output")
    assert caught.value.code == code
    assert caught.value.remedy


def test_a_forgotten_batch_first_is_named_and_so_is_one_too_many() -> None:
    x, lengths = torch.randn(3, 7, 5), torch.tensor([7, 3, 2])
    for kind in (nn.LSTM, nn.GRU, nn.RNN):
        for first, cause in ((False, "batch_first=True was probably forgotten"), (True, "layer has batch_first=True")):
            rnn, given = kind(5, 8, batch_first=first), x.transpose(0, 1) if first else x
            output, state = rnn(given)
            for call in (
                lambda rnn=rnn, given=given: seqtwin.Reader(rnn)(given, lengths),
                lambda rnn=rnn, output=output, state=state: seqtwin.read(rnn, output, state, lengths),
            ):
                with pytest.raises(ConfigError, match="expected 7 integers") as caught:
                    call()
                assert cause in caught.value.remedy
                assert "mask" not in caught.value.remedy
    with pytest.raises(ConfigError) as caught:  # as many as steps, but a mask of one sequence
        seqtwin.Reader(nn.GRU(5, 8))(x, torch.tensor([True, False, True]))
    assert "not a mask" in caught.value.remedy


def test_exchanged_arguments_and_other_types_are_refused() -> None:
    gru = nn.GRU(5, 8)
    x, lengths = torch.randn(7, 3, 5), torch.tensor([7, 3, 2])
    output, state = gru(x)
    reader = seqtwin.Reader(gru)
    for call, place, got in (
        (lambda: reader(lengths, x), "x", r"shape \[3\]"),
        (lambda: reader([7, 3, 2], x), "x", "list"),
        (lambda: seqtwin.read(gru, lengths, state, output), "output", r"shape \[3\]"),
        (lambda: seqtwin.read(gru, [7, 3, 2], state, lengths), "output", "list"),  # type: ignore[arg-type]
        (lambda: seqtwin.read(gru, output, None, lengths), "state", "NoneType"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigError, match=f"got {got}") as caught:
            call()
        assert (caught.value.code, caught.value.place) == ("READ_SHAPE", place)


def test_a_square_output_with_its_axes_exchanged_is_noticed() -> None:
    output, state = GRU(X[:, :5])
    with pytest.raises(ConfigError, match="neither at the lengths"):
        seqtwin.read(GRU, output.transpose(0, 1), state, None, "mean_output")


def test_an_unknown_representation_and_one_that_does_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="did you mean 'mean_output'"):
        seqtwin.read(GRU, *GRU(X[:, :1]), None, "mean_outptu")
    with pytest.raises(ConfigError, match="needs the cell state of an lstm"):
        seqtwin.Reader(GRU, "final_cell")


@given(
    st.lists(st.integers(1, 7), min_size=1, max_size=6),
    st.sampled_from(sorted(LAYERS)),
    st.sampled_from(sorted(set(ORACLES) - {"final_cell"})),
)
def test_neither_pads_nor_batch_mates_move_a_vector(lengths: list[int], name: str, part: str) -> None:
    rnn, draw = LAYERS[name], torch.Generator().manual_seed(sum(lengths))
    reader = seqtwin.Reader(rnn, spec(part))
    items = [torch.randn(steps, DIM, generator=draw) for steps in lengths]
    x = nn.utils.rnn.pad_sequence(items, batch_first=rnn.batch_first, padding_value=float("nan"))
    found = reader(x, np.array(lengths))
    for row, item in enumerate(items):
        torch.testing.assert_close(found[row], reader(item), rtol=1e-5, atol=1e-6)
