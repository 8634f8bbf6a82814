"""The cell `none`: the embedded inputs are the outputs, so `mean_output` is a mean of word vectors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from decoders import batch_of as texts_to_write
from decoders import decoder_of, siamese_of
from encoders import INPUTS, SPECS, VOCABULARY, label

import seqtwin
import tiny
from seqtwin.config import parse_run
from seqtwin.lookup import pick
from seqtwin.model.cells import CELLS, Cell, Unchanged
from seqtwin.model.encoder import Encoder
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.model.run_cell import read_pads, run_masked, run_packed
from seqtwin.records import Sequences
from seqtwin.reporting.page.methods import encoder_of as encoder_of_study

LENGTHS = torch.tensor([1, 3, 7, 2])


def encoder_of(kind: str = "tokens") -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = INPUTS[kind](0.0)
        return Encoder(inputs, "none", pick(CELLS, "none", "cell", inputs.dim, 99, 3, True, 0.5)).eval()


def batch_of() -> Sequences:
    values = torch.randint(2, VOCABULARY, (4, 7), generator=torch.Generator().manual_seed(0))
    return Sequences(values * (torch.arange(7) < LENGTHS[:, None]), LENGTHS)


def test_it_meets_the_contract_and_has_no_weights() -> None:
    cell = Unchanged(5)
    assert isinstance(cell, Cell)
    assert not list(cell.parameters())


def test_its_shape_is_that_of_the_inputs() -> None:
    shape = encoder_of().shape
    assert (shape.layers, shape.directions, shape.width, shape.memory, shape.bound) == (1, 1, 5, 0, None)


def test_both_roads_give_the_same_states() -> None:
    encoder, batch = encoder_of(), batch_of()
    for own, packed in zip(
        (run_masked(encoder.inputs, encoder.rnn, batch)).__dict__.values(),
        (run_packed(encoder.inputs, encoder.rnn, batch)).__dict__.values(),
        strict=True,
    ):
        assert (own is None and packed is None) or torch.equal(own, packed)


def test_the_mean_is_that_of_the_word_vectors_and_the_final_state_the_last_of_them() -> None:
    encoder, batch = encoder_of(), batch_of()
    states, table = encoder(batch), encoder.inputs.embedding.weight
    means = pick(REPRESENTATIONS, "mean_output", "representation", encoder.shape)(states)
    last = pick(REPRESENTATIONS, "final_hidden", "representation", encoder.shape)(states)
    for row, length in enumerate(LENGTHS.tolist()):
        words = table[batch.values[row, :length]]
        torch.testing.assert_close(means[row], words.mean(0))
        assert torch.equal(last[row], words[-1])


def test_with_reading_of_pads_they_are_steps() -> None:
    encoder, batch = encoder_of(), batch_of()
    over_pads = read_pads(encoder.inputs, encoder.rnn, batch)
    assert torch.equal(over_pads.outputs, encoder.inputs.embedding(batch.values))


@pytest.mark.parametrize("spec", [spec for spec in SPECS if spec["name"] != "final_cell"], ids=label)
def test_every_representation_gives_a_text_the_same_vector_alone_and_in_a_batch(spec: dict[str, object]) -> None:
    encoder, batch = encoder_of(), batch_of()
    represent = pick(REPRESENTATIONS, spec, "representation", encoder.shape)
    together = represent(encoder(batch))
    assert together.shape == (4, represent.out_dim)
    for row, length in enumerate(LENGTHS.tolist()):
        alone = represent(encoder(Sequences(batch.values[row : row + 1, :length], LENGTHS[row : row + 1])))
        torch.testing.assert_close(together[row], alone[0])


def test_the_order_of_the_words_does_not_change_a_mean(tmp_path: Path) -> None:
    data = tiny.write_pairs(tmp_path / "data")
    raw = tiny.raw_run(data, encoder={"cell": "none", "embedding": 8}, representation="mean_output", fit={"epochs": 2})
    run = seqtwin.train(parse_run(raw), tmp_path / "run")
    encoder = seqtwin.load(run.path)
    assert encoder.dim == 8
    forward, backward = encoder.encode(["abc dd", "dd cba"])
    np.testing.assert_allclose(forward, backward, atol=1e-6)


def test_a_cell_state_is_refused() -> None:
    with pytest.raises(seqtwin.SeqTwinError, match="final_cell"):
        pick(REPRESENTATIONS, "final_cell", "representation", encoder_of().shape)


def test_a_config_without_recurrence_has_no_directions() -> None:
    raw = {"data": {"name": "digits"}, "encoder": {"cell": "none", "bidirectional": True}}
    assert not parse_run(raw).encoder.bidirectional
    assert parse_run({**raw, "encoder": {"cell": "gru"}}).encoder.bidirectional


def test_a_decoder_of_it_is_a_gru() -> None:
    model = siamese_of(cell="none", representation="mean_output")
    assert isinstance(decoder_of(model).rnn, torch.nn.GRU)
    assert decoder_of(model)(model, texts_to_write((3, 1), (2, 4))).isfinite().all()


def test_the_methods_call_it_no_recurrence() -> None:
    base = {"encoder": {"cell": "none", "embedding": 64, "bidirectional": True}}
    assert encoder_of_study({"config": {"base": base}, "factors": {}}) == "no recurrence, embedding 64"
