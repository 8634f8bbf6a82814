"""Grapheme clusters, against the library `regex` on names in all languages of Babel."""

from itertools import accumulate

import pytest
import regex
from babel import Locale, localedata
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.data.grapheme_clusters import grapheme_clusters


def ends(clusters: list[str]) -> set[int]:
    return set(accumulate(map(len, clusters)))


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("e\u0301\u0323e", 2),
        ("ก็น้ำ", 2),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", 2),  # hangul written in parts
        ("நி", 1),
        ("が\u304b\u3099", 2),
        ("👨‍👩‍👧👍🏽", 2),
        ("🇩🇪🇫🇷🇯", 3),
        ("چ\u200cک", 2),
        ("", 0),
    ],
)
def test_what_readers_see_as_one_letter_is_one_cluster(text: str, count: int) -> None:
    found = grapheme_clusters(text)
    assert len(found) == count
    assert found == regex.findall(r"\X", text)


@pytest.mark.long
def test_no_cluster_is_divided_in_any_language() -> None:
    names = {name for code in localedata.locale_identifiers() for name in Locale.parse(code).territories.values()}
    divided = [name for name in names if not ends(grapheme_clusters(name)) <= ends(regex.findall(r"\X", name))]
    same = [name for name in names if grapheme_clusters(name) == regex.findall(r"\X", name)]
    assert divided == []
    assert len(same) > 0.95 * len(names) > 9000


@given(st.text(max_size=30))
def test_the_clusters_joined_are_the_text(text: str) -> None:
    assert "".join(grapheme_clusters(text)) == text
