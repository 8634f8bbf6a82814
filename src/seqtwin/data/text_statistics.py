"""Statistics of texts: lengths, scripts and numbers."""

import unicodedata
from collections import Counter
from collections.abc import Sequence

import numpy as np


def mean_and_most(lengths: Sequence[int]) -> tuple[float, int]:
    """The mean and the largest length."""
    return float(np.mean(lengths)), max(lengths)


def number_share(texts: Sequence[str]) -> float:
    """The share of words with a digit; 0 for texts without words.

    >>> number_share(["nokia 6300", "usb2 cable"])
    0.5
    """
    words = [word for text in texts for word in text.split()]
    return sum(any(sign.isdigit() for sign in word) for word in words) / max(1, len(words))


def scripts_of(texts: Sequence[str]) -> dict[str, float]:
    """The share of each script among the letters, most frequent first.

    >>> scripts_of(["Rome", "Рим!"])
    {'latin': 0.571..., 'cyrillic': 0.428...}
    """
    letters = Counter(letter for text in texts for letter in text if letter.isalpha())
    scripts: Counter[str] = Counter()
    for letter, count in letters.items():
        scripts[unicodedata.name(letter, "unknown").split()[0].lower()] += count
    return {script: count / scripts.total() for script, count in scripts.most_common()}
