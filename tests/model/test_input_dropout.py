"""Dropout of the inputs: on in training, on every road alike, off in eval, and nothing of it in the weights."""

from typing import Any

import pytest
import torch
from encoders import EMBEDDING, INPUTS, series, spelled, texts

from seqtwin.lookup import pick
from seqtwin.model.cells import CELLS
from seqtwin.model.encoder import Encoder
from seqtwin.model.run_cell import run_packed, run_stepwise
from seqtwin.records import Sequences

DRAWS: dict[str, Any] = {"tokens": texts, "spelled": spelled, "series": series}
SHARE = 0.5

every_kind = pytest.mark.parametrize("kind", list(INPUTS))


def encoder_of(kind: str, dropout: float = SHARE) -> Encoder:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs = INPUTS[kind](dropout)
        rnn = pick(CELLS, "lstm", "cell", inputs.dim, 6, 1, True, 0.0)
        return Encoder(inputs, "lstm", rnn).double()


def outputs(encoder: Encoder, sequences: Sequences, road: Any = run_stepwise, seed: int = 0) -> torch.Tensor:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return road(encoder.inputs, encoder.rnn, sequences).outputs.detach()


@every_kind
def test_it_is_on_in_training_and_off_in_eval(kind: str) -> None:
    sequences, plain, dropping = DRAWS[kind]((3, 7, 1)), encoder_of(kind, 0.0), encoder_of(kind)
    for road in (run_stepwise, run_packed):
        expected = outputs(plain, sequences, road)
        training = [outputs(dropping.train(), sequences, road, seed) for seed in (0, 1)]
        assert not torch.allclose(training[0], expected, atol=1e-3)
        assert not torch.allclose(training[0], training[1], atol=1e-3)
        assert torch.equal(outputs(dropping.eval(), sequences, road), expected)


@every_kind
@pytest.mark.parametrize("training", [True, False])
def test_both_roads_drop_the_same(kind: str, training: bool) -> None:
    sequences, encoder = DRAWS[kind]((3, 7, 1)), encoder_of(kind).train(training)
    ours, packed = (outputs(encoder, sequences, road) for road in (run_stepwise, run_packed))
    torch.testing.assert_close(ours, packed, rtol=0, atol=1e-12)


@pytest.mark.parametrize("kind", ["tokens", "spelled"])
def test_a_token_is_dropped_alike_wherever_it_stands(kind: str) -> None:
    one = DRAWS[kind]((1,))
    often = Sequences(one.values.expand(4, 5, *one.values.shape[2:]).clone(), torch.full((4,), 5))
    vectors = encoder_of(kind).train().inputs(often)
    assert torch.equal(vectors, vectors[:1, :1].expand_as(vectors))


def test_what_is_kept_grows_by_what_is_lost() -> None:
    inputs = INPUTS["tokens"](0.25)
    sequences = Sequences(torch.arange(9)[None], torch.tensor([9]))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        inputs.embedding.weight.fill_(1.0)
        draws = torch.stack([inputs(sequences) for _ in range(400)])
    assert draws.unique().tolist() == pytest.approx([0.0, 4 / 3])
    assert float((draws == 0).double().mean()) == pytest.approx(0.25, abs=0.02)
    assert draws.shape[-1] == EMBEDDING


@every_kind
def test_it_has_no_weights(kind: str) -> None:
    assert list(encoder_of(kind).state_dict()) == list(encoder_of(kind, 0.0).state_dict())
