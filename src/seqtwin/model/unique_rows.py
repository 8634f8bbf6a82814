"""The distinct rows of an integer matrix: each needs to be computed only once."""

import torch
from jaxtyping import Int
from torch import Tensor

ODD = 6364136223846793005  # any large odd number; products and sums may overflow


def row_sums(rows: Int[Tensor, "rows width"]) -> Int[Tensor, " rows"]:
    """A number for each row. Equal rows have equal numbers, so different numbers mean different rows.

    Numbers are much faster to sort than rows. The weights are powers: multiples of one number would give two words the
    same sum as soon as the places of their letters add up alike.
    """
    weights = torch.full((rows.shape[1],), ODD, device=rows.device).cumprod(0)
    return (rows * weights).sum(1)


def distinct(rows: Int[Tensor, "rows width"]) -> tuple[Int[Tensor, "distinct width"], Int[Tensor, " rows"]]:
    """The distinct rows, and the place of each row among them: `unique[place]` is `rows`.

    >>> unique, place = distinct(torch.tensor([[7, 1], [2, 2], [7, 1]]))
    >>> len(unique), unique[place].tolist()
    (2, [[7, 1], [2, 2], [7, 1]])
    """
    sums, place = torch.unique(row_sums(rows), return_inverse=True)
    one_of_each = place.new_empty(len(sums)).scatter_(0, place, torch.arange(len(rows), device=rows.device))
    unique = rows.index_select(0, one_of_each)
    if torch.equal(unique.index_select(0, place), rows):
        return unique, place
    return torch.unique(rows, dim=0, return_inverse=True)  # two different rows have the same sum
