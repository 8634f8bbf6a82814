"""Which columns of a table are the two sides of a pair and which is the label: by name, then by what they hold."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from seqtwin.data.files.columns import joined_texts
from seqtwin.data.files.tables import Table, column
from seqtwin.data.reading.column_kinds import ID_WORDS, SAMPLE, content_of, is_id_column, name_words
from seqtwin.data.reading.column_options import ColumnOptions, Names
from seqtwin.errors import DataError

# Words that tell the left side from the right one. Column names that differ in nothing else form a pair.
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
# A pair whose name says nothing more than "a text" is taken before pairs of single attributes such as title and brand.
GENERAL = frozenset({"", "text", "sentence", "sent", "question", "phrase", "string", "s", "q", "utterance"})
TARGETS = ("score", "similarity", "label", "same", "target", "match", "is_duplicate", "rating", "relatedness", "y")
TARGET_WORDS = frozenset(
    ["score", "similarity", "label", "same", "match", "duplicate", "rating", "relatedness", "gold", "quality"]
)
SHOWN = 12


@dataclass(frozen=True)
class SidePair:
    """Two columns whose names differ in a side word alone. `stem`: the rest of the name."""

    left: str
    right: str
    stem: str

    @property
    def of_ids(self) -> bool:
        """Whether the name says that these are ids, keys or times."""
        return not ID_WORDS.isdisjoint(self.stem.split())


def side_pairs(names: Sequence[str]) -> list[SidePair]:
    """The pairs of columns whose names differ in a side word alone, in the order of the columns.

    >>> [(p.left, p.right, p.stem) for p in side_pairs(["id_1", "name_1", "id_2", "name_2", "label"])]
    [('id_1', 'id_2', 'id'), ('name_1', 'name_2', 'name')]
    """
    by_words = {name_words(name): name for name in reversed(names)}
    found: dict[tuple[str, str], SidePair] = {}
    for name in names:
        for place, word in enumerate(name_words(name)):
            for pair in _counterparts(name_words(name), place, word, by_words):
                found.setdefault((name, pair.right), SidePair(name, pair.right, pair.stem))
    return list(found.values())


def _counterparts(words: Names, place: int, word: str, by_words: dict[Names, str]) -> list[SidePair]:
    rest = " ".join((*words[:place], *words[place + 1 :]))
    others = [(*words[:place], right, *words[place + 1 :]) for left, right in SIDE_WORDS if left == word]
    return [SidePair(by_words[words], by_words[other], rest) for other in others if other in by_words]


def choose_sides(table: Table, asked: ColumnOptions, target: str | None) -> tuple[Names, Names] | None:
    """The columns of both sides: those that were named, else the only ones that can be meant. None: no pairs here.

    Raises: DataError where several could be meant, or where the only ones hold ids.
    """
    if asked.pair:
        return _named_sides(table, asked, target)
    pairs = [pair for pair in side_pairs([n for n in table.columns if n != target]) if not _is_target(pair, target)]
    texts = [pair for pair in pairs if not pair.of_ids and _both_texts(table, pair)]
    chosen = _one_of(table, texts)
    if chosen is not None:
        return (chosen.left,), (chosen.right,)
    named = _one_of(table, [pair for pair in pairs if pair.stem in GENERAL])
    if named is not None:  # their names leave no doubt, their values do
        table.notes.append(_doubt(table, named))
        return (named.left,), (named.right,)
    _refuse_unnamed(table, pairs, target)
    return None


def _is_target(pair: SidePair, target: str | None) -> bool:
    return target in (pair.left, pair.right)


def _both_texts(table: Table, pair: SidePair) -> bool:
    return all(content_of(table, name) == "text" for name in (pair.left, pair.right))


def _one_of(table: Table, pairs: Sequence[SidePair]) -> SidePair | None:
    """Raises: DataError for several."""
    general = [pair for pair in pairs if pair.stem in GENERAL]
    chosen = general if general else pairs
    if len(chosen) <= 1:
        return chosen[0] if chosen else None
    listed = "; ".join(f"{pair.left} + {pair.right}" for pair in chosen[:SHOWN])
    left, right = ([pair.left for pair in chosen], [pair.right for pair in chosen])
    one, several = (
        f"--left {_shell(left[:1])} --right {_shell(right[:1])}",
        f"--left {_shell(left)} --right {_shell(right)}",
    )
    cause = f"several pairs of columns could be the two sides: {listed}"
    remedy = f"choose one pair ({one}), or join several into one text ({several}); in a config: data.left, data.right"
    raise DataError("DATA_SIDES", cause, place=table.place, remedy=remedy)


def _shell(names: Sequence[str]) -> str:
    text = ",".join(names)
    return text if re.fullmatch(r"[\w.,-]+", text) else f'"{text}"'


def _refuse_unnamed(table: Table, pairs: Sequence[SidePair], target: str | None) -> None:
    """None, where no name pairs two columns.

    Raises: DataError for several columns of texts, and where ids alone are paired.
    """
    texts = [name for name in table.columns if name != target and not is_id_column(table, name)]
    varied = [name for name in texts if _varies(table, name)]
    if target is not None and len(varied) > 1:
        raise _unclear(table, varied)
    if any(pair.of_ids for pair in pairs) and (target is not None or not varied):
        raise _only_ids(table, next(pair for pair in pairs if pair.of_ids))


def _varies(table: Table, name: str) -> bool:
    sample = [value for value in column(table, name)[:SAMPLE] if value is not None]
    return len(set(map(str, sample))) > len(sample) / 4


def _unclear(table: Table, names: Sequence[str]) -> DataError:
    listed = ", ".join(names[:SHOWN])
    cause = f"{listed} have texts, and no names pair them: are two of them compared, or does one have a class?"
    remedy = (
        "for pairs --left NAME --right NAME (data.left, data.right); for texts with a class --text NAME (data.text)"
    )
    return DataError("DATA_SIDES", cause, place=table.place, remedy=remedy)


def _doubt(table: Table, pair: SidePair) -> str:
    """What to tell about sides that hold hardly any texts."""
    kinds = {"id": "ids", "number": "numbers", "time": "dates or times", "text": "texts"}
    seen = " and ".join(f"{name} has {kinds[content_of(table, name)]}" for name in (pair.left, pair.right))
    return f"{seen}; if these are ids, join the tables that they point to: data.left_table, data.right_table"


def _only_ids(table: Table, pair: SidePair) -> DataError:
    cause = f"the columns {pair.left} and {pair.right} hold ids, and no other columns hold the texts they stand for"
    remedy = (
        "give the folder with the tables that these ids point to (tableA.csv and tableB.csv, or queries.jsonl and "
        "corpus.jsonl) to train, check, evaluate, probe or mine; or name them in a config: data.left_table, "
        "data.right_table"
    )
    return DataError("DATA_IDS", cause, place=table.place, remedy=remedy)


def _named_sides(table: Table, asked: ColumnOptions, target: str | None) -> tuple[Names, Names]:
    left = None if asked.left is None else named_columns(table, asked.left)
    right = None if asked.right is None else named_columns(table, asked.right)
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
        cause = f"column '{target}' is the label, and a text would contain it"
        raise DataError("DATA_SIDES", cause, place=table.place, remedy="leave it out of the sides, or name --label")
    return left, right


def _other_side(table: Table, name: str, counterparts: dict[str, str], option: str) -> str:
    if name in counterparts:
        return counterparts[name]
    cause = f"no column is the counterpart of '{name}'; found: {', '.join(list(table.columns)[:SHOWN])}"
    raise DataError("DATA_SIDES", cause, place=table.place, remedy=f"name the other side, too: {option} NAME")


def choose_target(table: Table, asked: ColumnOptions) -> str | None:
    """The column of labels or scores: the one that was named, else the only one that can be meant; None for none.

    Raises: DataError where several could be meant.
    """
    if asked.label is not None:
        column(table, asked.label)
        return asked.label
    sides = [names for names in (asked.left, asked.right) if names is not None]
    taken = {asked.text, *(name for names in sides for one in names for name in (one, *_parted(one)))}
    free = [name for name in table.columns if name not in taken]
    exact = [name for name in free if name.strip().lower() in TARGETS]
    known = [name for name in exact if not _is_side(name, free)] or exact
    known = known or [name for name in free if _speaks_of_target(table, name)]
    if len(known) > 1:
        cause = f"several columns could be the label: {', '.join(known)}"
        raise DataError("DATA_TARGET", cause, place=table.place, remedy=f"name one: --label {known[0]}")
    return known[0] if known else None


def _is_side(name: str, free: Sequence[str]) -> bool:
    """Whether a name such as `target` is one of two sides: source and target."""
    return any(name in (pair.left, pair.right) for pair in side_pairs(free))


def _speaks_of_target(table: Table, name: str) -> bool:
    words = set(name_words(name))
    return bool(words & TARGET_WORDS) and not words & ID_WORDS and not _varied_text(table, name)


def _varied_text(table: Table, name: str) -> bool:
    return content_of(table, name) == "text" and _varies(table, name)


def named_columns(table: Table, names: Names) -> Names:
    """The columns that an option names. A name that is no column is taken for several, parted by commas.

    Raises: DataError for a column that is not there.
    """
    found = tuple(one for name in names for one in ((name,) if name in table.columns else _parted(name)))
    for name in found:
        column(table, name)
    return found


def _parted(names: str) -> Names:
    return tuple(part.strip() for part in names.split(",") if part.strip()) or (names,)


def texts_named(table: Table, name: str, *, empty: str) -> list[str]:
    """The texts of the column, or of the joined columns, that an option names; blank ones by the policy `empty`.

    Raises: DataError for a column that is not there.
    """
    return joined_texts(table, named_columns(table, (name,)), empty=empty)[0]
