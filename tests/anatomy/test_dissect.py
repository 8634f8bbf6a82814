"""The anatomy of a text: held against PyTorch's own modules, whatever the cell, directions, layers and length."""

from copy import deepcopy
from typing import Any

import numpy as np
import pytest
import torch
from dissected import letters, of_series, of_text, series_model
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import tiny
from seqtwin.anatomy.default_text import first_short, series_in, text_of
from seqtwin.anatomy.dissect import Subject, dissect, item_of
from seqtwin.anatomy.pytorch_runs import PADS, beside_longer, run_packed, run_plain
from seqtwin.anatomy.records import SHOWN, Anatomy, ends
from seqtwin.config import EncoderConfig
from seqtwin.data.tokens.tokenizer import train_tokenizer
from seqtwin.errors import DataError
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.siamese import Siamese

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported")
PROJECTED, RELU = {"name": "lstm", "proj_size": 3}, {"name": "rnn", "nonlinearity": "relu"}
CELLS = st.sampled_from(["lstm", "gru", "rnn", PROJECTED, RELU])
ENCODERS = st.fixed_dictionaries({"cell": CELLS, "bidirectional": st.booleans(), "layers": st.integers(1, 3)})
TEXTS = st.text(tiny.LETTERS, min_size=1, max_size=9)


def fresh_torch(model: Siamese) -> Any:
    """A module of PyTorch's own with the encoder's weights, built from nothing but its sizes."""
    rnn = model.encoder.rnn
    sizes = {"num_layers": rnn.num_layers, "bidirectional": rnn.bidirectional, "batch_first": True}
    if isinstance(rnn, torch.nn.LSTM):
        sizes["proj_size"] = rnn.proj_size
    if isinstance(rnn, torch.nn.RNN):
        sizes["nonlinearity"] = rnn.nonlinearity
    made = type(rnn)(rnn.input_size, rnn.hidden_size, **sizes)
    made.load_state_dict(rnn.state_dict())
    return made


def read_alone(model: Siamese, text: str) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]:
    ids = torch.from_numpy(letters().encode([text])[0])[None]
    with torch.no_grad():
        output, final = fresh_torch(model)(model.encoder.inputs.embedding(ids))
    h_n, c_n = final if isinstance(final, tuple) else (final, None)
    return output, h_n, c_n


@settings(max_examples=60)
@given(encoder=ENCODERS, text=TEXTS)
def test_states_are_those_of_pytorch(encoder: dict[str, Any], text: str) -> None:
    found = of_text(text, **encoder)
    body = found.body
    output, h_n, c_n = read_alone(tiny.siamese(**encoder), text)
    shape = (body.layers, body.directions)
    np.testing.assert_allclose(found.outputs, output.view(len(text), body.directions, -1), atol=1e-5)
    np.testing.assert_allclose(found.hidden, h_n.view(*shape, -1), atol=1e-5)
    assert (found.cell is None) == (c_n is None)
    if found.cell is not None and c_n is not None:
        np.testing.assert_allclose(found.cell, c_n.view(*shape, -1), atol=1e-5)


@settings(max_examples=60)
@given(encoder=ENCODERS, text=TEXTS)
def test_what_must_hold_is_found_to_hold(encoder: dict[str, Any], text: str) -> None:
    found = of_text(text, **encoder)
    assert [one.key for one in found.statements if one.by_construction and not one.equal] == []
    single, one_way = len(text) == 1, not encoder["bidirectional"]
    assert found.statement("last_is_final").by_construction == (one_way or single)
    if not one_way:
        assert found.statement("last_backward").by_construction == single
        assert found.statement("last_forward").equal
        assert found.statement("first_backward").equal
    assert found.statement("layers").by_construction == (encoder["layers"] == 1)


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_two_directions_end_at_opposite_ends(cell: str, layers: int) -> None:
    found = of_text("cafe", cell=cell, layers=layers)
    output, h_n, _ = read_alone(tiny.siamese(cell=cell, layers=layers), "cafe")
    apart = (output[0, -1, 8:] - h_n[-1, 0]).abs().max()
    assert not found.statement("last_is_final").equal
    assert found.statement("last_backward").difference == pytest.approx(float(apart), abs=1e-6)
    assert of_text("c", cell=cell, layers=layers).statement("last_backward").equal


def namespace(model: Siamese, text: str, *, batch: bool) -> dict[str, Any]:
    """The names in the code of the statements, for a text alone or beside a longer one, packed."""
    encoder = deepcopy(model.encoder)
    both = beside_longer(letters().encode([text])[0])
    x, lengths = encoder.inputs(both).detach(), both.lengths
    if not batch:
        x, lengths = x[:1, : len(text)], lengths[:1]
    run = run_packed(encoder.rnn, x, lengths)
    shape = encoder.shape
    known = {"L": shape.layers, "D": shape.directions, "B": len(x), "H": shape.width, "rows": torch.arange(len(x))}
    known |= {"output": run.output, "h_n": run.h_n, "c_n": run.c_n, "lengths": lengths, "x": x, "torch": torch}
    return {**known, "rnn": encoder.rnn}


@torch.no_grad()
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", PROJECTED])
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("text", ["c", "cafe"])
def test_the_code_beside_a_statement_says_the_same(cell: Any, layers: int, bidirectional: bool, text: str) -> None:
    encoder = {"cell": cell, "layers": layers, "bidirectional": bidirectional}
    model = tiny.siamese(**encoder)
    for one in of_text(text, **encoder).statements:
        names = namespace(model, text, batch=one.of_batch)
        exec(one.code[0], names)
        assert bool(eval(one.code[1], names)) == one.equal, one.key


@torch.no_grad()
@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_code_of_packing_and_of_no_packing_gives_these_outputs(cell: str) -> None:
    model, found = tiny.siamese(cell=cell), of_text("cafe", cell=cell)
    for key in ("packed", "over_pads"):
        names = {**namespace(model, "cafe", batch=True), "pack_padded_sequence": pack_padded_sequence}
        exec("\n".join(found.companion(key).code), names)
        output = names["output"]
        if key == "packed":
            output, _ = pad_packed_sequence(output, batch_first=True)
        drawn = output[0].view(4 + PADS, 2, -1)
        np.testing.assert_allclose(found.companion(key).outputs, drawn, atol=1e-6)


@settings(max_examples=30)
@given(encoder=ENCODERS, text=TEXTS)
def test_pads_change_nothing_unless_they_are_read(encoder: dict[str, Any], text: str) -> None:
    found = of_text(text, **encoder)
    assert not found.companion("own").changed
    assert not found.companion("packed").changed
    np.testing.assert_array_equal(found.companion("packed").outputs[len(text) :], 0)


def test_an_encoder_that_reads_pads_is_seen_to() -> None:
    found = of_text("cafe", padding="read")
    own, over = found.companion("own"), found.companion("over_pads")
    assert own.changed
    assert [part.change for part in own.parts] == pytest.approx([part.change for part in over.parts], abs=1e-5)
    # the forward direction meets the pads after the text, so only where it ends is moved
    moved = {part.name: part.changed for part in over.parts}
    assert (moved["outputs, forward"], moved["h_n, forward"]) == (False, True)


def tokens_that_matter(model: Siamese, text: str, step: int, way: int) -> int:
    """How many tokens change a state when they are replaced, one at a time."""
    ids = torch.from_numpy(letters().encode([text])[0])[None]
    x = model.encoder.inputs.embedding(ids).detach()
    count = 0
    for place in range(len(text)):
        other = x.clone()
        other[0, place] += 1.0
        states = [run_plain(model.encoder.rnn, one).output[0, step].view(2, -1)[way] for one in (x, other)]
        count += not torch.equal(*states)
    return count


@torch.no_grad()
@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
@pytest.mark.parametrize("layers", [1, 2])
def test_tokens_read_are_those_that_matter(cell: str, layers: int) -> None:
    model, found = tiny.siamese(cell=cell, layers=layers), of_text("cafed", cell=cell, layers=layers)
    expected = [[tokens_that_matter(model, "cafed", step, way) for way in range(2)] for step in range(5)]
    assert found.read.tolist() == expected
    assert expected[-1][1] == (1 if layers == 1 else 5), "a second layer hears of all tokens through the first"


def test_a_long_text_is_cut_and_still_counted() -> None:
    found = of_text("abcdef" * 10)
    assert found.shown == ends(60, SHOWN)
    assert len(found.shown) == SHOWN
    assert found.read[:, 0].tolist() == [step + 1 for step in found.shown]
    assert found.read[:, 1].tolist() == [60 - step for step in found.shown]
    assert len(found.as_dict()["outputs"]) == SHOWN


# --- what representations read -------------------------------------------------------------------------------------


def shares(found: Anatomy) -> dict[str, np.ndarray]:
    return {one.name: one.outputs for one in found.readings}


def test_shares_of_plain_readings() -> None:
    found = of_text("cafe")
    read = shares(found)
    np.testing.assert_allclose(read["mean_output"], np.full((4, 2), 1 / 8), atol=1e-6)
    assert np.flatnonzero(read["last_output"].sum(1)).tolist() == [3]
    assert np.flatnonzero(read["first_output"].sum(1)).tolist() == [0]
    most = found.outputs.argmax(0)  # which step each unit's maximum is taken from
    expected = np.array([[(most[way] == step).sum() for way in range(2)] for step in range(4)]) / most.size
    np.testing.assert_allclose(read["max_output"], expected, atol=1e-6)
    for one in found.readings:
        assert one.outputs.sum() + one.hidden.sum() + one.cell.sum() == pytest.approx(1)


def test_every_member_an_encoder_allows_is_read() -> None:
    assert {one.name for one in of_text(cell="lstm").readings} == set(REPRESENTATIONS)
    assert {one.name for one in of_text(cell="gru").readings} == set(REPRESENTATIONS) - {"final_cell"}


def test_the_encoders_own_representation_is_the_trained_one() -> None:
    model = tiny.siamese({"name": "attention_output", "heads": 2})
    with torch.no_grad():
        for weight in model.representation.parameters():
            weight.mul_(50)
    found = dissect(Subject(model, letters(), "cafe"))
    (own,) = [one for one in found.readings if one.own]
    vector = model.representation(model.encoder(beside_longer(letters().encode(["cafe"])[0])))[0]
    assert (own.name, own.width, own.drawn) == ("attention_output", 32, False)
    np.testing.assert_allclose(own.first, vector[:4].detach(), atol=1e-5)


def test_a_representation_of_ones_own_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    class Second(torch.nn.Module):
        """o_2. The second step."""

        def __init__(self, shape: Any) -> None:
            super().__init__()
            self.out_dim, self.bound = shape.joined, shape.bound

        def forward(self, states: Any) -> torch.Tensor:
            return states.outputs[:, 1]

    monkeypatch.setitem(REPRESENTATIONS, "second", Second)
    (found,) = [one for one in of_text("cafe").readings if one.name == "second"]
    assert (found.words, found.formula) == ("step 2 of 4, both halves", "o_2")


def test_identities_of_one_direction() -> None:
    same = {one.name for one in of_text("cafe", bidirectional=False).readings if one.equal}
    assert {"final_hidden", "all_hidden", "last_output"} <= same
    assert "first_output" not in same


# --- items ---------------------------------------------------------------------------------------------------------


def test_a_series_is_read_as_it_is() -> None:
    found = of_series(5, layers=2)
    assert (found.unit, found.steps, found.text) == ("steps", ("1", "2", "3", "4", "5"), "noise")
    values = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    model = series_model(layers=2)
    x = model.encoder.inputs(beside_longer(values))[:1, :5]
    expected = run_plain(model.encoder.rnn, x).output[0].detach()
    np.testing.assert_allclose(found.outputs.reshape(5, -1), expected, atol=1e-5)


def test_unknown_tokens_are_named() -> None:
    found = of_text("caZfe")
    assert found.unknown == (2,)


def test_given_words_are_steps() -> None:
    tokens = train_tokenizer(["new york is big"], unit="word")
    item = item_of(Subject(tiny.siamese(), tokens, ["New", "York"]))
    assert (item.steps, item.text, item.unknown) == (("New", "York"), "New York", ())


def test_letters_of_words_are_read_with_them() -> None:
    assert EncoderConfig(spelling=4).spelling == 4
    sequence = np.array([[2, 5, 6], [3, 7, 0]])
    both = beside_longer(sequence)
    assert tuple(both.values.shape) == (2, 2 + PADS, 3)
    np.testing.assert_array_equal(both.values[1, 2], sequence[0])


def test_the_model_is_left_as_it_was() -> None:
    model = tiny.siamese(layers=2, dropout=0.5)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    found = [dissect(Subject(model.train(), letters(), "cafe")).outputs for _ in range(2)]
    np.testing.assert_array_equal(*found)
    assert model.encoder.rnn.batch_first
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_an_empty_text_is_refused() -> None:
    with pytest.raises(DataError, match="empty"):
        of_text("  ")


def test_a_short_text_is_found() -> None:
    assert first_short(["a", "abcd", "abcde"], [1, 4, 5]) == "abcd"
    assert first_short(["abcdefghijkl", "ab"], [12, 2]) == "ab"
    assert first_short([], []) is None
    assert text_of(train_tokenizer(["aab b.cdefgh"], unit="char")) == "abcde"
    assert len(text_of(train_tokenizer(["of the many words"], unit="word")).split()) == 4


def test_the_first_series_of_a_file(tmp_path: Any) -> None:
    path = tmp_path / "s.csv"
    path.write_text("series_id,t,ch0\nb,0,1\nb,1,2\na,0,5\n")
    values, name = series_in(path, 1)
    assert (values.tolist(), name) == ([[1.0], [2.0]], "series b")
    with pytest.raises(DataError):
        series_in(path, 2)
