"""Labelled pairs made from texts that have no labels: a list to be deduplicated, or pairs that are all the same.

A list gives same pairs (a text and a changed copy of it) and different pairs (two texts with similar spelling).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from rapidfuzz.distance import Levenshtein

from seqtwin.data.change_texts import Alphabet, change_words, join_words, split_words
from seqtwin.data.split_examples import form
from seqtwin.errors import DataError

RATES = {"drops": 0.05, "swaps": 0.1, "abbreviations": 0.05, "typos": 0.25}
MOST_TEXTS = 5000
FEWEST_TEXTS = 20
TRIES = 20  # to change a text in such a way that it is no other text of the list
NEIGHBOURS = 10  # next texts by their first letters, among which the most similar one is looked for
OTHERS = 30  # further texts, at random
LIKELY_SAME = 0.8  # texts with a higher similarity may be the same thing, and are no different pair


@dataclass(frozen=True)
class MadePair:
    """A pair and its label: 1 same, 0 different."""

    left: str
    right: str
    label: int


def pairs_from_list(texts: Sequence[str], *, seed: int = 0) -> list[MadePair]:
    """Same and different pairs from the distinct texts of a list, of at most 5,000 of them.

    Two texts A and B with similar spelling give four pairs: A and B each with a changed copy (same), A with B and A
    with the copy of B (different). No other pair has these texts, so they can be split without sharing a text.

    Raises: DataError for a list with fewer than 20 distinct texts that can be changed.
    """
    rng = np.random.default_rng(seed)
    distinct = list({form(text): text for text in texts if text.strip()}.values())
    chosen = [distinct[i] for i in np.sort(rng.permutation(len(distinct))[:MOST_TEXTS])]
    copies = _changed_copies(chosen, {form(text) for text in distinct}, rng)
    if len(copies) < FEWEST_TEXTS:
        cause = f"expected a list of at least {FEWEST_TEXTS} distinct texts with letters, got {len(copies)}"
        raise DataError("LIST_SMALL", cause, remedy="label pairs by hand instead: left, right and label")
    return [pair for left, right in _similar(sorted(copies), rng) for pair in _four(left, right, copies)]


def _four(a: str, b: str, copies: dict[str, str]) -> list[MadePair]:
    same = [MadePair(a, copies[a], 1), MadePair(b, copies[b], 1)]
    return [*same, MadePair(a, b, 0), MadePair(a, copies[b], 0)]


def _changed_copies(texts: Sequence[str], taken: set[object], rng: np.random.Generator) -> dict[str, str]:
    """A changed copy of each text that can be changed into something that is no other text or copy."""
    alphabet, copies, used = Alphabet.of(texts), dict[str, str](), set(taken)
    for text in texts:
        words = split_words(text)
        for _ in range(TRIES):
            copy = join_words(change_words(words, RATES, alphabet, rng)[0])
            if copy.strip() and form(copy) not in used:
                copies[text] = copy
                used.add(form(copy))
                break
    return copies


def _similar(texts: Sequence[str], rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Each text with the one of most similar spelling among some that are left, unless they may be the same."""
    left = set(range(len(texts)))
    for at in rng.permutation(len(texts)).tolist():
        if at not in left:
            continue
        left.discard(at)
        near = range(at - NEIGHBOURS, at + NEIGHBOURS + 1)
        others = [*near, *rng.integers(len(texts), size=OTHERS).tolist()]
        rated = [(Levenshtein.normalized_similarity(texts[at], texts[i]), -i) for i in others if i in left]
        usual = [pair for pair in rated if pair[0] < LIKELY_SAME]
        if usual:
            partner = -max(usual)[1]
            left.discard(partner)
            yield texts[at], texts[partner]
