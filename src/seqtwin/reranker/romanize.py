"""A rough spelling of other alphabets in Latin letters, from the names of characters in Unicode, which never change."""

import re
import unicodedata
from functools import lru_cache

_SKIPPED = "SMALL|SHORT|FINAL|ARCHAIC|FARSI|BYELORUSSIAN-UKRAINIAN"
_NAME = re.compile(rf"(?:LETTER|CHARACTER|SYLLABLE|VOWEL SIGN)(?: (?:{_SKIPPED}))* ([A-Z]+)")
_START = re.compile(r"[^aeiou]+|[aeiou]")
# alphabets whose letters have names of their own: beh, gimel, alpha
_NAMED = ("ARABIC", "HEBREW", "GREEK", "GEORGIAN", "ARMENIAN", "SYRIAC", "COPTIC", "THAI")
_SILENT = frozenset({"hard", "soft", "mai", "tatweel"})
_CYRILLIC = {"ie": "e", "io": "yo", "ha": "kh", "ya": "ya", "yu": "yu", "yi": "yi"}
_VOWELS = str.maketrans("", "", "aeiouyw")


def romanize(text: str) -> str:
    """The text in lower case with the letters of other alphabets in Latin ones; letters without a reading are kept.

    It is made for comparing, not for reading: Chinese characters have no reading here, and vowels are often wrong.

    >>> romanize("крутой"), romanize("さくら"), romanize("서울"), romanize("سلام")
    ('krutoi', 'sakura', 'seoul', 'slam')
    """
    return text if text.isascii() else "".join(map(_latin, unicodedata.normalize("NFC", text)))


def consonants(text: str) -> str:
    """The consonants of a romanized text, repeated ones once. Spellings of one name differ most in their vowels.

    >>> consonants("krutoi"), consonants("kruttoy")
    ('krt', 'krt')
    """
    letters = text.translate(_VOWELS)
    return "".join(letter for before, letter in zip(f" {letters}", letters, strict=False) if letter != before)


@lru_cache(maxsize=65_536)
def _latin(letter: str) -> str:
    full_name = unicodedata.name(letter, "")
    found = _NAME.search(full_name)
    if letter.isascii() or full_name.startswith("LATIN"):
        return letter
    if not found:
        return "" if unicodedata.category(letter) in ("Mn", "Lm") else letter
    return _reading(full_name, found[1].lower())


def _reading(full_name: str, name: str) -> str:
    if name in _SILENT:
        return ""
    if name == "sara":  # Thai vowels: "sara aa"
        return full_name.rpartition(" ")[2][:1].lower()
    if full_name.startswith("CYRILLIC"):
        return _cyrillic(name)
    return _first_sound(name) if full_name.startswith(_NAMED) else name


def _cyrillic(name: str) -> str:
    if len(name) == 2 and name[0] == "e":  # the letters el, em, en, er, es, ef
        return name[1]
    return _CYRILLIC.get(name) or (name if name[0] in "aeiou" else _first_sound(name))


def _first_sound(name: str) -> str:
    found = _START.match(name)
    return found[0] if found else name
