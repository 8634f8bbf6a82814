"""Grapheme clusters: what readers see as one letter, with its accents, vowel signs or joined emoji."""

import unicodedata

JOINER, VIRAMA_CLASS = "\u200d", 9
EXTENDING = frozenset(
    "\u200c\u200d\u0e33\u0eb3"
)  # joiners, and the vowel am of Thai and Lao, which is no mark in Unicode
JAMO = range(0x1160, 0x1200)  # vowels and final consonants of Hangul, which follow a first consonant
MODIFIERS = range(0x1F3FB, 0x1F400)  # skin tones
REGIONAL = range(0x1F1E6, 0x1F200)  # two of them are a flag


def grapheme_clusters(text: str) -> list[str]:
    r"""The grapheme clusters of a text, which joined give the text.

    A cluster is a character with the marks that follow it. Consonants joined by a virama, Hangul written in parts,
    flags, and emoji joined by U+200D are one cluster, too.

    Source: Unicode Standard Annex 29, extended grapheme clusters. No cluster of the annex is divided, but in some
    scripts, such as Tamil, a virama joins letters that are two clusters there. Rare prefixes and line ends have no
    rule.

    >>> [len(cluster) for cluster in grapheme_clusters("ne\u0301e")], len(grapheme_clusters("\u0915\u094d\u0937\u093f"))
    ([1, 2, 1], 1)
    """
    if text.isascii():
        return list(text)
    clusters: list[str] = []
    for character in text:
        if clusters and _continues(clusters[-1], character):
            clusters[-1] += character
        else:
            clusters.append(character)
    return clusters


def _continues(cluster: str, character: str) -> bool:
    """Whether a character belongs to the cluster before it."""
    code, last = ord(character), cluster[-1]
    if unicodedata.category(character)[0] == "M" or character in EXTENDING or code in MODIFIERS:
        return True
    if code in JAMO:
        return unicodedata.category(last) == "Lo" and 0x1100 <= ord(last) < 0x1200
    if code in REGIONAL:
        return len(cluster) == 1 and ord(last) in REGIONAL
    joined = last == JOINER or unicodedata.combining(last) == VIRAMA_CLASS
    return joined and _is_joinable(cluster[0], character)


def _is_joinable(first: str, character: str) -> bool:
    """Whether a joiner or a virama connects two characters: letters of one script, or two symbols."""
    kinds = {unicodedata.category(sign)[0] for sign in (first, character)}
    same_script = unicodedata.name(first, "").split(" ")[0] == unicodedata.name(character, "").split(" ")[0]
    return kinds == {"S"} or (kinds == {"L"} and same_script)
