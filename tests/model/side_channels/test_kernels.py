"""The kernel channel: the shares of a plain loop, of every series alone, and joined an average of two cosines."""

import itertools
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from seqtwin.build import Blueprint, build_siamese
from seqtwin.config import EncoderConfig
from seqtwin.data.batches import Ragged, batch_of
from seqtwin.errors import ConfigError
from seqtwin.model.heads import StepHead
from seqtwin.model.siamese import Siamese
from seqtwin.model.side_channels.kernels import KERNELS, KernelChannel
from seqtwin.records import PairBatch, Sequences
from seqtwin.training.fit_kernels import fit_kernels

ROUNDS, DIM = 5, 12
PARTS: dict[str, Any] = {"representation": "mean_output", "projection": "identity", "similarity": "cosine"}


def drawn_series(channels: int = 2, count: int = 20, *, longest: int = 60, seed: int = 0) -> list[np.ndarray]:
    """Random walks of 1 to `longest` steps."""
    rng = np.random.default_rng(seed)
    lengths = [1, longest, *rng.integers(1, longest + 1, count - 2)]
    return [rng.normal(size=(length, channels)).cumsum(0).astype(np.float32) + 5 for length in lengths]


def channel_of(channels: int = 2, *, seed: int = 0, **options: Any) -> KernelChannel:
    channel = KernelChannel(channels, ROUNDS, DIM, options.pop("share", 0.5), **options)
    fit_kernels(channel, Ragged.of(drawn_series(channels)), seed)
    return channel


@cache
def usual_channel() -> KernelChannel:
    """A channel that no test changes."""
    return channel_of()


def joint(**kernels: Any) -> Siamese:
    """A Siamese of two channels, with both the recurrent network and kernels."""
    encoder = EncoderConfig(embedding=6, hidden=8, kernels={"features": 84 * ROUNDS, "dim": DIM, **kernels})
    model = build_siamese(Blueprint(inputs="series", size=2, encoder=encoder, **PARTS), seed=0).eval()
    assert model.kernels is not None
    fit_kernels(model.kernels, Ragged.of(drawn_series()), 0)
    return model


def shares_by_loop(channel: KernelChannel, series: np.ndarray) -> np.ndarray:
    """The formula of the paper, step by step, in whole numbers: 2 at three of nine taps, -1 at the others."""
    scaled = (series - channel.mean.numpy()) / channel.scale.numpy()
    units = np.round(scaled * np.float32(2**11)).clip(-(2**17), 2**17).astype(np.int64)
    found = []
    turns = {value: turn for turn, value in enumerate(dict.fromkeys(channel.dilation.tolist()))}
    for number, dilation in enumerate(channel.dilation.tolist()):
        for kernel, doubled in enumerate(itertools.combinations(range(9), 3)):
            chosen = np.flatnonzero(channel.mix[number, kernel].numpy())
            outputs, whole = [], []
            for step in range(len(units)):
                places = [step + (tap - 4) * dilation for tap in range(9)]
                values = [units[p, chosen].sum() if 0 <= p < len(units) else 0 for p in places]
                outputs.append(sum((2 if tap in doubled else -1) * value for tap, value in enumerate(values)))
                whole.append(places[0] >= 0 and places[-1] < len(units))
            only_whole = (kernel + turns[dilation]) % 2 == 1 and any(whole)
            counted = np.array(outputs)[whole] if only_whole else np.array(outputs)
            found.append(np.mean(counted > float(channel.bias[number, kernel])))
    return np.array(found)


@pytest.mark.parametrize("channels", [1, 3, 12])
def test_shares_are_those_of_a_plain_loop(channels: int) -> None:
    channel = channel_of(channels)
    assert len(set(channel.dilation.tolist())) > 1
    series = drawn_series(channels, 4, longest=33, seed=1)
    expected = np.stack([shares_by_loop(channel, one) for one in series])
    np.testing.assert_allclose(channel.shares(batch_of(series)).numpy(), expected, rtol=0, atol=1e-6)
    assert np.mean((expected > 0) & (expected < 1)) > 0.3  # the biases are not all beyond the outputs


def test_one_series_by_hand() -> None:
    """A unit impulse at the first step: the output at each step is the weight of the tap that sees it."""
    channel = KernelChannel(1, 1, 2, 0.5)
    channel.bias += 0.5
    impulse = np.array([[1.0], [0.0], [0.0], [0.0], [0.0]], np.float32)
    above = channel.shares(batch_of([impulse]))[0]
    # tap j sees the impulse at step 4 - j: steps 0 to 4 have the weights of taps 4 to 0
    assert float(above[0]) == pytest.approx(3 / 5)  # taps 0, 1, 2
    assert float(above[-1]) == 0  # taps 6, 7, 8 never see it


values = st.floats(-1e3, 1e3, width=32)
ragged = st.lists(
    st.integers(1, 40).flatmap(lambda n: arrays.arrays(np.float32, (n, 2), elements=values)), min_size=1, max_size=5
)


@settings(max_examples=30, deadline=None)
@given(series=ragged, extra=st.integers(0, 70), garbage=st.sampled_from([0.0, 7.0, float("nan")]))
def test_a_vector_depends_on_its_series_alone(series: list[np.ndarray], extra: int, garbage: float) -> None:
    channel = usual_channel()
    batch = batch_of(series)
    values = torch.nn.functional.pad(batch.values, (0, 0, 0, extra))
    values[~Sequences(values, batch.lengths).mask] = garbage
    together = channel.shares(Sequences(values, batch.lengths))
    for row, one in enumerate(series):
        assert torch.equal(together[row], channel.shares(batch_of([one]))[0])


@settings(max_examples=30, deadline=None)
@given(value=st.floats(-50, 50, width=32), length=st.integers(1, 40))
def test_constant_series_give_the_same_in_every_batch(value: float, length: int) -> None:
    """Their outputs are exactly 0, where rounding errors would be on either side of a bias."""
    channel = usual_channel()
    constant = np.full((length, 2), value, np.float32)
    alone, together = (channel(batch_of(s))[0] for s in ([constant], [constant, *drawn_series()]))
    torch.testing.assert_close(alone, together, rtol=0, atol=1e-6)


def test_the_untrained_cosine_is_that_of_the_scaled_features() -> None:
    """As many components as there are directions: none of what differs between the training series is lost."""
    series = drawn_series(count=10)
    channel = KernelChannel(2, ROUNDS, 32, 0.5)
    fit_kernels(channel, Ragged.of(series), 0)
    features = channel.shares(batch_of(series)).double().numpy()
    scaled = (features - features.mean(0)) / (features.std(0) + 0.01)
    norms = np.linalg.norm(scaled, axis=1)
    expected = scaled @ scaled.T / norms[:, None] / norms
    vectors = channel(batch_of(series)).detach().numpy()
    np.testing.assert_allclose(vectors @ vectors.T, expected, rtol=0, atol=1e-4)
    assert not vectors[:, 9:].any()


@pytest.mark.parametrize("share", [0.2, 0.5, 1.0])
def test_a_joined_cosine_is_the_average_of_both(share: float) -> None:
    model, sequences = joint(share=share), batch_of(drawn_series(seed=3))
    assert model.space.dim == (DIM if share == 1 else 16 + DIM)
    assert model.kernels is not None
    recurrent = torch.nn.functional.normalize(model.vectors_of(model.encoder(sequences)), dim=1)
    own = model.kernels(sequences)
    vectors = model.encode(sequences)
    expected = (1 - share) * recurrent @ recurrent.T + share * own @ own.T
    torch.testing.assert_close(vectors @ vectors.T, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("mapped", [True, False])
def test_the_map_and_the_share_are_trained_and_nothing_else(mapped: bool) -> None:
    model = joint(mapped=mapped)
    left, right = (batch_of(drawn_series(seed=seed, count=4)) for seed in (3, 4))
    model(PairBatch(left, right, torch.tensor([1.0, 0, 1, 0]), torch.arange(4))).score.sum().backward()
    assert model.kernels is not None
    trained = dict(model.kernels.named_parameters())
    assert set(trained) == ({"logit", "map"} if mapped else {"logit"})
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in trained.values())


def test_in_bfloat16_it_stays_exact() -> None:
    channel, sequences = channel_of(), batch_of(drawn_series())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(channel(sequences), channel(sequences.to(torch.device("cpu"))))
        rounded = channel(sequences)
    assert torch.equal(rounded, channel(sequences))


def test_the_seed_draws_the_kernels() -> None:
    one, again, other = (channel_of(12, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(one[name], again[name]) for name in one)
    assert not torch.equal(one["mix"], other["mix"])
    assert not torch.equal(one["bias"], other["bias"])
    counts = one["mix"].sum(2)
    assert (int(counts.min()), int(counts.max())) == (1, 9)


@pytest.mark.parametrize("series", [[np.ones((1, 2), np.float32)], [np.ones((3, 2), np.float32)] * 4], ids=len)
def test_training_series_that_do_not_differ_give_no_direction(series: list[np.ndarray]) -> None:
    channel = KernelChannel(2, ROUNDS, DIM, 0.5)
    fit_kernels(channel, Ragged.of(series), 0)
    vectors = channel(batch_of(drawn_series()))
    assert not vectors.any()
    vectors.sum().backward()


def test_dilations_that_no_series_reaches_are_harmless() -> None:
    channel = channel_of()
    channel.dilation.fill_(2**40)
    assert channel.shares(batch_of(drawn_series())).isfinite().all()
    assert len(channel.shares(batch_of(drawn_series()))[0]) == ROUNDS * KERNELS


def test_texts_have_no_kernels() -> None:
    with pytest.raises(ConfigError, match="texts have no numbers to convolve") as caught:
        build_siamese(Blueprint(inputs="tokens", size=5, encoder=EncoderConfig(kernels={}), **PARTS), seed=0)
    assert caught.value.place == "encoder.kernels"


def test_a_class_per_step_does_not_use_it() -> None:
    with pytest.raises(ValueError, match=r"does not use encoder\.kernels: convolution kernels are those of a whole"):
        StepHead(joint(), 3)
