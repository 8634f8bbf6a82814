"""Series scaled by the figures of their training: once, by the encoder itself, and never a pad."""

import numpy as np
import pytest
import torch
from encoders import CHANNELS, EMBEDDING, series
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.batches import Ragged
from seqtwin.data.reading.series import channel_scaling
from seqtwin.model.cells import gru
from seqtwin.model.encoder import Encoder, SeriesInput
from seqtwin.records import Sequences

MEAN, DEVIATION = torch.tensor([2.0, -1.0, 0.5]), torch.tensor([4.0, 0.0, 0.25])


def scaled(mean: torch.Tensor = MEAN, deviation: torch.Tensor = DEVIATION) -> SeriesInput:
    torch.manual_seed(0)
    inputs = SeriesInput(CHANNELS, EMBEDDING, scaled=True).double()
    inputs.set_scaling(mean, deviation)
    return inputs.eval()


def plain(inputs: SeriesInput) -> SeriesInput:
    """The same map without scaling."""
    other = SeriesInput(CHANNELS, EMBEDDING).double()
    other.projection.load_state_dict(inputs.projection.state_dict())
    return other.eval()


def by_hand(sequences: Sequences) -> Sequences:
    values = (sequences.values - MEAN) / torch.tensor([4.0, 1.0, 0.25])  # the second channel never varied
    return Sequences(torch.where(sequences.mask[..., None], values, 0.0), sequences.lengths)


def test_it_is_the_same_map_of_scaled_values() -> None:
    inputs, given_ = scaled(), series((1, 7, 3))
    assert torch.equal(inputs(given_), plain(inputs)(by_hand(given_)))


def test_an_encoder_reads_scaled_series() -> None:
    inputs, rnn, given_ = scaled(), gru(EMBEDDING, 4, 1, True, 0.0).double(), series((1, 7, 3))
    found = Encoder(inputs, "gru", rnn)(given_)
    expected = Encoder(plain(inputs), "gru", rnn)(by_hand(given_))
    torch.testing.assert_close(found.outputs, expected.outputs)
    torch.testing.assert_close(found.hidden, expected.hidden)


@given(lengths=st.lists(st.integers(1, 6), min_size=1, max_size=5), more=st.integers(1, 5))
def test_adding_pads_changes_nothing(lengths: list[int], more: int) -> None:
    encoder = Encoder(scaled(), "gru", gru(EMBEDDING, 4, 1, True, 0.0).double()).eval()
    given_ = series(tuple(lengths))
    longer = torch.nn.functional.pad(given_.values, (0, 0, 0, more))
    found, expected = encoder(Sequences(longer, given_.lengths)), encoder(given_)
    torch.testing.assert_close(found.hidden, expected.hidden)
    torch.testing.assert_close(found.outputs[:, : expected.outputs.shape[1]], expected.outputs)


def test_the_training_series_come_out_standard() -> None:
    rng = np.random.default_rng(0)
    items = Ragged.of([rng.normal(5, 3, (n, CHANNELS)) for n in (1, 9, 30)])
    inputs = scaled(*map(torch.from_numpy, channel_scaling(items.steps)))
    sequences = items.take(np.arange(3))
    steps = inputs._steps(sequences)[sequences.mask].numpy()
    np.testing.assert_allclose(steps.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(steps.std(axis=0), 1, atol=1e-6)


def test_scaling_travels_with_the_weights() -> None:
    inputs, fresh = scaled(), SeriesInput(CHANNELS, EMBEDDING, scaled=True).double()
    fresh.load_state_dict(inputs.state_dict())
    assert torch.equal(fresh(series((2, 5))), inputs(series((2, 5))))
    assert set(SeriesInput(CHANNELS, EMBEDDING).state_dict()) == {"projection.weight", "projection.bias"}
    with pytest.raises(ValueError, match="without scaling"):
        plain(inputs).set_scaling(MEAN, DEVIATION)


def test_folded_is_one_map_of_raw_values() -> None:
    inputs, given_ = scaled(), series((4, 2))
    before = torch.get_rng_state()
    whole = inputs.folded()
    assert torch.equal(torch.get_rng_state(), before)
    found = whole(given_.values.float())[given_.mask]
    torch.testing.assert_close(found.double(), inputs(given_)[given_.mask], rtol=1e-5, atol=1e-6)
    assert plain(inputs).folded()(given_.values).shape == (2, 4, EMBEDDING)
