"""Neither the order of a batch nor pads move a vector; where they do it is seen."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import tiny
from seqtwin.data.batches import Ragged
from seqtwin.model.representations import REPRESENTATIONS
from seqtwin.records import States
from seqtwin.training.diagnostics.invariance import of_one_length, padded, padding_deviation, permutation_deviation

ITEMS = tiny.store(40).items


def plain(name: str) -> Any:
    return {"name": "join", "parts": ["mean_output"]} if name == "join" else name


@pytest.mark.parametrize("name", REPRESENTATIONS)
@pytest.mark.parametrize("layers", [1, 2])
def test_a_right_representation_moves_by_neither(name: str, layers: int) -> None:
    model = tiny.siamese(plain(name), layers=layers)
    assert permutation_deviation(model, ITEMS) < 1e-6
    assert padding_deviation(model, ITEMS) < 1e-6


class WrongView(nn.Module):
    """h_n as PyTorch gives it, (layers * directions, batch, hidden), flattened as if the batch came first."""

    def forward(self, states: States) -> Tensor:
        return states.hidden.flatten(1, 2).transpose(0, 1).reshape(len(states.hidden), -1)


def test_a_wrong_view_of_the_final_state_moves_with_the_order_of_the_batch() -> None:
    model = tiny.siamese("all_hidden")
    model.representation = WrongView()
    assert permutation_deviation(model, ITEMS) > 1e-3
    assert padding_deviation(model, ITEMS) < 1e-6


@pytest.mark.parametrize("name", ["final_hidden", "last_output", "mean_output"])
def test_pads_that_are_read_move_it_and_the_order_does_not(name: str) -> None:
    model = tiny.siamese(name, padding="read")
    assert padding_deviation(model, ITEMS) > 1e-3
    assert permutation_deviation(model, ITEMS) < 1e-6


def test_items_are_cut_to_the_median_length() -> None:
    items = Ragged.of([np.arange(1, 1 + n) for n in (1, 2, 3, 5, 9)])
    batch = of_one_length(items)
    assert batch.values.tolist() == [[1, 2, 3]] * 3
    assert batch.lengths.tolist() == [3, 3, 3]
    assert padded(batch, 2).values.tolist() == [[1, 2, 3, 0, 0]] * 3
    assert padded(batch, 2).lengths.tolist() == [3, 3, 3]


def test_series_and_single_items() -> None:
    series = Ragged.of([np.ones((4, 3), np.float32)])
    batch = padded(of_one_length(series))
    assert batch.values.shape == (1, 12, 3)
    assert not batch.values[:, 4:].any()


def test_the_mode_is_given_back_and_dropout_is_off() -> None:
    model = tiny.siamese(layers=2, dropout=0.5).train()
    world = torch.random.get_rng_state()
    assert padding_deviation(model, ITEMS) < 1e-6
    assert model.training
    assert torch.equal(torch.random.get_rng_state(), world)
