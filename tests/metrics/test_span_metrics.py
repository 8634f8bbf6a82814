"""Spans and their F1 against the rules of conlleval, written out here one by one, and against cases done by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.metrics import Undefined
from seqtwin.metrics.spans import are_spans, span_f1, spans_of

TAGS = ["O", *(f"{mark}-{kind}" for mark in "BIESLU" for kind in ("PER", "LOC"))]
tagged = st.lists(st.sampled_from(TAGS), max_size=12)


def parts(tag):
    return ("O", "") if tag == "O" else tuple(tag.split("-", 1))


def ends(before, before_kind, mark, kind):
    """conlleval: does a span end between two tags? (E and L mark an end, S and U a span of one)"""
    if before in "ELSU":
        return True
    if before in "BI" and mark in "BSUO":
        return True
    return before != "O" and before_kind != kind


def starts(before, before_kind, mark, kind):
    """conlleval: does a span begin between two tags?"""
    if mark in "BSU":
        return True
    if before in "ELSUO" and mark in "IEL":
        return True
    return mark != "O" and before_kind != kind


def plain_spans(tags):
    found, begun, before, before_kind = [], None, "O", ""
    for place, tag in enumerate([*tags, "O"]):
        mark, kind = parts(tag)
        if begun is not None and ends(before, before_kind, mark, kind):
            found.append((before_kind, begun, place - 1))
            begun = None
        if starts(before, before_kind, mark, kind):
            begun = place
        before, before_kind = mark, kind
    return found


@given(tagged)
def test_spans_are_those_of_the_rules(tags):
    assert sorted(spans_of(tags)) == sorted(plain_spans(tags))


@given(st.lists(st.tuples(tagged, tagged).map(lambda both: (both[0][: len(both[1])], both[1][: len(both[0])]))))
def test_f1_is_that_of_a_plain_loop(rows):
    said, right = [a for a, _ in rows], [b for _, b in rows]
    found = [{(i, *span) for i, tags in enumerate(side) for span in plain_spans(tags)} for side in (said, right)]
    if not any(found):
        with pytest.raises(Undefined, match="no spans"):
            span_f1(said, right)
        return
    hits = len(found[0] & found[1])
    precision, recall = hits / len(found[0]) if found[0] else 0, hits / len(found[1]) if found[1] else 0
    wanted = 2 * precision * recall / (precision + recall) if hits else 0
    assert span_f1(said, right) == pytest.approx(wanted)
    assert span_f1(right, said) == pytest.approx(wanted)


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("", []),
        ("O O", []),
        ("B-PER", [("PER", 0, 0)]),
        ("I-PER", [("PER", 0, 0)]),  # lenient: I without B opens
        ("B-PER I-PER O B-LOC", [("PER", 0, 1), ("LOC", 3, 3)]),
        ("B-PER B-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("I-PER I-PER B-PER", [("PER", 0, 1), ("PER", 2, 2)]),  # IOB1
        ("B-PER I-LOC", [("PER", 0, 0), ("LOC", 1, 1)]),
        ("B-PER I-PER E-PER S-LOC", [("PER", 0, 2), ("LOC", 3, 3)]),
        ("B-PER L-PER U-LOC", [("PER", 0, 1), ("LOC", 2, 2)]),
        ("E-PER I-PER", [("PER", 0, 0), ("PER", 1, 1)]),
        ("B-a-b I-a-b", [("a-b", 0, 1)]),  # a type may hold a hyphen
    ],
)
def test_cases_by_hand(tags, spans):
    assert sorted(spans_of(tags.split())) == sorted(spans)


def test_f1_by_hand():
    right = [["B-PER", "I-PER", "O", "B-LOC"], ["O"]]
    assert span_f1(right, right) == 1.0
    assert span_f1([["O"] * 4, ["O"]], right) == 0.0
    assert span_f1([["B-PER", "O", "O", "B-LOC"], ["B-LOC"]], right) == pytest.approx(2 * 1 / (3 + 2))


@pytest.mark.parametrize(
    ("tags", "wanted"),
    [
        (["O", "B-PER", "I-PER"], True),
        (["U-x", "L-x", "B-x", "I-x"], True),
        (["O"], False),
        ([], False),
        (["O", "NOUN"], False),
        (["B-", "O"], False),
        (["X-PER", "O"], False),
    ],
)
def test_tags_of_spans_are_known(tags, wanted):
    assert are_spans(tags) is wanted


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="one predicted tag per true tag"):
        span_f1([["O"]], [["O", "O"]])
    with pytest.raises(ValueError, match="NOUN"):
        span_f1([["NOUN"]], [["O"]])
    with pytest.raises(Undefined, match="no spans"):
        span_f1([], [])
