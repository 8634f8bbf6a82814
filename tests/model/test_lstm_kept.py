"""An LSTM whose weights no longer change: the same states as without keeping anything."""

import pytest
import torch
from encoders import ODD_SHAPES, VOCABULARY, texts

from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder, TokenInput
from seqtwin.model.lstm import kept

DIM, HIDDEN = 6, 5


def made(layers: int = 1, bidirectional: bool = True) -> Encoder:
    torch.manual_seed(0)
    rnn = CELLS["lstm"](DIM, HIDDEN, layers, bidirectional, 0.0)
    return Encoder(TokenInput(VOCABULARY, DIM), "lstm", rnn).eval()


@pytest.mark.parametrize("lengths", ODD_SHAPES, ids=str)
@pytest.mark.parametrize(("layers", "bidirectional"), [(1, True), (1, False), (2, True)])
def test_the_states_are_the_same(lengths: tuple[int, ...], layers: int, bidirectional: bool) -> None:
    encoder, sequences = made(layers, bidirectional), texts(lengths)
    with torch.no_grad():
        plain = encoder(sequences)
        encoder.keep()
        again = [encoder(sequences) for _ in range(2)]
    for found in again:
        torch.testing.assert_close(found.outputs, plain.outputs)
        torch.testing.assert_close(found.hidden, plain.hidden)
        torch.testing.assert_close(found.cell, plain.cell)


def test_a_vector_does_not_depend_on_what_was_encoded_before() -> None:
    """To the last bit: an interrupted command that goes on writes the same bytes."""
    early, late = made(), made()
    early.keep()
    late.keep()
    with torch.no_grad():
        late(texts((1, 7, 5, 3)))
        assert torch.equal(early(texts((4,))).outputs, late(texts((4,))).outputs)


def test_a_vocabulary_that_is_too_large_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST_NUMBERS", 1)
    encoder, sequences = made(), texts((3, 1))
    with torch.no_grad():
        plain = encoder(sequences)
        encoder.keep()
        torch.testing.assert_close(encoder(sequences).outputs, plain.outputs)


def test_gradients_still_reach_the_weights() -> None:
    encoder = made()
    encoder.keep()
    encoder(texts((3, 1))).outputs.sum().backward()
    assert encoder.inputs.embedding.weight.grad is not None
    assert all(weight.grad is not None for weight in encoder.rnn.parameters())


@pytest.mark.parametrize(("layers", "bidirectional"), [(1, True), (1, False), (2, True)])
def test_one_text_has_the_bits_of_the_module_of_pytorch(layers: int, bidirectional: bool) -> None:
    encoder, sequences = made(layers, bidirectional), texts((7,))
    with torch.inference_mode():
        expected, (hidden, memory) = encoder.rnn(encoder.inputs(sequences))
        encoder.keep()
        states = encoder(sequences)
    assert torch.equal(states.outputs, expected)
    assert torch.equal(states.hidden[0].flatten(0, 1), hidden[:, 0])
    assert torch.equal(states.cell[0].flatten(0, 1), memory[:, 0])
