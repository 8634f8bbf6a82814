"""The lexical features: against scikit-learn and plain loops, and exactly symmetric."""

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.metrics import jaccard_score

from seqtwin.reranker.lexical_features import LEXICAL, WordWeights, feature_names, fold_text, lexical_features

CORPUS = ["red lamp 40w", "lamp red", "blue lamp 60 w", "Café Éclair", "cafe eclair", "", "Крутой", "krutoi"]
WEIGHTS = WordWeights.of(CORPUS)


def column(name: str, left: str, right: str) -> float:
    return float(lexical_features([left], [right], WEIGHTS)[0, feature_names().index(name)])


@given(st.text(max_size=40), st.text(max_size=40))
def test_both_orders_have_exactly_the_same_features(left: str, right: str) -> None:
    forth, back = lexical_features([left], [right], WEIGHTS), lexical_features([right], [left], WEIGHTS)
    assert forth.shape == (1, len(feature_names()))
    assert np.isfinite(forth).all()
    assert forth.tobytes() == back.tobytes()


@given(st.lists(st.sampled_from(CORPUS), min_size=2, max_size=8))
def test_the_features_of_a_pair_do_not_depend_on_other_pairs(texts: list[str]) -> None:
    together = lexical_features(texts[1:], texts[:-1], WEIGHTS)
    alone = [lexical_features([a], [b], WEIGHTS)[0] for a, b in zip(texts[1:], texts[:-1], strict=True)]
    np.testing.assert_array_equal(together, np.array(alone))


def test_the_overlap_of_grams_is_that_of_scikit_learn() -> None:
    left, right = "red lamp 40w", "blue lamp 60 w"
    counts = CountVectorizer(analyzer="char_wb", ngram_range=(2, 4), binary=True).fit_transform([left, right])
    assert column("gram_overlap", left, right) == jaccard_score(*counts.toarray())


def test_the_weights_of_repeated_words_are_the_smoothed_idf_of_scikit_learn() -> None:
    folded = [fold_text(text) for text in sorted(set(CORPUS))]
    vectorizer = TfidfVectorizer(token_pattern=r"\w+").fit(folded)
    for word, place in vectorizer.vocabulary_.items():
        assert math.isclose(WEIGHTS.weight(word), vectorizer.idf_[place])


def test_rare_overlap_by_a_plain_loop() -> None:
    a, b = {"red", "lamp", "40w"}, {"lamp", "red"}
    expected = sum(map(WEIGHTS.weight, a & b)) / sum(map(WEIGHTS.weight, a | b))
    assert math.isclose(column("rare_overlap", "red lamp 40w", "lamp red"), expected)


def test_numbers_accents_and_scripts() -> None:
    assert column("number_conflict", "lamp 40w", "lamp 60w") == 1.0
    assert column("number_conflict", "lamp 40w", "lamp") == 0.0
    assert column("numbers_on_one_side", "lamp 40w", "lamp") == 1.0
    assert column("edits", "Café Éclair", "cafe eclair") == 1.0
    assert column("edits_in_latin", "Крутой", "krutoi") == 1.0
    assert column("edits_of_sorted_words", "lamp red", "red lamp") == 1.0
    assert column("most_unread", "北京", "beijing") == 1.0
    assert column("common_start", "lampe", "lamp") == 1.0


def test_no_pairs_have_no_rows() -> None:
    assert lexical_features([], [], WEIGHTS).shape == (0, len(feature_names()))
    assert len(set(feature_names())) == len(feature_names()) > len(LEXICAL)
