"""The Distiller: the vectors of its encoder, and a map whose weights are drawn apart from those of the encoder."""

import pytest
import torch

import tiny
from conftest import ragged_ids
from seqtwin.model.distiller import Distiller
from seqtwin.records import TaughtBatch


def batch(rows: int = 3, width: int = 5) -> TaughtBatch:
    return TaughtBatch(ragged_ids((1, 3, 2)[:rows], 0), torch.zeros(rows, width), torch.arange(rows))


def test_it_returns_the_vectors_and_their_images() -> None:
    model = tiny.siamese("mean_output").eval()
    distiller = Distiller(model, 5, seed=0)
    found = distiller(batch())
    assert torch.equal(found.vectors, model.encode(batch().sequences))
    assert torch.equal(found.mapped, found.vectors @ distiller.map.weight.T)
    assert found.mapped.shape == (3, 5)
    assert distiller.encoder is model.encoder


def test_the_map_depends_on_its_seed_alone() -> None:
    state = torch.random.get_rng_state()
    a, b, other = (Distiller(tiny.siamese(seed=s), 5, seed=m).map.weight for s, m in ((0, 1), (3, 1), (0, 2)))
    assert torch.equal(a, b)
    assert not torch.equal(a, other)
    assert torch.equal(state, torch.random.get_rng_state())


def test_a_width_that_is_no_width_is_refused() -> None:
    with pytest.raises(ValueError, match="width: expected a positive integer"):
        Distiller(tiny.siamese(), 0, seed=0)
