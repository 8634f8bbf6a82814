"""Changed copies of texts, for a teacher to encode: some words are replaced by near ones, left out or moved.

A student sees each train text with one vector. The copies show it what a word contributes. Source: Jiao et al. 2020
(TinyBERT, data augmentation), with the nearest static word vectors instead of a language model.
"""

import os
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from seqtwin.data.tokens.piece_tables import load_wordllama

WORD = re.compile(r"\w+|[^\w\s]")
PARTS = re.compile(r"^(\W*)(\w+)(.*)$")  # what is before a word, the word, what is after it
RATES = (0.1, 0.2, 0.4)  # shares of the words of a copy that are changed
NEAR, DROPPED, DRAWN = 0.6, 0.8, 0.9  # a draw from 0 to 1 below these: a near word, none, any word; else moved forward
NEIGHBOURS, AT_ONCE = 8, 1000
COMMON, REPLACED = 100, 0.5  # of near copies: so many frequent words stay, this share of the others is replaced


@dataclass(frozen=True)
class Words:
    """The words of some texts that occur twice, in order, with their `chance` to be drawn and the `near` words of each.

    The chance is proportional to the square root of the frequency.
    """

    words: np.ndarray
    chance: np.ndarray
    near: dict[str, list[str]]


def changed_texts(
    texts: Sequence[str], copies: int, held_out: Collection[str], rng: np.random.Generator
) -> list[tuple[str, str]]:
    """Each text with up to `copies` changed copies, which are new: neither a text of the list nor held out."""
    words = words_of(texts)
    seen = {*texts, *held_out}
    found = []
    for text in texts:
        for _ in range(copies):
            changed = change(text, words, rng)
            if changed and changed not in seen:
                seen.add(changed)
                found.append((text, changed))
    return found


def words_of(texts: Sequence[str]) -> Words:
    """The words of some texts that can replace others, without digits."""
    counts = Counter(word for text in texts for word in words_in(text))
    words = [word for word, count in sorted(counts.items()) if count > 1 and word.isalpha()]
    chance = np.array([counts[word] for word in words], float) ** 0.5
    return Words(np.array(words), chance / chance.sum(), near_words(words))


def words_in(text: str) -> list[str]:
    """The words and signs of a text, in lower case.

    >>> words_in("Two dogs, running")
    ['two', 'dogs', ',', 'running']
    """
    return [word.lower() for word in WORD.findall(text)]


def near_words(words: Sequence[str]) -> dict[str, list[str]]:
    """The nearest other words of each word that has a static vector."""
    rows, vectors = load_wordllama(Path(os.environ["SEQTWIN_STATIC"])).read(words)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9
    near = {}
    for start in range(0, len(rows), AT_ONCE):
        cosine = vectors[start : start + AT_ONCE] @ vectors.T
        cosine[np.arange(len(cosine)), np.arange(start, start + len(cosine))] = -1
        best = np.argpartition(-cosine, NEIGHBOURS, axis=1)[:, :NEIGHBOURS]
        near.update({words[rows[start + row]]: [words[rows[i]] for i in own] for row, own in enumerate(best)})
    return near


def change(text: str, words: Words, rng: np.random.Generator) -> str:
    """A changed copy of a text, possibly empty or equal to it."""
    made: list[str] = []
    rate = rng.choice(RATES)
    for word in text.split():
        parts = PARTS.match(word)
        draw = rng.random()
        if parts is None or draw >= rate:
            made.append(word)
        else:
            _change_word(made, word, parts, words, rng)
    return " ".join(made)


def _change_word(made: list[str], word: str, parts: re.Match[str], words: Words, rng: np.random.Generator) -> None:
    """Add a word to a text, changed."""
    draw, before, own, after = rng.random(), parts[1], parts[2].lower(), parts[3]
    if draw < NEAR and own in words.near:
        made.append(f"{before}{rng.choice(words.near[own])}{after}")
    elif draw < DROPPED:
        return
    elif draw < DRAWN:
        made.append(f"{before}{words.words[rng.choice(len(words.words), p=words.chance)]}{after}")
    else:
        made.insert(max(0, len(made) - 1), word)


def near_copies(
    texts: Sequence[str], copies: int, near: dict[str, list[str]], held_out: Collection[str], rng: np.random.Generator
) -> list[str]:
    """Up to `copies` new texts per text, with some of its rarer words replaced by near ones.

    The words that are frequent in the texts stay, and with them the form of a question.
    """
    counts = Counter(word for text in texts for word in words_in(text))
    near = {word: near[word] for word in near.keys() - {word for word, _ in counts.most_common(COMMON)}}
    seen, found = {*texts, *held_out}, []
    for text in texts:
        for _ in range(copies):
            copy = _near_copy(text.split(), near, rng)
            if copy not in seen:
                seen.add(copy)
                found.append(copy)
    return found


def _near_copy(words: list[str], near: dict[str, list[str]], rng: np.random.Generator) -> str:
    """The text of some words, of which those with near ones are replaced by chance, but at least one of them."""
    parts = {at: found for at, word in enumerate(words) if (found := PARTS.match(word)) and found[2].lower() in near}
    chosen = [at for at in parts if rng.random() < REPLACED]
    for at in chosen or ([rng.choice(list(parts))] if parts else []):
        before, own, after = parts[at].groups()
        other = str(rng.choice(near[own.lower()]))
        words[at] = f"{before}{other.capitalize() if own[0].isupper() else other}{after}"
    return " ".join(words)
