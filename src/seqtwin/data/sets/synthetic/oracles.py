"""Rules that score two texts without the target: the solutions of the probes, and rules with limited information."""

from collections import Counter
from collections.abc import Callable

Rule = Callable[[str, str], float]


def keys(text: str) -> list[str]:
    """The keys of a text, in order.

    >>> keys("f03 k07 f21 k00")
    ['k07', 'k00']
    """
    return [word for word in text.split() if word.startswith("k")]


def last_word(left: str, right: str) -> float:
    """1 if the last words are equal."""
    one, other = left.split(), right.split()
    return float(one[-1] == other[-1])


def first_word(left: str, right: str) -> float:
    """1 if the first words are equal."""
    one, other = left.split(), right.split()
    return float(one[0] == other[0])


def middle_word(left: str, right: str) -> float:
    """1 if the middle words, at floor(length / 2), are equal."""
    one, other = left.split(), right.split()
    return float(one[len(one) // 2] == other[len(other) // 2])


def only_key(left: str, right: str) -> float:
    """1 if the keys are equal, wherever they are."""
    return float(keys(left) == keys(right))


def key_order(left: str, right: str) -> float:
    """1 if the keys have the same order."""
    return float(keys(left) == keys(right))


def key_overlap(left: str, right: str) -> float:
    """The overlap of the keys as multisets: common keys divided by all keys.

    >>> key_overlap("k00 k00 f01", "k00 k01")
    0.3333333333333333
    """
    one, other = Counter(keys(left)), Counter(keys(right))
    return (one & other).total() / (one | other).total()


def key_set_overlap(left: str, right: str) -> float:
    """The same as sets: each key counts once.

    >>> key_set_overlap("k00 k00 f01", "k00 k01")
    0.5
    """
    one, other = set(keys(left)), set(keys(right))
    return len(one & other) / len(one | other)


def key_parity(left: str, right: str) -> float:
    """1 if both numbers of keys are odd, or both are even."""
    return float(len(keys(left)) % 2 == len(keys(right)) % 2)


def length_gap(left: str, right: str) -> float:
    """The difference of the lengths, which a model that only uses lengths learns as similarity in P9."""
    return float(abs(len(left.split()) - len(right.split())))


def bag_overlap(left: str, right: str) -> float:
    """The overlap of the words as multisets, ignoring their order."""
    one, other = Counter(left.split()), Counter(right.split())
    return (one & other).total() / (one | other).total()
