"""Rules that read two texts, never a target: what a probe asks for, and what a limited reader can see of it."""

from collections import Counter
from collections.abc import Callable

Rule = Callable[[str, str], float]


def keys(text: str) -> list[str]:
    """The keys of a text, in their order.

    >>> keys("f03 k07 f21 k00")
    ['k07', 'k00']
    """
    return [word for word in text.split() if word.startswith("k")]


def last_word(left: str, right: str) -> float:
    """1 when the last words are equal."""
    one, other = left.split(), right.split()
    return float(one[-1] == other[-1])


def first_word(left: str, right: str) -> float:
    """1 when the first words are equal."""
    one, other = left.split(), right.split()
    return float(one[0] == other[0])


def middle_word(left: str, right: str) -> float:
    """1 when the words in the middle, at floor(length / 2), are equal."""
    one, other = left.split(), right.split()
    return float(one[len(one) // 2] == other[len(other) // 2])


def only_key(left: str, right: str) -> float:
    """1 when the keys are equal, wherever they stand."""
    return float(keys(left) == keys(right))


def key_order(left: str, right: str) -> float:
    """1 when the keys stand in the same order."""
    return float(keys(left) == keys(right))


def key_overlap(left: str, right: str) -> float:
    """Keys of both sides over keys of either, each counted as often as it stands there.

    >>> key_overlap("k00 k00 f01", "k00 k01")
    0.3333333333333333
    """
    one, other = Counter(keys(left)), Counter(keys(right))
    return (one & other).total() / (one | other).total()


def key_set_overlap(left: str, right: str) -> float:
    """The same with each key counted once: what is left where multiplicity is lost.

    >>> key_set_overlap("k00 k00 f01", "k00 k01")
    0.5
    """
    one, other = set(keys(left)), set(keys(right))
    return len(one & other) / len(one | other)


def key_parity(left: str, right: str) -> float:
    """1 when both sides have an odd number of keys, or both an even one."""
    return float(len(keys(left)) % 2 == len(keys(right)) % 2)


def length_gap(left: str, right: str) -> float:
    """How much the lengths differ: what a reader of lengths learns to take for sameness in P9."""
    return float(abs(len(left.split()) - len(right.split())))


def bag_overlap(left: str, right: str) -> float:
    """Words of both sides over words of either, as often as they stand there: a reader blind to order."""
    one, other = Counter(left.split()), Counter(right.split())
    return (one & other).total() / (one | other).total()
