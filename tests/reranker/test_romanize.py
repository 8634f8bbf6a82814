"""Romanization: names whose Latin spelling is known, and properties of any text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from seqtwin.reranker.romanize import consonants, romanize


@pytest.mark.parametrize(
    ("text", "latin"),
    [
        ("плешаково", "pleshakovo"),
        ("щука", "shchuka"),
        ("харьков", "kharkov"),
        ("さくら", "sakura"),
        ("ソウル", "souru"),
        ("서울", "seoul"),
        ("αθηνα", "athena"),
        ("ملوس", "mlws"),
        ("فارسی", "farsy"),
        ("חיפה", "hyph"),
        ("กรุง", "kr"),
        ("北京", "北京"),
        ("straße", "straße"),
        ("plain 12", "plain 12"),
    ],
)
def test_other_alphabets_in_latin(text: str, latin: str) -> None:
    assert romanize(text).startswith(latin)


@pytest.mark.parametrize(
    ("left", "right"), [("Ярославль", "Yaroslavl"), ("Θεσσαλονικη", "Thessaloniki"), ("حلب", "Halab")]
)
def test_the_consonants_of_one_name_agree(left: str, right: str) -> None:
    assert consonants(romanize(left.lower())) == consonants(right.lower())


@given(st.text(max_size=30))
def test_any_text_is_romanized_and_only_once(text: str) -> None:
    latin = romanize(text)
    assert romanize(latin) == latin or not latin.isascii()
    assert all(a != b for a, b in zip(consonants(latin), consonants(latin)[1:], strict=False))
