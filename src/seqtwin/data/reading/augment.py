"""More texts for an auto-encoder: training texts in which some words gave way to other training words.

An auto-encoder that only sees natural texts learns what usually follows what; these make it learn to copy.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.split_examples import form

WORD = re.compile(r"\w+")
SHARE = 0.3  # of the words of a copy


def with_substituted(data: Examples, copies: int, *, seed: int) -> Examples:
    """The same examples and, for every training text, so many copies of it with words replaced.

    Raises: ValueError where what is to be written is not the text itself.
    """
    train = data.rows("train")
    if any(data.items[row] != data.targets[row] for row in train):
        raise ValueError("substituted: only an auto-encoder, whose target is its input, can have its words replaced")
    texts = [data.items[row] for row in train]
    held = {form(data.items[row]) for split in ("dev", "test") for row in data.rows(split)}
    copied = substituted(texts * copies, np.random.default_rng([seed, 3]))
    made = [text for text in copied if form(text) not in held]  # no text of dev or test stands in train
    return replace(
        data,
        items=[*data.items, *made],
        targets=[*data.targets, *made],
        split=[*data.split, *["train"] * len(made)],
        notes=(
            *data.notes,
            f"{len(made):,} training texts more: {copies} copies of each, with words replaced by others",
        ),
    )


def substituted(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Each text with about three words in ten replaced by any of the distinct words of all, equally likely.

    >>> substituted(["a b"], np.random.default_rng(0))[0] in {"a b", "a a", "b b", "b a"}
    True
    """
    words = sorted({word for text in texts for word in WORD.findall(text)})

    def other(found: "re.Match[str]") -> str:
        return str(words[rng.integers(len(words))]) if rng.random() < SHARE else found.group()

    return [WORD.sub(other, text) for text in texts]
