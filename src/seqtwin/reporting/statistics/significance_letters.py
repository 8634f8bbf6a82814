"""Tie groups as letters: two members share a letter if they do not differ significantly."""

import string
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALPHABET = string.ascii_letters + string.digits


def tie_groups(apart: NDArray[np.bool_]) -> list[frozenset[int]]:
    """The largest groups in which no two members differ. `apart`: whether two differ, [n, n], symmetric.

    Source: Piepho, An algorithm for a letter-based representation of all-pairwise comparisons, 2004.

    >>> sorted(map(sorted, tie_groups(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool))))
    [[0, 1], [1, 2]]
    """
    groups = {frozenset(range(len(apart)))}
    for one, other in zip(*np.nonzero(np.triu(apart)), strict=True):
        groups = _split(groups, int(one), int(other))
    return sorted(groups, key=sorted)


def _split(groups: set[frozenset[int]], one: int, other: int) -> set[frozenset[int]]:
    torn = [group for group in groups if one in group and other in group]
    whole = groups.difference(torn)
    pieces = {piece for group in torn for piece in (group - {one}, group - {other})}
    return whole | {piece for piece in pieces if not _inside(piece, whole | pieces)}


def _inside(piece: frozenset[int], groups: set[frozenset[int]]) -> bool:
    return any(piece < group for group in groups)


def letters(apart: NDArray[np.bool_], order: Sequence[int]) -> list[str]:
    """The letters of each member. `order`: the members, best first; groups get letters in the order of their best.

    >>> letters(np.array([[0, 0, 1], [0, 0, 0], [1, 0, 0]], dtype=bool), [2, 1, 0])
    ['b', 'ab', 'a']
    """
    place = {index: rank for rank, index in enumerate(order)}
    groups = [sorted(place[i] for i in group if i in place) for group in tie_groups(apart)]
    ranked = sorted(group for group in groups if group)
    named: list[str] = [""] * len(apart)
    for letter, group in zip(ALPHABET, ranked, strict=False):
        for rank in group:
            named[order[rank]] += letter
    return named
