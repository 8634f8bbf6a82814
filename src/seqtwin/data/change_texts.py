"""CHANGES: random changes that names and other texts undergo in practice, such as typos and abbreviations.

To add one: a function like those below, one line in CHANGES, and a field of `AugmentConfig`. Words with a digit are
changed by none but swaps: another number usually means another thing.
"""

import unicodedata
from bisect import bisect
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from seqtwin.data.grapheme_clusters import grapheme_clusters

Word = list[str]  # grapheme clusters
Words = list[Word]
ABBREVIATED = 2  # the fewest letters that an abbreviation keeps, and the fewest that it leaves out


@dataclass(frozen=True)
class Alphabet:
    """The letters of some texts by script, in lower case, with how often they occur up to each of them.

    >>> Alphabet.of(["Rome", "Рим"]).scripts["CYRILLIC"][0]
    ('р', 'и', 'м')
    """

    scripts: Mapping[str, tuple[tuple[str, ...], tuple[int, ...]]]

    @staticmethod
    def of(texts: Iterable[str]) -> "Alphabet":
        """The alphabet of some texts."""
        counts: dict[str, Counter[str]] = {}
        for letter, count in Counter(c for text in texts for c in grapheme_clusters(text) if is_letter(c)).items():
            counts.setdefault(_script(letter), Counter())[letter.lower()] += count
        return Alphabet({name: (tuple(own), tuple(accumulate(own.values()))) for name, own in counts.items()})

    def draw(self, like: str, rng: np.random.Generator) -> str:
        """A random letter of the script of `like`, in its case. Frequent letters are frequent."""
        letters, upto = self.scripts.get(_script(like), ((like,), (1,)))
        letter = letters[bisect(upto, int(rng.integers(upto[-1])))]
        return letter.upper() if like.isupper() else letter


def is_letter(cluster: str) -> bool:
    """Whether a grapheme cluster is a letter of any script."""
    return cluster[0].isalpha()


def _script(letter: str) -> str:
    return unicodedata.name(letter[0], "UNKNOWN").split(" ")[0]


def split_words(text: str) -> Words:
    """The words of a text between blanks, as grapheme clusters.

    >>> split_words("Bad  Ems")
    [['B', 'a', 'd'], ['E', 'm', 's']]
    """
    return [grapheme_clusters(word) for word in text.split()]


def join_words(words: Words) -> str:
    """The text of some words."""
    return " ".join("".join(word) for word in words)


def change_words(
    words: Words, rates: Mapping[str, float], alphabet: Alphabet, rng: np.random.Generator
) -> tuple[Words, frozenset[str]]:
    """The words after random changes, and the names of the changes that were made.

    `rates`: the probability of each change at each word, by its name in CHANGES.

    >>> change_words([["J", "o", "e"], ["B", "i", "d"]], {"swaps": 1.0}, Alphabet({}), np.random.default_rng(0))
    ([['B', 'i', 'd'], ['J', 'o', 'e']], frozenset({'swaps'}))
    """
    made = set()
    for name, rate in rates.items():
        places = np.flatnonzero(rng.random(len(words)) < rate)
        for place in reversed(places.tolist()):  # from the end, because a dropped word moves the others
            changed = CHANGES[name](words, place, alphabet, rng)
            if changed is not None and changed != words:
                words = changed
                made.add(name)
    return words, frozenset(made)


def _with(words: Words, place: int, word: Word) -> Words:
    return [*words[:place], word, *words[place + 1 :]]


def _letters(word: Word) -> list[int]:
    """The places of the letters of a word; none if it has a digit or fewer than two letters."""
    places = [place for place, cluster in enumerate(word) if is_letter(cluster)]
    return places if len(places) > 1 and not _has_digit(word) else []


def _has_digit(word: Word) -> bool:
    return any(cluster[0].isdigit() for cluster in word)


def _insert(word: Word, place: int, alphabet: Alphabet, rng: np.random.Generator) -> Word:
    return [*word[: place + 1], alphabet.draw(word[place], rng), *word[place + 1 :]]


def _delete(word: Word, place: int, _: Alphabet, __: np.random.Generator) -> Word:
    return [*word[:place], *word[place + 1 :]]


def _replace(word: Word, place: int, alphabet: Alphabet, rng: np.random.Generator) -> Word:
    return [*word[:place], alphabet.draw(word[place], rng), *word[place + 1 :]]


def _transpose(word: Word, place: int, _: Alphabet, __: np.random.Generator) -> Word:
    """Exchange a letter and the next one, or the one before it at the end of the word."""
    first = place if place + 1 < len(word) and is_letter(word[place + 1]) else place - 1
    if first < 0 or not is_letter(word[first]):
        return word
    return [*word[:first], word[first + 1], word[first], *word[first + 2 :]]


TYPOS = (_insert, _delete, _replace, _transpose)


def make_typo(words: Words, place: int, alphabet: Alphabet, rng: np.random.Generator) -> Words | None:
    """A letter inserted, deleted, replaced or exchanged with its neighbour; all four are equally likely.

    None for a word with a digit or with fewer than two letters.
    """
    letters = _letters(words[place])
    if not letters:
        return None
    kind, letter = TYPOS[rng.integers(len(TYPOS))], letters[rng.integers(len(letters))]
    return _with(words, place, kind(words[place], letter, alphabet, rng))


def abbreviate(words: Words, place: int, _: Alphabet, rng: np.random.Generator) -> Words | None:
    """The first letters of the word, at least two; with a full stop in half of the cases.

    None for a word with a digit, or in which fewer than two letters would be left out.
    """
    word, most = words[place], len(words[place]) - ABBREVIATED
    if len(_letters(word)) < len(word) or most < ABBREVIATED:
        return None
    return _with(words, place, [*word[: rng.integers(ABBREVIATED, most + 1)], *_full_stop(rng)])


def make_initial(words: Words, place: int, _: Alphabet, rng: np.random.Generator) -> Words | None:
    """The first letter of the word; with a full stop in half of the cases.

    None for a word with a digit, and where no other word would have more than an initial.
    """
    word = words[place]
    others = [*words[:place], *words[place + 1 :]]
    if not _letters(word) or not is_letter(word[0]) or not any(_letters(other) for other in others):
        return None
    return _with(words, place, [word[0], *_full_stop(rng)])


def _full_stop(rng: np.random.Generator) -> Sequence[str]:
    return ["."] if rng.random() < 0.5 else []


def swap(words: Words, place: int, _: Alphabet, __: np.random.Generator) -> Words | None:
    """The word exchanged with the next one. None for the last word."""
    if place + 1 == len(words):
        return None
    return [*words[:place], words[place + 1], words[place], *words[place + 2 :]]


def drop(words: Words, place: int, _: Alphabet, __: np.random.Generator) -> Words | None:
    """The words without this one. None for a word with a digit, and where no other word has two letters."""
    others = [*words[:place], *words[place + 1 :]]
    return others if not _has_digit(words[place]) and any(_letters(other) for other in others) else None


Change = Callable[[Words, int, Alphabet, np.random.Generator], Words | None]

# typos come last, because they may hit an abbreviation, too
CHANGES: dict[str, Change] = {
    "drops": drop,
    "swaps": swap,
    "abbreviations": abbreviate,
    "initials": make_initial,
    "typos": make_typo,
}
