"""Additional training texts for an auto-encoder: copies in which some words are replaced by other training words.

From natural texts alone, an auto-encoder learns which words usually follow others. These copies make it learn to copy.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from seqtwin.data.examples import Examples
from seqtwin.data.split_examples import form

WORD = re.compile(r"\w+")
SHARE = 0.3  # of the words of a copy are replaced


def with_substituted(data: Examples, copies: int, *, seed: int) -> Examples:
    """The examples with additional copies of every training text in which words are replaced.

    Raises: ValueError if a target is not the text itself.
    """
    train = data.rows("train")
    if any(data.items[row] != data.targets[row] for row in train):
        raise ValueError("substituted: words can only be replaced for an auto-encoder, whose targets are its inputs")
    texts = [data.items[row] for row in train]
    reserved = {form(data.items[row]) for split in ("dev", "test") for row in data.rows(split)}
    copied = substituted(texts * copies, np.random.default_rng([seed, 3]))
    new = [text for text in copied if form(text) not in reserved]  # train must not contain texts of dev or test
    return replace(
        data,
        items=[*data.items, *new],
        targets=[*data.targets, *new],
        split=[*data.split, *["train"] * len(new)],
        notes=(
            *data.notes,
            f"{len(new):,} additional training texts: {copies} copies of each, with some words replaced",
        ),
    )


def substituted(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """The texts with about three words in ten replaced, each by a random one of the distinct words of all texts.

    >>> substituted(["a b"], np.random.default_rng(0))[0] in {"a b", "a a", "b b", "b a"}
    True
    """
    words = sorted({word for text in texts for word in WORD.findall(text)})

    def replace_some(word: "re.Match[str]") -> str:
        return str(words[rng.integers(len(words))]) if rng.random() < SHARE else word.group()

    return [WORD.sub(replace_some, text) for text in texts]
