"""Inspection of a data file: the kind of data, the role of each column, the scale of scores, and text statistics."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from seqtwin.data.files.columns import joined_texts
from seqtwin.data.files.number_formats import NUMBER
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column
from seqtwin.data.label_words import label_value
from seqtwin.data.reading.choose_columns import choose_sides, choose_target, side_pairs
from seqtwin.data.reading.column_kinds import content_of, is_id_column
from seqtwin.data.reading.column_options import ColumnOptions, Gaps, Names
from seqtwin.data.reading.join_ids import Layout, Tables, layout_of, read_joined
from seqtwin.data.reading.score_scales import Target, look_at_target
from seqtwin.data.reading.series import CHANNEL, IDS, TIMES, channel_names
from seqtwin.data.text_statistics import mean_and_most, number_share, scripts_of
from seqtwin.data.unlabelled_table import USUAL, unlabelled_remedy
from seqtwin.errors import DataError

NO_OPTIONS = ColumnOptions()

CLASSES = ("label", "class", "category", "target", "y")
TEXTS = ("text", "sentence", "name", "content")
SEQUENCES = ("sent_id", "sentence_id", "sequence_id", "sequence")
TOKENS = ("token", "word", "form")
TAGS = ("upos", "tag", "ner", "pos", "xpos", "label")
SAMPLE = 1000
FEW_SLIPS = 0.1
REMEDY = "correct or remove these rows first"


@dataclass(frozen=True)
class Inspection:
    """The result of an inspection.

    `files`, `roles`: keys of the data section of a config, with their paths and columns. `kind`: pairs, items,
    series, steps or series_steps. `tables`: the tables that ids of pairs refer to. `target`: the meaning of the labels
    of pairs. `balance`: rows per label. `characters`, `words`: mean and largest length of the texts. `numbers`: share
    of words with a digit. `sequences`, `channels`: their numbers. `others`: unused columns. `notes`: other decisions.
    """

    files: dict[str, Path]
    kind: str
    roles: dict[str, str | Names]
    rows: int
    tables: Tables | None = None
    target: Target | None = None
    balance: dict[str, int] = field(default_factory=dict)
    characters: tuple[float, int] = (0.0, 0)
    words: tuple[float, int] = (0.0, 0)
    scripts: dict[str, float] = field(default_factory=dict)
    numbers: float = 0.0
    duplicates: int = 0
    empty: int = 0
    sequences: int = 0
    channels: int = 0
    others: Names = ()
    quoting: Quoting | None = None
    gaps: Gaps = "error"
    notes: tuple[str, ...] = ()

    @property
    def judged_file(self) -> Path:
        """The file to evaluate on: the test file of a folder, or the only file."""
        return self.files.get("test", next(iter(self.files.values())))

    @property
    def scale(self) -> tuple[float, float] | None:
        """The scale of the scores, None for labels."""
        return self.target.scale if self.target else None

    def names(self, role: str) -> Names:
        """The columns of a role."""
        names = self.roles[role]
        return (names,) if isinstance(names, str) else names

    def name(self, role: str) -> str:
        """The single column of a role."""
        return self.names(role)[0]


def inspect_data(path: Path, options: ColumnOptions = NO_OPTIONS) -> Inspection:
    """Inspect a file, or a folder with train, dev and test files. Only what `options` leave open is guessed.

    Raises: DataError if the data cannot be used, or if a column has to be named.
    """
    layout = layout_of(path)
    table = read_joined(next(iter(layout.files.values())), layout.tables, options.quoting)
    table.finish(REMEDY)
    inspection = _inspected(table, layout, options)
    used = {name for role in inspection.roles for name in inspection.names(role)}
    channels = {name for name in table.columns if inspection.kind.startswith("series") and CHANNEL.fullmatch(name)}
    others = tuple(name for name in table.columns if name not in used | channels)
    _refuse_unused(inspection, options, table)
    return replace(
        inspection,
        others=others,
        channels=len(channels),
        quoting=options.quoting,
        gaps=options.gaps,
        notes=tuple(table.notes),
    )


def _inspected(table: Table, layout: Layout, options: ColumnOptions) -> Inspection:
    if not options.pair and options.text is None:
        if any(CHANNEL.fullmatch(name) for name in table.columns):
            return _series(table, layout.files, options.label)
        tags = options.label if options.label in table.columns else _named(table, TAGS)
        words = _named(table, SEQUENCES), _named(table, TOKENS), tags
        if all(words):
            return _steps(table, layout.files, dict(zip(("sequence", "token", "label"), map(str, words), strict=True)))
    if options.text is not None and options.pair:
        cause = "--text (texts with a class) cannot be combined with --left and --right (pairs)"
        raise DataError("DATA_ROLES", cause, place=table.place, remedy="remove one of them")
    if options.text is not None:
        return _items(table, layout.files, options)
    target = choose_target(table, options)
    sides = _sides(table, layout, options, target)
    if sides and target:
        return _pairs(table, layout, sides, look_at_target(table, target, scale=options.scale, labels=options.labels))
    if sides and not _named(table, CLASSES):
        cause = f"no column of labels or scores among {', '.join(table.columns)}"
        remedy = "name it with --label NAME; if all pairs are the same: seqtwin init --all-same; else label some pairs"
        raise DataError("DATA_TARGET", cause, place=table.place, remedy=remedy)
    return _items(table, layout.files, options)


def _sides(table: Table, layout: Layout, options: ColumnOptions, target: str | None) -> tuple[Names, Names] | None:
    if target is not None and not options.pair and layout.tables is None and not _pair_like(table, target):
        named = side_pairs([name for name in table.columns if name != target])
        return choose_sides(table, options, target) if named else None
    if layout.tables is not None and layout.tables.right.stem == "corpus" and not options.pair:
        return _of_corpus(table)
    return choose_sides(table, options, target)


def _pair_like(table: Table, target: str) -> bool:
    """Whether a column can be the label of pairs: numbers, or known words for same and different."""
    sample = [str(value).strip() for value in column(table, target)[:SAMPLE]]
    known = sum(label_value(value) is not None or NUMBER.fullmatch(value) is not None for value in sample)
    return known > len(sample) / 2


def _of_corpus(table: Table) -> tuple[Names, Names] | None:
    """The columns of the BEIR format, whose documents have a title and a text."""
    right = tuple(name for name in ("right_title", "right_text") if name in table.columns)
    return (("left_text",), right) if right and "left_text" in table.columns else None


def _named(table: Table, wanted: Sequence[str]) -> str | None:
    by_name = {name.lower(): name for name in table.columns}
    return next((by_name[name] for name in wanted if name in by_name), None)


def _is_text(table: Table, name: str) -> bool:
    """Whether a column has many different values that are not numbers."""
    sample = [value for value in column(table, name)[:SAMPLE] if value is not None]
    plain = sum(not isinstance(value, str) or NUMBER.fullmatch(value.strip()) is not None for value in sample)
    return plain < len(sample) / 2 and len(set(map(str, sample))) > len(sample) / 4


def _pairs(table: Table, layout: Layout, sides: tuple[Names, Names], target: Target) -> Inspection:
    roles: dict[str, str | Names] = {"left": _single(sides[0]), "right": _single(sides[1]), target.role: target.name}
    return _described(
        table, layout.files, "pairs", roles, balance=dict(target.words), tables=layout.tables, target=target
    )


def _single(names: Names) -> str | Names:
    return names[0] if len(names) == 1 else names


def _items(table: Table, files: dict[str, Path], options: ColumnOptions) -> Inspection:
    label = options.label or _named(table, CLASSES)
    text = _named_text(table, options.text) if options.text else _text_of(table, label)
    if label is None or text is None or text == label:
        cause = f"no columns of pairs, texts with a class, tagged words or series among {', '.join(table.columns)}"
        remedy = USUAL if label else unlabelled_remedy([options.text] if options.text else _text_columns(table, None))
        raise DataError("DATA_UNKNOWN_KIND", cause, place=table.place, remedy=remedy)
    balance = Counter(str(value).strip() for value in column(table, label))
    if not options.any_classes and (len(balance) < 2 or len(balance) > len(table) / 2):
        cause = f"column '{label}' has {len(balance)} different labels in {len(table)} rows"
        remedy = "expected two or more labels with several texts each"
        raise DataError("DATA_LABELS", cause, place=table.place, remedy=remedy)
    return _described(table, files, "items", {"text": text, "label": label}, balance=dict(balance.most_common()))


def _named_text(table: Table, name: str) -> str:
    column(table, name)
    return name


def _text_columns(table: Table, label: str | None) -> list[str]:
    return [name for name in table.columns if name != label and _is_text(table, name) and not is_id_column(table, name)]


def _text_of(table: Table, label: str | None) -> str | None:
    """The column of texts: one with a usual name, otherwise the only column with texts.

    Raises: DataError for more than one.
    """
    usual = _named(table, TEXTS)
    texts = _text_columns(table, label)
    if usual is not None and (not texts or content_of(table, usual) == "text"):
        return usual
    if len(texts) > 1 and label is not None:
        cause = f"several columns contain texts: {', '.join(texts[:12])}"
        remedy = "name one with --text NAME; or, for pairs, use --left and --right"
        raise DataError("DATA_TEXT", cause, place=table.place, remedy=remedy)
    return texts[0] if texts else None


def _refuse_unused(inspection: Inspection, options: ColumnOptions, table: Table) -> None:
    """Check that a scale or label words are only given for pairs.

    Raises: DataError.
    """
    given = [f"--{name}" for name in ("scale", "labels") if getattr(options, name) is not None]
    if given and inspection.kind != "pairs":
        cause = (
            f"{' and '.join(given)} can only be used with pairs, but column '{inspection.name('label')}' has classes"
        )
        remedy = "remove them, or name the two sides of the pairs with --left NAME --right NAME"
        raise DataError("DATA_ROLES", cause, place=table.place, remedy=remedy)


def _series(table: Table, files: dict[str, Path], label: str | None) -> Inspection:
    channel_names(table)
    roles: dict[str, str | Names] = {
        "series": _named(table, IDS) or IDS[0],
        "time": _named(table, TIMES) or TIMES[0],
        "label": label or _named(table, CLASSES) or CLASSES[0],
    }
    for name in roles.values():
        column(table, str(name))
    ids, labels = (list(map(str, column(table, str(roles[role])))) for role in ("series", "label"))
    own = dict(zip(ids, labels, strict=True))
    several = len(set(zip(ids, labels, strict=True))) - len(own)
    one_each = several <= FEW_SLIPS * len(own)  # a few wrong labels are reported later and do not change the kind
    counts = Counter(own.values() if one_each else labels)
    kind = "series" if one_each else "series_steps"
    return Inspection(files, kind, roles, len(table), balance=dict(counts.most_common()), sequences=len(own))


def _steps(table: Table, files: dict[str, Path], roles: dict[str, str]) -> Inspection:
    time = _named(table, TIMES)
    sequences: dict[str, list[str]] = {}
    for name, token in zip(column(table, roles["sequence"]), column(table, roles["token"]), strict=True):
        sequences.setdefault(str(name), []).append("" if token is None else str(token))
    texts = [" ".join(words) for words in sequences.values()]
    tags = Counter(str(tag) for tag in column(table, roles["label"]))
    return Inspection(
        files,
        "steps",
        {**roles, **({"time": time} if time else {})},
        len(table),
        balance=dict(tags.most_common()),
        characters=mean_and_most([len(text) for text in texts]),
        words=mean_and_most([len(words) for words in sequences.values()]),
        scripts=scripts_of(texts[:SAMPLE]),
        duplicates=len(texts) - len(set(texts)),
        sequences=len(sequences),
    )


def _described(
    table: Table,
    files: dict[str, Path],
    kind: str,
    roles: dict[str, str | Names],
    *,
    balance: dict[str, int] | None = None,
    tables: Tables | None = None,
    target: Target | None = None,
) -> Inspection:
    """An inspection with text statistics."""
    sides = [roles[role] for role in ("left", "right", "text") if role in roles]
    columns = [joined_texts(table, (names,) if isinstance(names, str) else names, empty="unk")[0] for names in sides]
    table.finish(REMEDY)
    rows = list(zip(*columns, strict=True))
    texts = [text for row in rows for text in row]
    return Inspection(
        files,
        kind,
        roles,
        len(table),
        tables=tables,
        target=target,
        balance=balance or {},
        characters=mean_and_most([len(text) for text in texts]),
        words=mean_and_most([len(text.split()) for text in texts]),
        scripts=scripts_of(texts[:SAMPLE]),
        numbers=number_share(texts[:SAMPLE]),
        duplicates=len(rows) - len({tuple(sorted(row)) for row in rows}),
        empty=sum(any(not text.strip() for text in row) for row in rows),
    )
