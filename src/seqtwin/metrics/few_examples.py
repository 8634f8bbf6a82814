"""Warnings about classes (same and different pairs, or classes of a head) with fewer than ten examples."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

FEWEST = 10  # with fewer, a single example changes a metric by more than most differences between encoders
_NAMED = 3

Counts = dict[str, int]


def pair_counts(target: npt.ArrayLike, cut: float) -> Counts:
    """The numbers of same pairs (target >= cut) and of different pairs.

    >>> pair_counts([1, 0, .7], cut=.5)
    {'same': 2, 'different': 1}
    """
    same = int((np.asarray(target, dtype=np.float64) >= cut).sum())
    return {"same": same, "different": int(np.size(target)) - same}


def class_counts(target: npt.ArrayLike, classes: Sequence[str]) -> Counts:
    """The number of examples of each class. `target`: class indices.

    >>> class_counts([0, 0, 1], ["yes", "no"])
    {'yes': 2, 'no': 1}
    """
    counts = np.bincount(np.asarray(target, dtype=np.int64), minlength=len(classes))
    return {name: int(count) for name, count in zip(classes, counts, strict=True)}


def few(counts: Mapping[str, int]) -> Counts:
    """The counts below ten, smallest first; empty when every count is at least ten.

    >>> few({"same": 4, "different": 96})
    {'same': 4}
    """
    return {name: counts[name] for name in sorted(counts, key=lambda name: counts[name]) if counts[name] < FEWEST}


def few_positives(target: npt.ArrayLike, cut: float) -> Counts:
    """The numbers of same and of different pairs that are below ten; empty when there are ten of each.

    >>> few_positives([1, 1, 0] + [0] * 20, cut=.5), few_positives([1, 0] * 10, cut=.5)
    ({'same': 2}, {})
    """
    return few(pair_counts(target, cut))


def few_pairs_sentence(counts: Mapping[str, Mapping[str, int]]) -> str:
    """A warning that metrics rest on very few pairs; empty when each split has ten same and ten different pairs.

    `counts`: `pair_counts` by split.

    >>> few_pairs_sentence({"dev": {"same": 3, "different": 97}, "test": {"same": 1, "different": 50}})
    'The metrics rest on very few pairs: 3 same pairs in dev and 1 same pair in test.'
    >>> few_pairs_sentence({"test": {"same": 10, "different": 50}})
    ''
    """
    parts = [f"{_number(n, f'{name} pair')} in {split}" for split, kinds in counts.items() for name, n in _few(kinds)]
    return f"The metrics rest on very few pairs: {_listed(parts)}." if parts else ""


def few_classes_sentence(counts: Mapping[str, int]) -> str:
    """A warning that lists the classes with fewer than ten test examples; empty when every class has ten.

    `counts`: `class_counts` of test.

    >>> few_classes_sentence({"yes": 40, "no": 3})
    'The metrics of 1 of 2 classes rest on fewer than ten test examples: no (3).'
    """
    rare = _few(counts)
    if not rare:
        return ""
    more = [f"{len(rare) - _NAMED} more"] if len(rare) > _NAMED else []
    shown = _listed([f"{name} ({n})" for name, n in rare[:_NAMED]] + more)
    return f"The metrics of {len(rare)} of {len(counts)} classes rest on fewer than ten test examples: {shown}."


def _few(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    return list(few(counts).items())


def _number(count: int, noun: str) -> str:
    return f"{count or 'no'} {noun}{'' if count == 1 else 's'}"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]
