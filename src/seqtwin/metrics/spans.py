"""Spans in tagged sequences (BIO, IOB, BIOES, BILOU), and the F1 of exact spans with their type."""

import re
from collections.abc import Collection, Sequence

import numpy as np

from seqtwin.metrics.pairs import Undefined

OUTSIDE = "O"
TAG = re.compile(r"([BIESLU])-(.+)", re.DOTALL)
INNER = frozenset("IEL")  # marks that can go on with a span
OPEN = frozenset("BI")  # marks after which a span can go on

Span = tuple[str, int, int]


def are_spans(tags: Collection[str]) -> bool:
    """Whether these are the tags of spans: O, or a mark B, I, E, S, L or U with a type; not O alone.

    >>> are_spans(["O", "B-PER", "I-PER"]), are_spans(["NOUN", "O"]), are_spans(["O"])
    (True, False, False)
    """
    marked = [tag for tag in tags if tag != OUTSIDE]
    return bool(marked) and all(TAG.fullmatch(tag) for tag in marked)


def spans_of(tags: Sequence[str]) -> set[Span]:
    """Type, first and last place of every span.

    A span goes on with I, E or L of its type after B or I; any other mark opens one, I without B before it too.
    Source: Tjong Kim Sang and Buchholz 2000, Introduction to the CoNLL-2000 Shared Task (its program conlleval).

    >>> sorted(spans_of(["B-LOC", "I-LOC", "O", "I-PER", "S-PER"]))
    [('LOC', 0, 1), ('PER', 3, 3), ('PER', 4, 4)]
    """
    found: set[Span] = set()
    opened, last = 0, (OUTSIDE, "")
    for place, tag in enumerate([*tags, OUTSIDE]):
        here = _parts(tag)
        goes_on = here[0] in INNER and last[0] in OPEN and here[1] == last[1]
        if not goes_on:
            if last[0] != OUTSIDE:
                found.add((last[1], opened, place - 1))
            opened = place
        last = here
    return found


def _parts(tag: str) -> tuple[str, str]:
    if tag == OUTSIDE:
        return OUTSIDE, ""
    match = TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"expected O or a tag such as B-PER, got '{tag}'")
    return match[1], match[2]


def span_f1(said: Sequence[Sequence[str]], right: Sequence[Sequence[str]]) -> float:
    """F1 over the spans of all sequences; a span is found when its type, its first and its last place are right.

    Formula: 2 found / (spans said + spans that are right).

    Raises: Undefined when neither side has a span; ValueError for sequences of other lengths or other tags.

    >>> round(span_f1([["B-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "B-LOC"]]), 6)
    0.5
    """
    if [len(one) for one in said] != [len(one) for one in right]:
        raise ValueError("expected as many tags said as there are right ones, sequence by sequence")
    found = total = 0
    for mine, theirs in zip(said, right, strict=True):
        called, wanted = spans_of(mine), spans_of(theirs)
        found += len(called & wanted)
        total += len(called) + len(wanted)
    if not total:
        raise Undefined("there are no spans, neither said nor right")
    return 2 * found / total


def measure_span_f1(
    said: np.ndarray, right: np.ndarray, lengths: np.ndarray, classes: Sequence[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """`span_f1` of class indices of all steps, sequence by sequence, or why it has none; nothing where the classes are
    no tags of spans."""
    if not are_spans(classes):
        return {}, {}
    ends = np.cumsum(lengths)[:-1]
    tags = ([[classes[i] for i in one] for one in np.split(ids, ends)] for ids in (said, right))
    try:
        return {"span_f1": span_f1(*tags)}, {}
    except Undefined as nothing:
        return {}, {"span_f1": nothing.reason}
