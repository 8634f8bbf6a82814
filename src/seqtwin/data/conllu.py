"""A .conllu file (Universal Dependencies) as a long table: a row a word.

Source: https://universaldependencies.org/format.html. Comments begin with #, a blank line ends a sentence, a word has
ten fields parted by tabs. Ranges of words written as one (1-2) and words that are not written (1.1) are left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from seqtwin.data.sources import read_text

FIELDS = ("token", "lemma", "upos", "xpos", "feats", "head", "deprel")  # of the ten, those after the number of the word
COLUMNS = ("sent_id", "t", *FIELDS)
WIDTH = 10
NAMED = re.compile(r"#\s*sent_id\s*=\s*(.*\S)\s*")
WORD, NO_WORD = re.compile(r"[1-9][0-9]*"), re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")
UNSAID = "_"


@dataclass
class Words:
    """Columns of a long table under construction: a row a word."""

    columns: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in COLUMNS})
    lines: list[int] = field(default_factory=list)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, sentence: str, place: int, fields: list[str]) -> None:
        """One word; a field that says nothing is blank."""
        plain = 2 if fields[0] == UNSAID else 1  # the underscore can be the word itself, and its lemma then
        said = [*fields[:plain], *("" if one == UNSAID else one for one in fields[plain:])]
        for name, value in zip(COLUMNS, (sentence, place, *said), strict=True):
            self.columns[name].append(value)
        self.lines.append(line)


def read_conllu(path: Path) -> Words:
    """The columns sent_id, t (from 0), token, lemma, upos, xpos, feats, head and deprel, with bad lines noted.

    A sentence that has no name is called by its number in the file, from 1.

    Raises: DataError for a file that cannot be read.
    """
    words = Words()
    known: set[str] = set()
    for number, (begin, lines) in enumerate(_sentences(read_text(path)), start=1):
        name = _name(lines) or str(number)
        if name in known:
            words.problems.append((begin, f"a second sentence is called '{name}'"))
        known.add(name)
        _add_sentence(words, name, lines)
    return words


Lines = list[tuple[int, str]]


def _sentences(text: str) -> Iterator[tuple[int, Lines]]:
    """The lines of each sentence, numbered, and where it begins."""
    held: Lines = []
    for number, line in enumerate([*text.split("\n"), ""], start=1):
        if line.strip():
            held.append((number, line))
        elif held:
            yield held[0][0], held
            held = []


def _name(lines: Lines) -> str | None:
    return next((match[1] for _, line in lines if (match := NAMED.fullmatch(line))), None)


def _add_sentence(words: Words, name: str, lines: Lines) -> None:
    place = 0
    for number, line in lines:
        if line.startswith("#"):
            continue
        fields = line.split("\t")
        problem = _problem(fields, place)
        if problem:
            words.problems.append((number, problem))
            return  # what follows would be counted wrongly
        if WORD.fullmatch(fields[0]):
            words.add(number, name, place, fields[1 : 1 + len(FIELDS)])
            place += 1


def _problem(fields: list[str], place: int) -> str | None:
    """What is wrong with the fields of a line, after so many words of its sentence."""
    if len(fields) != WIDTH:
        return f"expected {WIDTH} fields parted by tabs, found {len(fields)}: {' '.join(fields)[:60]!r}"
    if NO_WORD.fullmatch(fields[0]):
        return None
    return None if fields[0] == str(place + 1) else f"expected word {place + 1}, found {fields[0][:20]!r}"
