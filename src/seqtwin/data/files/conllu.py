"""A .conllu file (Universal Dependencies) as a long table, one row per word, or as one row per sentence.

Source: https://universaldependencies.org/format.html. Comments begin with #, a blank line ends a sentence, a word has
ten fields separated by tabs. Ranges of words written as one (1-2) and words that are not written (1.1) are left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqtwin.data.files.rows import Opened, Rows

FIELDS = ("token", "lemma", "upos", "xpos", "feats", "head", "deprel")  # of the ten, those after the number of the word
COLUMNS = ("sent_id", "t", *FIELDS)
WIDTH = 10
COMMENT = re.compile(r"#\s*([\w-]+)\s*=\s*(.*\S)\s*")  # keys of several words are about documents
WORD, NO_WORD = re.compile(r"[1-9][0-9]*"), re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")
UNSAID = "_"

Lines = list[tuple[int, str]]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a file: the fields of its words, and the surface tokens that its text consists of.

    `words`: the line of each word and its fields. `problem`: the line that ended it, and why.
    """

    begin: int
    name: str
    comments: dict[str, str]
    words: list[tuple[int, list[str]]]
    surface: list[str]
    problem: tuple[int, str] | None = None

    @property
    def text(self) -> str:
        """The sentence as its comment writes it; without one as its tokens spell it."""
        return self.comments.get("text") or "".join(self.surface).strip()


def read_words(file: Opened) -> Rows:
    """One row per word: sent_id, t (from 0), token, lemma, upos, xpos, feats, head and deprel.

    A sentence that has no name is called by its number in the file, from 1.

    Raises: DataError for a file that cannot be read.
    """
    file.header.extend(COLUMNS)
    for sentence, repeated in _named(file):
        if repeated:
            yield sentence.begin, repeated
        for place, (line, fields) in enumerate(sentence.words):
            yield line, dict(zip(COLUMNS, (sentence.name, place, *_said(fields)), strict=True))
        if sentence.problem:
            yield sentence.problem


def read_sentences(file: Opened) -> Rows:
    """One row per sentence: sent_id, its text, its words and their tags joined by blanks, and its other comments.

    Raises: DataError for a file that cannot be read.
    """
    file.header.extend(("sent_id", "text", *FIELDS))
    for sentence, repeated in _named(file):
        if repeated or sentence.problem:
            yield sentence.problem or (sentence.begin, repeated)
            continue
        fields = zip(*(fields for _, fields in sentence.words), strict=True)
        row = {"sent_id": sentence.name, "text": sentence.text}
        row |= {name: " ".join(values) for name, values in zip(FIELDS, fields, strict=True)}
        yield sentence.begin, {**sentence.comments, **row}


def _named(file: Opened) -> Iterator[tuple[Sentence, str]]:
    """The sentences, each with what is wrong with its name, if anything."""
    known: set[str] = set()
    for number, lines in enumerate(_sentences(file.lines()), start=1):
        found = _sentence(lines, number)
        if found.words or found.problem:
            yield found, f"a second sentence is called '{found.name}'" if found.name in known else ""
        known.add(found.name)


def _sentences(text: Iterable[str]) -> Iterator[Lines]:
    """The lines of each sentence, numbered."""
    held: Lines = []
    for number, line in enumerate(text, start=1):
        if line.strip():
            held.append((number, line.removesuffix("\n")))
        elif held:
            yield held
            held = []
    if held:
        yield held


def _sentence(lines: Lines, number: int) -> Sentence:
    found = [match for _, line in lines if (match := COMMENT.fullmatch(line))]
    comments = {match[1]: match[2] for match in found}
    name = comments.get("sent_id") or str(number)
    words: list[tuple[int, list[str]]] = []
    surface: list[str] = []
    covered = 0  # words up to this one are part of a token already
    for line, text in lines:
        if text.startswith("#"):
            continue
        fields = text.split("\t")
        problem = _problem(fields, len(words))
        if problem:  # what follows would be counted wrongly
            return Sentence(lines[0][0], name, comments, words, surface, (line, problem))
        is_word, is_range = WORD.fullmatch(fields[0]), "-" in fields[0]
        if is_word:
            words.append((line, fields[1 : 1 + len(FIELDS)]))
        if is_range or (is_word and len(words) > covered):
            surface.append(fields[1] + ("" if "SpaceAfter=No" in fields[-1] else " "))
        if is_range:
            covered = int(fields[0].split("-")[1])
    return Sentence(lines[0][0], name, comments, words, surface)


def _said(fields: list[str]) -> list[str]:
    """The fields of a word; one that says nothing is blank."""
    plain = 2 if fields[0] == UNSAID else 1  # the underscore can be the word itself, and its lemma then
    return [*fields[:plain], *("" if one == UNSAID else one for one in fields[plain:])]


def _problem(fields: list[str], place: int) -> str | None:
    """What is wrong with the fields of a line, after so many words of its sentence."""
    if len(fields) != WIDTH:
        return f"expected {WIDTH} fields separated by tabs, found {len(fields)}: {' '.join(fields)[:60]!r}"
    if NO_WORD.fullmatch(fields[0]):
        return None
    return None if fields[0] == str(place + 1) else f"expected word {place + 1}, found {fields[0][:20]!r}"
