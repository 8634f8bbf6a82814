"""What texts are like: their lengths and their scripts."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np


def mean_and_most(lengths: Sequence[int]) -> tuple[float, int]:
    """The mean length and the greatest."""
    return float(np.mean(lengths)), max(lengths)


def scripts_of(texts: Sequence[str]) -> dict[str, float]:
    """Share of each script among the letters, the most frequent first.

    >>> scripts_of(["Rome", "Рим!"])
    {'latin': 0.571..., 'cyrillic': 0.428...}
    """
    letters = Counter(sign for text in texts for sign in text if sign.isalpha())
    scripts: Counter[str] = Counter()
    for sign, count in letters.items():
        scripts[unicodedata.name(sign, "unknown").split()[0].lower()] += count
    return {script: count / scripts.total() for script, count in scripts.most_common()}
