"""Token ids of a probe: keys at their places, fillers around them, every text only once."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

FREE = -1  # a filler will stand here
BEHIND = 0  # the sequence has ended
ROUNDS = 200  # of drawing fillers anew where a text stood elsewhere already


@dataclass(frozen=True)
class Shape:
    """What the sequences of a probe look like: ids 1 to `keys` are keys, the others below `vocabulary` are fillers."""

    shortest: int
    longest: int
    keys: int
    vocabulary: int


@dataclass(frozen=True)
class Drawn:
    """Ids [pairs, longest] of both sides, fillers still free, and the true target of each pair."""

    left: np.ndarray
    right: np.ndarray
    target: np.ndarray


Fill = Callable[[np.ndarray, np.ndarray, Shape, np.random.Generator], tuple[np.ndarray, np.ndarray]]


def lengths_of(shape: Shape, count: int, rng: np.random.Generator) -> np.ndarray:
    """Lengths [count], uniform from the shortest to the longest."""
    return rng.integers(shape.shortest, shape.longest + 1, size=count)


def halves(count: int, rng: np.random.Generator) -> np.ndarray:
    """Which of `count` pairs are the same: half of them, in random order."""
    return rng.permutation(np.arange(count) < count // 2)


def key_pair(same: np.ndarray, shape: Shape, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A key for each side, uniform: the same key, or any other."""
    left = rng.integers(0, shape.keys, size=len(same))
    other = (left + rng.integers(1, shape.keys, size=len(same))) % shape.keys
    return left + 1, np.where(same, left, other) + 1


def anywhere(lengths: np.ndarray, most: int, rng: np.random.Generator) -> np.ndarray:
    """Different places [pairs, most] within each sequence, uniform and in random order."""
    draw = rng.random((len(lengths), int(lengths.max())))
    draw[np.arange(draw.shape[1]) >= lengths[:, None]] = np.inf
    return np.argsort(draw, axis=1)[:, :most]


def placed(lengths: np.ndarray, places: np.ndarray, keys: np.ndarray, shape: Shape) -> np.ndarray:
    """Ids [pairs, longest] with keys [pairs, most] at their places; a key 0 is none.

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
    """Both sides with fillers of their own, each uniform and independent."""
    return _filled(left, shape, rng), _filled(right, shape, rng)


def fill_alike(
    left: np.ndarray, right: np.ndarray, shape: Shape, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Both sides with the same fillers, the right ones in another order: as many must be free on both sides."""
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
    """The texts of both sides. None of them is in `taken`, where all of them stand afterwards.

    Raises: ValueError when there are not enough different texts.
    """
    words = _words(shape)
    found: dict[int, tuple[str, str]] = {}
    for _ in range(ROUNDS):
        todo = [row for row in range(len(drawn.target)) if row not in found]
        if not todo:
            return [found[row][0] for row in sorted(found)], [found[row][1] for row in sorted(found)]
        left, right = fill(drawn.left[todo], drawn.right[todo], shape, rng)
        _keep_new(found, todo, _spelled(left, words), _spelled(right, words), taken)
    cause = f"{len(drawn.target) - len(found)} pairs found no text that is not taken yet"
    raise ValueError(f"{cause}: ask for fewer pairs, longer sequences or a larger vocabulary")


def _keep_new(
    found: dict[int, tuple[str, str]], rows: list[int], left: list[str], right: list[str], taken: set[str]
) -> None:
    for row, pair in zip(rows, zip(left, right, strict=True), strict=True):
        if len(set(pair) - taken) == 2:
            found[row] = pair
            taken.update(pair)


def _words(shape: Shape) -> list[str]:
    """The words by id: `k00` is the first key, `f00` the first filler."""
    fillers = shape.vocabulary - shape.keys - 1
    return ["", *(f"k{i:02d}" for i in range(shape.keys)), *(f"f{i:02d}" for i in range(fillers))]


def _spelled(ids: np.ndarray, words: list[str]) -> list[str]:
    return [" ".join(words[i] for i in row if i != BEHIND) for row in ids.tolist()]
