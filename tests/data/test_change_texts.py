"""Each change of a text against what it is meant to be: edit distances of rapidfuzz, prefixes, permutations."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from seqtwin.config import AugmentConfig
from seqtwin.data.change_texts import CHANGES, Alphabet, change_words, is_letter, join_words, split_words
from seqtwin.data.grapheme_clusters import grapheme_clusters

NAMES = ["Saint Petersburg", "Αθήνα Αττικής", "東京都 新宿区", "ประเทศไทย น้ำ", "क्षितिज नगर", "Cafe\u0301 de la Paix"]
ALPHABET = Alphabet.of(NAMES)
TEXTS = st.lists(st.text(st.characters(exclude_categories=["Z", "C"]), min_size=1, max_size=8), min_size=1, max_size=5)


def change(text: str, seed: int = 0, **rates: float) -> str:
    return join_words(change_words(split_words(text), rates, ALPHABET, np.random.default_rng(seed))[0])


def test_a_config_has_a_probability_for_each_change() -> None:
    rates = dict.fromkeys(CHANGES, 0.5)
    assert list(AugmentConfig.model_validate(rates).rates) == list(CHANGES)
    assert AugmentConfig().rates == {}


@pytest.mark.parametrize("name", ["Petersburg", "Αθήνα", "東京都", "ประเทศไทย", "Cafe\u0301"])
def test_a_typo_is_one_edit_of_one_letter_of_the_same_script(name: str) -> None:
    before = grapheme_clusters(name)
    after = [grapheme_clusters(change(name, seed, typos=1.0)) for seed in range(200)]
    assert {OSA.distance(before, own) for own in after} <= {0, 1}
    assert Counter(len(own) - len(before) for own in after).keys() == {-1, 0, 1}
    assert any(sorted(own) == sorted(before) and own != before for own in after), "letters are exchanged"
    letters = {letter for script in ALPHABET.scripts.values() for letter in script[0]}
    known = {letter.casefold() for letter in (*letters, *before)}
    assert {letter.casefold() for own in after for letter in own} <= known
    added = {letter for own in after for letter in own} - set(before)
    assert added
    assert {script for letter in added for script in Alphabet.of([letter]).scripts} == {*Alphabet.of([name]).scripts}


def test_letters_are_drawn_as_often_as_they_occur_and_in_the_case_of_the_old_one() -> None:
    alphabet, rng = Alphabet.of(["aab", "AЖ"]), np.random.default_rng(0)
    drawn = Counter(alphabet.draw("x", rng) for _ in range(4000))
    assert drawn["a"] / 4000 == pytest.approx(3 / 4, abs=0.03)
    assert {alphabet.draw("X", rng) for _ in range(50)} == {"A", "B"}
    assert alphabet.draw("ж", rng) == "ж"
    assert alphabet.draw("ω", rng) == "ω", "a script that train lacks"


def test_an_abbreviation_is_a_prefix_with_or_without_a_full_stop() -> None:
    found = {change("Street", seed, abbreviations=1.0) for seed in range(100)}
    assert found == {f"{'Street'[:n]}{stop}" for n in (2, 3, 4) for stop in ("", ".")}
    assert change("Rue", abbreviations=1.0) == "Rue"
    assert change("क्षितिज", abbreviations=1.0) == "क्षितिज", "three letters that readers see"


def test_an_initial_leaves_another_word_in_full() -> None:
    assert {change("John Smith", seed, initials=1.0) for seed in range(40)} == {"John S", "John S."}
    assert change("Krutoy", initials=1.0) == "Krutoy"
    assert change("क्षितिज नगर", initials=0.999).split()[0] == "क्षितिज"


def test_words_are_swapped_and_dropped() -> None:
    assert change("a b", swaps=1.0) == "b a"
    assert {change("Bad Ems", seed, drops=0.5) for seed in range(40)} == {"Bad Ems", "Bad", "Ems"}
    assert change("Bad", drops=1.0) == "Bad"


@given(TEXTS, st.integers(0, 5))
def test_no_change_empties_a_text_and_none_divides_a_letter(words: list[str], seed: int) -> None:
    text = " ".join(words)
    changed = change(text, seed, **dict.fromkeys(CHANGES, 0.5))
    assert changed.strip()
    known = {cluster.casefold() for own in (text, *words, *NAMES) for cluster in grapheme_clusters(own)} | {".", " "}
    pieces = {
        cluster for word in change_words(split_words(text), {"typos": 1.0}, ALPHABET, _rng(seed))[0] for cluster in word
    }
    assert {piece.casefold() for piece in pieces} <= known


@given(TEXTS, st.integers(0, 5))
def test_words_with_a_digit_are_only_moved(words: list[str], seed: int) -> None:
    text = " ".join([*words, "x2007", "ab"])
    rates = dict.fromkeys(CHANGES, 0.7)
    numbers = Counter(word for word in text.split() if any(sign.isdigit() for sign in word))
    kept = Counter(change(text, seed, **rates).split())
    assert numbers["x2007"]
    assert all(kept[word] >= count for word, count in numbers.items())


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_each_change_happens_as_often_as_its_probability() -> None:
    text = " ".join(["Petersburg"] * 9 + ["Leningrad"])
    rng, counts = np.random.default_rng(1), Counter()
    for _ in range(2000):
        counts.update(change_words(split_words(text), {"abbreviations": 0.02, "typos": 0.01}, ALPHABET, rng)[1])
    assert counts["abbreviations"] / 2000 == pytest.approx(1 - 0.98**10, abs=0.03)
    assert counts["typos"] / 2000 == pytest.approx(1 - 0.99**10, abs=0.03)


def test_names_of_changes_are_those_that_were_made() -> None:
    words = split_words("6300 42")
    assert change_words(words, dict.fromkeys(CHANGES, 1.0), ALPHABET, _rng(0)) == (words[::-1], frozenset({"swaps"}))
    assert change_words(words, {}, ALPHABET, _rng(0)) == (words, frozenset())
    assert not is_letter("6")
