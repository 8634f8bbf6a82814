"""The reader of .conllu files (Universal Dependencies): one row per word, or one row per sentence.

Source: https://universaldependencies.org/format.html. Comments begin with #. A blank line ends a sentence. A word has
ten fields, separated by tabs. Multiword tokens (1-2) and empty nodes (1.1) are not words and are left out.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from seqtwin.data.files.rows import Opened, Rows

FIELDS = ("token", "lemma", "upos", "xpos", "feats", "head", "deprel")  # without deps and misc
COLUMNS = ("sent_id", "t", *FIELDS)
WIDTH = 10
COMMENT = re.compile(r"#\s*([\w-]+)\s*=\s*(.*\S)\s*")  # keys of several words belong to documents
WORD, NO_WORD = re.compile(r"[1-9][0-9]*"), re.compile(r"[1-9][0-9]*-[1-9][0-9]*|[0-9]+\.[1-9][0-9]*")
BLANK = "_"

Lines = list[tuple[int, str]]


@dataclass(frozen=True)
class Sentence:
    """A sentence of a file.

    `begin`: its first line; `words`: line number and fields of each word; `surface`: the tokens as written, with the
    blanks after them; `problem`: the first wrong line and what is wrong with it.
    """

    begin: int
    name: str
    comments: dict[str, str]
    words: list[tuple[int, list[str]]]
    surface: list[str]
    problem: tuple[int, str] | None = None

    @property
    def text(self) -> str:
        """The text from the comment `text`, or without one from the tokens."""
        return self.comments.get("text") or "".join(self.surface).strip()


def read_words(file: Opened) -> Rows:
    """One row per word: sent_id, t (from 0), token, lemma, upos, xpos, feats, head and deprel.

    A sentence without a name gets its number in the file, from 1.

    Raises: DataError for a file that cannot be read.
    """
    file.header.extend(COLUMNS)
    for sentence, repeated in _named(file):
        if repeated:
            yield sentence.begin, repeated
        for place, (line, fields) in enumerate(sentence.words):
            yield line, dict(zip(COLUMNS, (sentence.name, place, *_without_blanks(fields)), strict=True))
        if sentence.problem:
            yield sentence.problem


def read_sentences(file: Opened) -> Rows:
    """One row per sentence: sent_id, the text, one column per field with the values joined by blanks, other comments.

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
    """The sentences, each with the problem of its name; an empty string for none."""
    names: set[str] = set()
    for number, lines in enumerate(_sentences(file.lines()), start=1):
        sentence = _sentence(lines, number)
        if sentence.words or sentence.problem:
            yield sentence, f"a second sentence has the name '{sentence.name}'" if sentence.name in names else ""
        names.add(sentence.name)


def _sentences(text: Iterable[str]) -> Iterator[Lines]:
    """The numbered lines of each sentence."""
    lines: Lines = []
    for number, line in enumerate(text, start=1):
        if line.strip():
            lines.append((number, line.removesuffix("\n")))
        elif lines:
            yield lines
            lines = []
    if lines:
        yield lines


def _sentence(lines: Lines, number: int) -> Sentence:
    comments = {match[1]: match[2] for _, line in lines if (match := COMMENT.fullmatch(line))}
    name = comments.get("sent_id") or str(number)
    words: list[tuple[int, list[str]]] = []
    surface: list[str] = []
    covered = 0  # number of the last word of a multiword token
    for line, text in lines:
        if text.startswith("#"):
            continue
        fields = text.split("\t")
        problem = _problem(fields, len(words))
        if problem:  # the numbers of the following words cannot be checked
            return Sentence(lines[0][0], name, comments, words, surface, (line, problem))
        is_word, is_range = WORD.fullmatch(fields[0]), "-" in fields[0]
        if is_word:
            words.append((line, fields[1 : 1 + len(FIELDS)]))
        if is_range or (is_word and len(words) > covered):
            surface.append(fields[1] + ("" if "SpaceAfter=No" in fields[-1] else " "))
        if is_range:
            covered = int(fields[0].split("-")[1])
    return Sentence(lines[0][0], name, comments, words, surface)


def _without_blanks(fields: list[str]) -> list[str]:
    """The fields of a word, with an empty text for an underscore."""
    plain = 2 if fields[0] == BLANK else 1  # the word itself, and its lemma, can be an underscore
    return [*fields[:plain], *("" if field == BLANK else field for field in fields[plain:])]


def _problem(fields: list[str], place: int) -> str | None:
    """The problem of a line, None if there is none. `place`: the number of words before it in the sentence."""
    if len(fields) != WIDTH:
        return f"expected {WIDTH} fields separated by tabs, found {len(fields)}: {' '.join(fields)[:60]!r}"
    if NO_WORD.fullmatch(fields[0]):
        return None
    return None if fields[0] == str(place + 1) else f"expected word {place + 1}, found {fields[0][:20]!r}"
