"""LEXICAL, EDITED: similarities of the spelling of two texts, one function per feature, symmetric in the two texts.

To add one: a function and a line in a dict at the end. The names are saved with a re-ranker. One with other names is
refused, because a saved forest must get the features that it was fitted to.
"""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from seqtwin.reranker.romanize import consonants, romanize

LONGEST = 200  # characters that are compared: the cost of an edit distance is quadratic
GRAMS = (2, 3, 4)
_WORD = re.compile(r"\w+")
_ACCENTS = re.compile(r"[\u0300-\u036f]")

Words = frozenset[str]


def fold_text(text: str) -> str:
    """The first 200 characters in lower case, without accents, with single blanks. Vowel signs of other scripts stay.

    >>> fold_text("Café  ÉCLAIR")
    'cafe eclair'
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text[: 2 * LONGEST]).casefold())
    return " ".join(plain.split())[:LONGEST]


@dataclass(frozen=True)
class WordWeights:
    """The weight of each word, higher for a rare one: 1 + log((1 + n) / (1 + count)), count of n texts.

    `counts`: of the words that are in two or more texts; every other word counts as in one.
    """

    texts: int
    counts: Mapping[str, int]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "WordWeights":
        """The weights in some texts.

        >>> WordWeights.of(["red lamp", "red chair"]).counts
        {'red': 2}
        """
        distinct = sorted(set(texts))
        counts = Counter(word for text in distinct for word in set(_WORD.findall(fold_text(text))))
        return cls(len(distinct), {word: counts[word] for word in sorted(counts) if counts[word] > 1})

    def weight(self, word: str) -> float:
        """The weight of a word."""
        return 1.0 + math.log((1 + self.texts) / (1 + self.counts.get(word, 1)))

    def total(self, words: Words) -> float:
        """The sum of the weights. It is rounded only once: the order of the words does not matter."""
        return math.fsum(map(self.weight, words))

    def largest(self, words: Words) -> float:
        """The largest weight; 0 without words."""
        return max(map(self.weight, words), default=0.0)


@dataclass(frozen=True)
class Side:
    """One text of a pair, folded, in the forms that the features compare."""

    text: str
    weights: WordWeights

    @cached_property
    def words(self) -> list[str]:
        """The words in order."""
        return _WORD.findall(self.text)

    @cached_property
    def bag(self) -> Words:
        """The distinct words."""
        return frozenset(self.words)

    @cached_property
    def total(self) -> float:
        """The sum of the weights of the distinct words."""
        return self.weights.total(self.bag)

    @cached_property
    def numbers(self) -> Words:
        """The words with a digit."""
        return frozenset(word for word in self.bag if any(letter.isdigit() for letter in word))

    @cached_property
    def grams(self) -> Words:
        """The n-grams of 2 to 4 characters of each word, whose ends are marked by blanks."""
        framed = [f" {word} " for word in self.bag]
        return frozenset(word[i : i + n] for word in framed for n in GRAMS for i in range(len(word) - n + 1))

    @cached_property
    def latin(self) -> str:
        """The letters and digits in Latin script, without blanks."""
        return "".join(letter for letter in romanize(self.text) if letter.isalnum())

    @cached_property
    def unread(self) -> float:
        """The share of letters without a reading in Latin script."""
        return _share(sum(not letter.isascii() for letter in self.latin), len(self.latin))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _inclusion(a: Words, b: Words) -> float:
    return _share(len(a & b), min(len(a), len(b)))


def _jaccard(a: Words, b: Words) -> float:
    return _share(len(a & b), len(a | b))


def rare_overlap(a: Side, b: Side) -> float:
    """The weight of the shared words, as a share of the weight of all words."""
    return _share(a.weights.total(a.bag & b.bag), a.weights.total(a.bag | b.bag))


def rare_inclusion(a: Side, b: Side) -> float:
    """The weight of the shared words, as a share of the lighter text."""
    return _share(a.weights.total(a.bag & b.bag), min(a.total, b.total))


def ratio(a: float, b: float) -> float:
    """The smaller number as a share of the larger.

    >>> ratio(2, 4), ratio(0, 0)
    (0.5, 0.0)
    """
    return _share(min(a, b), max(a, b))


def common_start(a: Side, b: Side) -> float:
    """The length of the common beginning, as a share of the shorter text."""
    shorter = min(len(a.text), len(b.text))
    equal = (place for place in range(shorter) if a.text[place] != b.text[place])
    return _share(next(equal, shorter), shorter)


LEXICAL: dict[str, Callable[[Side, Side], float]] = {
    "word_overlap": lambda a, b: _jaccard(a.bag, b.bag),
    "rare_overlap": rare_overlap,
    "rare_inclusion": rare_inclusion,
    "rarest_shared": lambda a, b: a.weights.largest(a.bag & b.bag),
    "rarest_unshared": lambda a, b: a.weights.largest(a.bag ^ b.bag),
    "unshared_words": lambda a, b: math.log1p(len(a.bag ^ b.bag)),
    "gram_overlap": lambda a, b: _jaccard(a.grams, b.grams),
    "gram_inclusion": lambda a, b: _inclusion(a.grams, b.grams),
    "number_overlap": lambda a, b: _jaccard(a.numbers, b.numbers),
    "number_conflict": lambda a, b: float(bool(a.numbers - b.numbers) and bool(b.numbers - a.numbers)),
    "numbers_on_one_side": lambda a, b: float(bool(a.numbers) != bool(b.numbers)),
    "length_ratio": lambda a, b: ratio(len(a.text), len(b.text)),
    "word_count_ratio": lambda a, b: ratio(len(a.words), len(b.words)),
    "same_first_word": lambda a, b: float(a.words[:1] == b.words[:1]),
    "same_last_word": lambda a, b: float(a.words[-1:] == b.words[-1:]),
    "common_start": common_start,
    "most_unread": lambda a, b: max(a.unread, b.unread),
    "least_unread": lambda a, b: min(a.unread, b.unread),
}
EDITED: dict[str, Callable[[Side], str]] = {
    "edits": lambda side: side.text,
    "edits_of_sorted_words": lambda side: " ".join(sorted(side.words)),
    "edits_in_latin": lambda side: side.latin,
    "edits_of_consonants": lambda side: consonants(side.latin),
}
"""Forms of a text whose edit similarity is a feature."""


def edit_similarities(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """The edit similarity of each pair, Float64[pairs], in [0, 1]. Two empty texts have 1.

    Formula: 1 - d / max(|a|, |b|) with the Levenshtein distance d.

    >>> edit_similarities(["kitten", ""], ["sitting", ""]).round(4)
    array([0.5714, 1.    ])
    """
    # one worker: encoders run with the threads that their user gives them
    scores = cpdist(left, right, scorer=Levenshtein.normalized_similarity, dtype=np.float64, workers=1)
    return np.asarray(scores)


def feature_names() -> list[str]:
    """The names of the features, in the order of the columns."""
    return [*LEXICAL, *EDITED]


def lexical_features(left: Sequence[str], right: Sequence[str], weights: WordWeights) -> np.ndarray:
    """The features of each pair, Float[pairs features]. Both orders of two texts have exactly the same features.

    >>> row = lexical_features(["red lamp"], ["lamp, red"], WordWeights(0, {}))[0]
    >>> float(row[0]), float(row[feature_names().index("edits_of_sorted_words")])
    (1.0, 1.0)
    """
    sides = {text: Side(fold_text(text), weights) for text in {*left, *right}}
    pairs = [(sides[a], sides[b]) for a, b in zip(left, right, strict=True)]
    plain = np.array([[feature(a, b) for feature in LEXICAL.values()] for a, b in pairs])
    edited = [edit_similarities([form(a) for a, _ in pairs], [form(b) for _, b in pairs]) for form in EDITED.values()]
    return np.column_stack([plain.reshape(len(pairs), len(LEXICAL)), *edited])
