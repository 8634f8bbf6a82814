"""The distinct ones among many rows of whole numbers, so that each is computed once."""

import torch
from jaxtyping import Int
from torch import Tensor

ODD = 6364136223846793005  # any large odd number: products and sums wrap, and that is fine


def row_sums(rows: Int[Tensor, "rows width"]) -> Int[Tensor, " rows"]:
    """A number for each row, the same for equal rows: numbers that differ prove rows that differ.

    They cost far less to sort than the rows themselves.
    """
    weights = torch.arange(1, rows.shape[1] + 1, device=rows.device) * ODD | 1
    return (rows * weights).sum(1)


def distinct(rows: Int[Tensor, "rows width"]) -> tuple[Int[Tensor, "found width"], Int[Tensor, " rows"]]:
    """The rows without repetition, and where each row stands among them: `found[place]` is `rows`.

    >>> found, place = distinct(torch.tensor([[7, 1], [2, 2], [7, 1]]))
    >>> len(found), found[place].tolist()
    (2, [[7, 1], [2, 2], [7, 1]])
    """
    sums, place = torch.unique(row_sums(rows), return_inverse=True)
    one_of_each = place.new_empty(len(sums)).scatter_(0, place, torch.arange(len(rows), device=rows.device))
    found = rows[one_of_each]
    if torch.equal(found[place], rows):
        return found, place
    return torch.unique(rows, dim=0, return_inverse=True)  # two different rows had one sum
