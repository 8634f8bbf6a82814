"""The share of the gates of an LSTM that comes from its input, computed before the recurrence."""

from dataclasses import dataclass

import torch
from torch import Tensor

from seqtwin.model.lstm.layout import Layout
from seqtwin.model.lstm.products import linear


@dataclass(frozen=True)
class Share:
    """The share of the gates that comes from the input, including both biases, as rows of a table.

    `table` [rows 4*hidden]: for tokens it has few rows, one per distinct token and direction. `places` [directions
    steps]: the row of each packed step.
    """

    table: Tensor
    places: Tensor


def share_of_vectors(vectors: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from vectors [batch time dim]: one row of the table per packed step."""
    inputs = packed(vectors.to(weight.dtype), layout)
    rows = [linear(x, w, b) for x, w, b in zip(inputs, weight, bias, strict=True)]
    return Share(torch.cat(rows), torch.arange(layout.times.numel()).view(layout.times.shape))


def share_of_table(vectors: Tensor, rows: Tensor, layout: Layout, weight: Tensor, bias: Tensor) -> Share:
    """The share that comes from a few `vectors` [distinct dim]; `rows` [batch time]: the vector of each step."""
    table = linear(vectors.to(weight.dtype), weight.flatten(0, 1), bias.flatten())
    return Share(table.view(-1, bias.shape[1]), places_of(rows, layout))


def places_of(rows: Tensor, layout: Layout) -> Tensor:
    """The rows of a table of shares, which has one per vector and direction: [directions steps]."""
    directions = len(layout.times)
    return packed(rows, layout) * directions + torch.arange(directions)[:, None]


def packed(padded: Tensor, layout: Layout) -> Tensor:
    """The entries of a batch [batch time ...] at each packed step: [directions steps ...]."""
    places = layout.rows * padded.shape[1] + layout.times
    # by one axis: indexing by two takes several times as long, forward and backward
    return padded.flatten(0, 1).index_select(0, places.flatten()).unflatten(0, places.shape)
