"""PROBES: the synthetic tasks, each with the pairs it draws, the oracle that solves it and its usual lengths.

Keys are the evidence, fillers are noise. By default half of the pairs are the same, and lengths and fillers are uniform
and independent. Source: the design of Maini et al. 2020 (evidence at the start, in the middle, at the end), extended.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from seqtwin.data.sets.synthetic import oracles
from seqtwin.data.sets.synthetic.drawing import (
    Drawn,
    Fill,
    Shape,
    anywhere,
    fill_alike,
    fill_each,
    halves,
    key_pair,
    lengths_of,
    placed,
)

MOST_KEYS = 8  # of P7 and P10
POOL = 4  # number of different keys in a pair of P7, to get repetitions

Draw = Callable[[Shape, int, str, np.random.Generator], Drawn]
Places = Callable[[np.ndarray, np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Probe:
    """One task. `lengths`: the usual shortest and longest length; `least`: the smallest possible length."""

    title: str
    draw: Draw
    oracle: oracles.Rule
    lengths: tuple[int, int] = (6, 16)
    least: int = 2
    fill: Fill = fill_each
    graded: bool = False


def _one_key(places: Places) -> Draw:
    """Pairs with one key per side at a given place. Same: equal keys."""

    def draw(shape: Shape, count: int, _split: str, rng: np.random.Generator) -> Drawn:
        same = halves(count, rng)
        lengths = lengths_of(shape, count, rng), lengths_of(shape, count, rng)
        return _with_key(same, lengths, places, shape, rng)

    return draw


def _with_key(
    same: np.ndarray, lengths: tuple[np.ndarray, np.ndarray], places: Places, shape: Shape, rng: np.random.Generator
) -> Drawn:
    keys = key_pair(same, shape, rng)
    left, right = (
        placed(own, places(own, rng)[:, None], key[:, None], shape) for own, key in zip(lengths, keys, strict=True)
    )
    return Drawn(left, right, same.astype(float))


def _end(lengths: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    return lengths - 1


def _start(lengths: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    return np.zeros_like(lengths)


def _middle(lengths: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    return lengths // 2


def _any(lengths: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return rng.integers(0, lengths)


def _unequal_lengths(shape: Shape, count: int, split: str, rng: np.random.Generator) -> Drawn:
    """P9: length equality indicates the target in train and dev, and the opposite in test."""
    same = halves(count, rng)
    left, other = lengths_of(shape, count, rng), rng.integers(0, shape.longest - shape.shortest, size=count)
    right = shape.shortest + other
    right += right >= left  # any other length than on the left
    differ = same if split != "test" else ~same
    return _with_key(same, (left, np.where(differ, right, left)), _any, shape, rng)


def _order(shape: Shape, count: int, _split: str, rng: np.random.Generator) -> Drawn:
    """P6: keys 1 and 2 once per side. Same: equal order. Both sides have the same words."""
    same = halves(count, rng)
    lengths = lengths_of(shape, count, rng)
    first = rng.random(count) < 0.5
    left, right = (
        placed(lengths, np.sort(anywhere(lengths, 2, rng), axis=1), np.where(order[:, None], [1, 2], [2, 1]), shape)
        for order in (first, first == same)
    )
    return Drawn(left, right, same.astype(float))


def _overlap(shape: Shape, count: int, _split: str, rng: np.random.Generator) -> Drawn:
    """P7: 1 to 8 keys per side. The target is their overlap as multisets. A random share of the keys is common."""
    numbers = rng.integers(1, MOST_KEYS + 1, size=(2, count))
    left, fresh = (_from_pool(shape, count, rng) for _ in range(2))
    common = np.round(rng.random(count) * numbers.min(axis=0)).astype(int)
    right = np.where(np.arange(MOST_KEYS) < common[:, None], left, fresh)
    sides = [
        np.where(np.arange(MOST_KEYS) < n[:, None], keys, 0) for n, keys in zip(numbers, (left, right), strict=True)
    ]
    tallies = [(side[:, :, None] == np.arange(1, shape.keys + 1)).sum(axis=1) for side in sides]
    target = np.minimum(*tallies).sum(axis=1) / np.maximum(*tallies).sum(axis=1)
    return _scattered(sides, target, shape, rng)


def _from_pool(shape: Shape, count: int, rng: np.random.Generator) -> np.ndarray:
    pool = rng.integers(1, shape.keys + 1, size=(count, POOL))
    return np.take_along_axis(pool, rng.integers(0, POOL, size=(count, MOST_KEYS)), axis=1)


def _parity(shape: Shape, count: int, _split: str, rng: np.random.Generator) -> Drawn:
    """P10: 1 to 8 keys per side. Same: both numbers of keys are odd, or both are even.

    The numbers differ by 0, 2 or 4, or by 1 or 3, drawn to keep difference and sum uncorrelated with the target.
    """
    same = halves(count, rng)
    gap = np.where(same, rng.choice([0, 2, 2, 4], size=count), rng.choice([1, 3], size=count))
    low = rng.integers(1, MOST_KEYS - 3, size=count)
    swap = rng.random(count) < 0.5
    numbers = np.where(swap, low, low + gap), np.where(swap, low + gap, low)
    keys = rng.integers(1, shape.keys + 1, size=(2, count, MOST_KEYS))
    sides = [np.where(np.arange(MOST_KEYS) < n[:, None], own, 0) for n, own in zip(numbers, keys, strict=True)]
    return _scattered(sides, same.astype(float), shape, rng)


def _scattered(sides: list[np.ndarray], target: np.ndarray, shape: Shape, rng: np.random.Generator) -> Drawn:
    """Pairs with the keys [pairs, 8] of both sides (0 = none) at random places in sequences of random lengths."""
    left, right = (_scattered_side(keys, lengths_of(shape, len(target), rng), shape, rng) for keys in sides)
    return Drawn(left, right, target)


def _scattered_side(keys: np.ndarray, lengths: np.ndarray, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    return placed(lengths, anywhere(lengths, MOST_KEYS, rng), keys, shape)


COUNTED = (MOST_KEYS, 16)  # lengths with room for all keys

PROBES: dict[str, Probe] = {
    "P1": Probe("key at the end", _one_key(_end), oracles.last_word),
    "P2": Probe("key at the start", _one_key(_start), oracles.first_word),
    "P3": Probe("key in the middle", _one_key(_middle), oracles.middle_word),
    "P4": Probe("key anywhere", _one_key(_any), oracles.only_key),
    "P5": Probe("key at the start, lengths very unequal", _one_key(_start), oracles.first_word, (3, 16)),
    "P6": Probe("order of two keys", _order, oracles.key_order, fill=fill_alike),
    "P7": Probe("overlap of up to 8 keys", _overlap, oracles.key_overlap, COUNTED, MOST_KEYS, graded=True),
    "P8": Probe("key anywhere, many fillers", _one_key(_any), oracles.only_key, (64, 64)),
    "P9": Probe("key anywhere, lengths mislead", _unequal_lengths, oracles.only_key),
    "P10": Probe("parity of the number of keys", _parity, oracles.key_parity, COUNTED, MOST_KEYS),
}
