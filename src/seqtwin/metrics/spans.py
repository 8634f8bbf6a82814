"""Spans in tagged sequences (BIO, IOB, BIOES, BILOU), and their F1: a span is correct with its exact ends and type."""

import re
from collections.abc import Collection, Sequence

import numpy as np

from seqtwin.metrics.base import Undefined

OUTSIDE = "O"
TAG = re.compile(r"([BIESLU])-(.+)", re.DOTALL)
INNER = frozenset("IEL")  # marks that can continue a span
OPEN = frozenset("BI")  # marks after which a span can continue

Span = tuple[str, int, int]


def are_spans(tags: Collection[str]) -> bool:
    """Whether these are tags of spans: O, or one of the marks B, I, E, S, L, U with a type. O alone is not enough.

    >>> are_spans(["O", "B-PER", "I-PER"]), are_spans(["NOUN", "O"]), are_spans(["O"])
    (True, False, False)
    """
    marked = [tag for tag in tags if tag != OUTSIDE]
    return bool(marked) and all(TAG.fullmatch(tag) for tag in marked)


def spans_of(tags: Sequence[str]) -> set[Span]:
    """The type, first and last place of every span.

    I, E or L continues a span of its type after B or I. Any other mark starts a span, as does I without B before it.
    Source: Tjong Kim Sang and Buchholz 2000, Introduction to the CoNLL-2000 Shared Task (its program conlleval).

    >>> sorted(spans_of(["B-LOC", "I-LOC", "O", "I-PER", "S-PER"]))
    [('LOC', 0, 1), ('PER', 3, 3), ('PER', 4, 4)]
    """
    spans: set[Span] = set()
    opened, last = 0, (OUTSIDE, "")
    for place, tag in enumerate([*tags, OUTSIDE]):
        here = _parts(tag)
        continues = here[0] in INNER and last[0] in OPEN and here[1] == last[1]
        if not continues:
            if last[0] != OUTSIDE:
                spans.add((last[1], opened, place - 1))
            opened = place
        last = here
    return spans


def _parts(tag: str) -> tuple[str, str]:
    if tag == OUTSIDE:
        return OUTSIDE, ""
    match = TAG.fullmatch(tag)
    if match is None:
        raise ValueError(f"expected O or a tag such as B-PER, got '{tag}'")
    return match[1], match[2]


def span_f1(predicted: Sequence[Sequence[str]], expected: Sequence[Sequence[str]]) -> float:
    """F1 over the spans of all sequences. A span is correct when its type, first and last place are correct.

    Formula: 2 correct / (predicted spans + expected spans).

    Raises: Undefined when neither side has a span; ValueError for sequences of different lengths, or other tags.

    >>> round(span_f1([["B-PER", "O", "B-LOC"]], [["B-PER", "I-PER", "B-LOC"]]), 6)
    0.5
    """
    if [len(tags) for tags in predicted] != [len(tags) for tags in expected]:
        raise ValueError("expected one predicted tag per true tag in every sequence")
    correct = total = 0
    for tags, true_tags in zip(predicted, expected, strict=True):
        spans, true_spans = spans_of(tags), spans_of(true_tags)
        correct += len(spans & true_spans)
        total += len(spans) + len(true_spans)
    if not total:
        raise Undefined("there are no spans, neither predicted nor true")
    return 2 * correct / total


def measure_span_f1(
    predicted: np.ndarray, expected: np.ndarray, lengths: np.ndarray, classes: Sequence[str]
) -> tuple[dict[str, float], dict[str, str]]:
    """`span_f1` as {name: value}, or {name: reason} where it has no value. Both are empty without tags of spans.

    `predicted`, `expected`: class indices of all steps, sequence by sequence. `lengths`: steps per sequence. `classes`:
    the names of the classes.
    """
    if not are_spans(classes):
        return {}, {}
    ends = np.cumsum(lengths)[:-1]
    tags = ([[classes[i] for i in steps] for steps in np.split(ids, ends)] for ids in (predicted, expected))
    try:
        return {"span_f1": span_f1(*tags)}, {}
    except Undefined as nothing:
        return {}, {"span_f1": nothing.reason}
