"""The columns of the two sides of a pair and of the label, chosen by their names and then by their values."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from seqtwin.data.files.columns import joined_texts
from seqtwin.data.files.tables import Table, column
from seqtwin.data.reading.column_kinds import ID_WORDS, SAMPLE, content_of, is_id_column, name_words
from seqtwin.data.reading.column_options import ColumnOptions, Names
from seqtwin.errors import DataError

# Words that distinguish the left side from the right. Two column names that differ only in such a word form a pair.
SIDE_WORDS = (
    ("left", "right"),
    ("l", "r"),
    ("ltable", "rtable"),
    ("1", "2"),
    ("a", "b"),
    ("first", "second"),
    ("one", "two"),
    ("text", "other"),
    ("premise", "hypothesis"),
    ("query", "document"),
    ("query", "passage"),
    ("query", "corpus"),
    ("query", "product"),
    ("anchor", "positive"),
    ("original", "paraphrase"),
    ("question", "answer"),
    ("source", "target"),
    ("0", "1"),
)
# Pairs with a general name are preferred to pairs of single attributes such as title and brand.
GENERAL = frozenset({"", "text", "sentence", "sent", "question", "phrase", "string", "s", "q", "utterance"})
TARGETS = ("score", "similarity", "label", "same", "target", "match", "is_duplicate", "rating", "relatedness", "y")
TARGET_WORDS = frozenset(
    ["score", "similarity", "label", "same", "match", "duplicate", "rating", "relatedness", "gold", "quality"]
)
SHOWN = 12


@dataclass(frozen=True)
class SidePair:
    """Two columns whose names differ only in a side word. `stem`: the rest of the name."""

    left: str
    right: str
    stem: str

    @property
    def of_ids(self) -> bool:
        """Whether the columns are ids, keys or times by their name."""
        return not ID_WORDS.isdisjoint(self.stem.split())


def side_pairs(names: Sequence[str]) -> list[SidePair]:
    """The pairs of columns whose names differ only in a side word, in the order of the columns.

    >>> [(p.left, p.right, p.stem) for p in side_pairs(["id_1", "name_1", "id_2", "name_2", "label"])]
    [('id_1', 'id_2', 'id'), ('name_1', 'name_2', 'name')]
    """
    by_words = {name_words(name): name for name in reversed(names)}
    pairs: dict[tuple[str, str], SidePair] = {}
    for name in names:
        for place, word in enumerate(name_words(name)):
            for pair in _counterparts(name_words(name), place, word, by_words):
                pairs.setdefault((name, pair.right), SidePair(name, pair.right, pair.stem))
    return list(pairs.values())


def _counterparts(words: Names, place: int, word: str, by_words: dict[Names, str]) -> list[SidePair]:
    rest = " ".join((*words[:place], *words[place + 1 :]))
    others = [(*words[:place], right, *words[place + 1 :]) for left, right in SIDE_WORDS if left == word]
    return [SidePair(by_words[words], by_words[other], rest) for other in others if other in by_words]


def choose_sides(table: Table, options: ColumnOptions, target: str | None) -> tuple[Names, Names] | None:
    """The columns of both sides: the named ones, otherwise the only possible ones. None if the table has no pairs.

    Raises: DataError for several possible pairs of columns, or if the only pairs are ids.
    """
    if options.pair:
        return _named_sides(table, options, target)
    pairs = [pair for pair in side_pairs([n for n in table.columns if n != target]) if not _is_target(pair, target)]
    texts = [pair for pair in pairs if not pair.of_ids and _both_texts(table, pair)]
    chosen = _only_pair(table, texts)
    if chosen is not None:
        return (chosen.left,), (chosen.right,)
    named = _only_pair(table, [pair for pair in pairs if pair.stem in GENERAL])
    if named is not None:  # the names are clear, but the values do not look like texts
        table.notes.append(_note_doubt(table, named))
        return (named.left,), (named.right,)
    _refuse_unnamed(table, pairs, target)
    return None


def _is_target(pair: SidePair, target: str | None) -> bool:
    return target in (pair.left, pair.right)


def _both_texts(table: Table, pair: SidePair) -> bool:
    return all(content_of(table, name) == "text" for name in (pair.left, pair.right))


def _only_pair(table: Table, pairs: Sequence[SidePair]) -> SidePair | None:
    """The only pair, None if there is none. Pairs with a general name are preferred.

    Raises: DataError for several.
    """
    general = [pair for pair in pairs if pair.stem in GENERAL]
    chosen = general if general else pairs
    if len(chosen) <= 1:
        return chosen[0] if chosen else None
    listed = "; ".join(f"{pair.left} + {pair.right}" for pair in chosen[:SHOWN])
    left, right = ([pair.left for pair in chosen], [pair.right for pair in chosen])
    first = f"--left {_shell_word(left[:1])} --right {_shell_word(right[:1])}"
    joined = f"--left {_shell_word(left)} --right {_shell_word(right)}"
    cause = f"several pairs of columns could be the two sides: {listed}"
    remedy = f"choose one pair ({first}), or join several ({joined}); in a config: data.left, data.right"
    raise DataError("DATA_SIDES", cause, place=table.place, remedy=remedy)


def _shell_word(names: Sequence[str]) -> str:
    text = ",".join(names)
    return text if re.fullmatch(r"[\w.,-]+", text) else f'"{text}"'


def _refuse_unnamed(table: Table, pairs: Sequence[SidePair], target: str | None) -> None:
    """Check that a table without named sides has a single column of texts.

    Raises: DataError for several columns of texts, and if the only pairs of columns are ids.
    """
    texts = [name for name in table.columns if name != target and not is_id_column(table, name)]
    varied = [name for name in texts if _varies(table, name)]
    if target is not None and len(varied) > 1:
        raise _unclear_columns(table, varied)
    if any(pair.of_ids for pair in pairs) and (target is not None or not varied):
        raise _only_ids(table, next(pair for pair in pairs if pair.of_ids))


def _varies(table: Table, name: str) -> bool:
    sample = [value for value in column(table, name)[:SAMPLE] if value is not None]
    return len(set(map(str, sample))) > len(sample) / 4


def _unclear_columns(table: Table, names: Sequence[str]) -> DataError:
    listed = ", ".join(names[:SHOWN])
    cause = f"several columns have texts, but their names do not show which two form pairs: {listed}"
    remedy = (
        "for pairs, use --left NAME --right NAME (data.left, data.right); "
        "for texts with a class, use --text NAME (data.text)"
    )
    return DataError("DATA_SIDES", cause, place=table.place, remedy=remedy)


def _note_doubt(table: Table, pair: SidePair) -> str:
    """A note on sides whose values do not look like texts."""
    kinds = {"id": "ids", "number": "numbers", "time": "dates or times", "text": "texts"}
    seen = " and ".join(f"{name} has {kinds[content_of(table, name)]}" for name in (pair.left, pair.right))
    return f"{seen}; if these are ids, join the tables they refer to: data.left_table, data.right_table"


def _only_ids(table: Table, pair: SidePair) -> DataError:
    cause = f"the columns {pair.left} and {pair.right} contain ids, and no other columns contain the texts"
    remedy = (
        "use the folder with the tables that these ids refer to (tableA.csv and tableB.csv, or queries.jsonl and "
        "corpus.jsonl) with train, check, evaluate, probe or mine; or set data.left_table and data.right_table in a "
        f"config; if the numbers themselves are compared: --left {shlex.quote(pair.left)} "
        f"--right {shlex.quote(pair.right)}"
    )
    return DataError("DATA_IDS", cause, place=table.place, remedy=remedy)


def _named_sides(table: Table, options: ColumnOptions, target: str | None) -> tuple[Names, Names]:
    left = None if options.left is None else named_columns(table, options.left)
    right = None if options.right is None else named_columns(table, options.right)
    pairs = side_pairs(list(table.columns))
    if left is not None and right is None:
        right = tuple(_other_side(table, name, {pair.left: pair.right for pair in pairs}, "--right") for name in left)
    elif right is not None and left is None:
        left = tuple(_other_side(table, name, {pair.right: pair.left for pair in pairs}, "--left") for name in right)
    assert left is not None
    assert right is not None
    named = [*left, *right]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        where = "on both sides" if twice in left and twice in right else "twice on one side"
        cause = f"the same column {where}: {twice}"
        raise DataError("DATA_SIDES", cause, place=table.place, remedy="name each column once")
    if target in named:
        cause = f"column '{target}' is the label and cannot be part of a text"
        raise DataError("DATA_SIDES", cause, place=table.place, remedy="remove it from the sides, or set --label")
    return left, right


def _other_side(table: Table, name: str, counterparts: dict[str, str], option: str) -> str:
    if name in counterparts:
        return counterparts[name]
    cause = f"no column is the counterpart of '{name}'; found: {', '.join(list(table.columns)[:SHOWN])}"
    raise DataError("DATA_SIDES", cause, place=table.place, remedy=f"also name the other side: {option} NAME")


def choose_target(table: Table, options: ColumnOptions) -> str | None:
    """The column of labels or scores: the named one, otherwise the only possible one. None if there is none.

    Raises: DataError for several possible columns.
    """
    if options.label is not None:
        column(table, options.label)
        return options.label
    sides = [name for names in (options.left, options.right) if names is not None for name in names]
    taken = {options.text, *sides, *(part for name in sides for part in _split_names(name))}
    free = [name for name in table.columns if name not in taken]
    exact = [name for name in free if name.strip().lower() in TARGETS]
    candidates = [name for name in exact if not _is_side(name, free)] or exact
    candidates = candidates or [name for name in free if _is_named_like_target(table, name)]
    if len(candidates) > 1:
        cause = f"several columns could be the label: {', '.join(candidates)}"
        raise DataError("DATA_TARGET", cause, place=table.place, remedy=f"name one: --label {candidates[0]}")
    return candidates[0] if candidates else None


def _is_side(name: str, free: Sequence[str]) -> bool:
    """Whether a name such as `target` is one of two sides: source and target."""
    return any(name in (pair.left, pair.right) for pair in side_pairs(free))


def _is_named_like_target(table: Table, name: str) -> bool:
    words = set(name_words(name))
    return bool(words & TARGET_WORDS) and not words & ID_WORDS and not _varied_text(table, name)


def _varied_text(table: Table, name: str) -> bool:
    return content_of(table, name) == "text" and _varies(table, name)


def named_columns(table: Table, names: Names) -> Names:
    """The columns named by an option. A name that is not a column is split at commas.

    Raises: DataError for a missing column.
    """
    columns = tuple(part for name in names for part in ((name,) if name in table.columns else _split_names(name)))
    for name in columns:
        column(table, name)
    return columns


def _split_names(names: str) -> Names:
    return tuple(part.strip() for part in names.split(",") if part.strip()) or (names,)


def texts_named(table: Table, name: str, *, empty: str) -> list[str]:
    """The texts of the columns named by an option, joined if there are several. `empty`: as for `joined_texts`.

    Raises: DataError for a missing column.
    """
    return joined_texts(table, named_columns(table, (name,)), empty=empty)[0]
