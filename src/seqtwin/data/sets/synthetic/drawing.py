"""Random token ids of a probe, with keys at given places and fillers elsewhere, and distinct texts from them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FREE = -1  # place of a filler
BEHIND = 0  # after the end of the sequence
ROUNDS = 200  # attempts to draw fillers that give a new text


@dataclass(frozen=True)
class Shape:
    """Lengths and vocabulary of the sequences. Ids 1 to `keys` are keys, larger ids below `vocabulary` are fillers."""

    shortest: int
    longest: int
    keys: int
    vocabulary: int


@dataclass(frozen=True)
class Drawn:
    """Ids [pairs, longest] of both sides, without fillers yet, and the true target of each pair."""

    left: np.ndarray
    right: np.ndarray
    target: np.ndarray


Fill = Callable[[np.ndarray, np.ndarray, Shape, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def lengths_of(shape: Shape, count: int, rng: np.random.Generator) -> np.ndarray:
    """Random lengths Int[count], uniform from shortest to longest."""
    return rng.integers(shape.shortest, shape.longest + 1, size=count)


def halves(count: int, rng: np.random.Generator) -> np.ndarray:
    """A random mask Bool[count] with half of the pairs true (the same)."""
    return rng.permutation(np.arange(count) < count // 2)


def key_pair(same: np.ndarray, shape: Shape, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random key for each side: the same key where `same` is true, otherwise another one."""
    left = rng.integers(0, shape.keys, size=len(same))
    other = (left + rng.integers(1, shape.keys, size=len(same))) % shape.keys
    return left + 1, np.where(same, left, other) + 1


def anywhere(lengths: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Distinct random places [pairs, most] within each sequence."""
    draw = rng.random((len(lengths), int(lengths.max())))
    draw[np.arange(draw.shape[1]) >= lengths[:, None]] = np.inf
    return np.argsort(draw, axis=1)[:, :most]


def placed(lengths: np.ndarray, places: np.ndarray, keys: np.ndarray, shape: Shape) -> np.ndarray:
    """Ids [pairs, longest] with the keys [pairs, most] at their places. A key 0 is ignored.

    >>> placed(np.array([3]), np.array([[1]]), np.array([[7]]), Shape(2, 4, 16, 64)).tolist()
    [[-1, 7, -1, 0]]
    """
    ids = np.where(np.arange(shape.longest) < lengths[:, None], FREE, BEHIND)
    rows, columns = np.nonzero(keys)
    ids[rows, places[rows, columns]] = keys[rows, columns]
    return ids


def fill_each(
    left: np.ndarray, right: np.ndarray, shape: Shape, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides with independent random fillers."""
    return _filled(left, shape, rng), _filled(right, shape, rng)


def fill_alike(
    left: np.ndarray, right: np.ndarray, shape: Shape, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides with the same fillers in different orders. Both must have equally many free places."""
    whole = _filled(left, shape, rng)
    draw = rng.random(left.shape)
    draw[left != FREE] = np.inf
    order = np.argsort(draw, axis=1)
    free = right == FREE
    mixed = np.take_along_axis(whole, order, axis=1)
    other = right.copy()
    other[free] = mixed[np.arange(right.shape[1]) < free.sum(axis=1)[:, None]]
    return whole, other


def _filled(ids: np.ndarray, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    fillers = rng.integers(shape.keys + 1, shape.vocabulary, size=ids.shape)
    return np.where(ids == FREE, fillers, ids)


def texts_of(
    drawn: Drawn, fill: Fill, shape: Shape, taken: set[str], rng: np.random.Generator
) -> tuple[list[str], list[str]]:
    """The texts of both sides, none of which is in `taken`. They are added to `taken`.

    Raises: ValueError if there are not enough different texts.
    """
    words = _words(shape)
    texts: dict[int, tuple[str, str]] = {}
    for _ in range(ROUNDS):
        todo = [row for row in range(len(drawn.target)) if row not in texts]
        if not todo:
            return [texts[row][0] for row in sorted(texts)], [texts[row][1] for row in sorted(texts)]
        left, right = fill(drawn.left[todo], drawn.right[todo], shape, rng)
        _keep_new(texts, todo, _spelled(left, words), _spelled(right, words), taken)
    cause = f"no new texts could be drawn for {len(drawn.target) - len(texts)} pairs"
    raise ValueError(f"{cause}: use fewer pairs, longer sequences or a larger vocabulary")


def _keep_new(
    texts: dict[int, tuple[str, str]], rows: list[int], left: list[str], right: list[str], taken: set[str]
) -> None:
    for row, pair in zip(rows, zip(left, right, strict=True), strict=True):
        if len(set(pair) - taken) == 2:
            texts[row] = pair
            taken.update(pair)


def _words(shape: Shape) -> list[str]:
    """The words by id: keys `k00`, `k01`, ..., then fillers `f00`, `f01`, ..."""
    fillers = shape.vocabulary - shape.keys - 1
    return ["", *(f"k{i:02d}" for i in range(shape.keys)), *(f"f{i:02d}" for i in range(fillers))]


def _spelled(ids: np.ndarray, words: list[str]) -> list[str]:
    return [" ".join(words[i] for i in row if i != BEHIND) for row in ids.tolist()]
