"""What a data file seems to hold: which column plays which part, the scale of its scores, what its texts are like."""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from seqtwin.data.pairs import SPLITS
from seqtwin.data.rows import Quoting
from seqtwin.data.series import CHANNEL, IDS, TIMES, channel_names
from seqtwin.data.tables import ENDINGS, Table, column, read_table
from seqtwin.data.values import BINARY, NUMBER, numbers
from seqtwin.errors import DataError

SIDES = (
    ("left", "right"),
    ("sentence1", "sentence2"),
    ("sentence_a", "sentence_b"),
    ("text1", "text2"),
    ("text_a", "text_b"),
    ("question1", "question2"),
    ("name1", "name2"),
    ("s1", "s2"),
    ("a", "b"),
)
TARGETS = ("score", "similarity", "label", "same", "target", "match", "is_duplicate", "rating", "relatedness", "y")
CLASSES = ("label", "class", "category", "target", "y")
TEXTS = ("text", "sentence", "name", "content")
SEQUENCES = ("sent_id", "sentence_id", "sequence_id", "sequence")
TOKENS = ("token", "word", "form")
TAGS = ("upos", "tag", "ner", "pos", "xpos", "label")
HIGHS = (1, 3, 4, 5, 7, 10, 100)
SAMPLE = 1000
REMEDY = "mend or remove these rows first"


@dataclass(frozen=True)
class Inspection:
    """What was seen. `roles` maps the keys of a config's data section to columns; `files` its split keys to paths.

    `kind`: pairs, items, series, steps or series_steps; `sequences`: how many sequences a long table holds.
    """

    files: dict[str, Path]
    kind: str
    roles: dict[str, str]
    rows: int
    scale: tuple[float, float] | None = None
    observed: tuple[float, float] | None = None
    balance: dict[str, int] = field(default_factory=dict)
    characters: tuple[float, int] = (0.0, 0)
    words: tuple[float, int] = (0.0, 0)
    scripts: dict[str, float] = field(default_factory=dict)
    duplicates: int = 0
    empty: int = 0
    sequences: int = 0

    @property
    def judged_file(self) -> Path:
        """The file itself, or the test file of a folder."""
        return self.files.get("test", next(iter(self.files.values())))


def inspect_data(path: Path, *, scale: Sequence[float] | None = None, quoting: Quoting | None = None) -> Inspection:
    """What a file, or a folder with train, dev and test files, seems to hold. A given scale is not guessed.

    Raises: DataError that says why the data cannot be used.
    """
    files = _files(path)
    table = read_table(next(iter(files.values())), quoting=quoting)
    table.finish(REMEDY)
    if any(CHANNEL.fullmatch(name) for name in table.columns):
        return _series(table, files)
    words = _named(table, SEQUENCES), _named(table, TOKENS), _named(table, TAGS)
    if all(words):
        return _steps(table, files, dict(zip(("sequence", "token", "label"), map(str, words), strict=True)))
    target = _named(table, TARGETS)
    sides = _sides(table, target)
    if sides and target:
        return _pairs(table, files, sides, target, scale)
    return _items(table, files)


def _files(path: Path) -> dict[str, Path]:
    if not path.is_dir():
        return {"file": path}
    for ending in ENDINGS:
        complete = {split: path / f"{split}{ending}" for split in SPLITS}
        if all(one.is_file() for one in complete.values()):
            return complete
    cause = "this is a directory without train, dev and test files of one kind"
    raise DataError("DATA_FOLDER", cause, place=str(path), remedy=f"name one file ({', '.join(ENDINGS)})")


def _named(table: Table, wanted: Sequence[str]) -> str | None:
    by_name = {name.lower(): name for name in table.columns}
    return next((by_name[name] for name in wanted if name in by_name), None)


def _sides(table: Table, target: str | None) -> tuple[str, str] | None:
    for left, right in SIDES:
        found = _named(table, [left]), _named(table, [right])
        if found[0] and found[1]:
            return found[0], found[1]
    varied = [name for name in table.columns if name != target and _is_text(table, name)]
    return (varied[0], varied[1]) if len(varied) > 1 else None


def _is_text(table: Table, name: str) -> bool:
    """True for a column of many different values that are no numbers."""
    sample = [value for value in column(table, name)[:SAMPLE] if value is not None]
    plain = sum(not isinstance(value, str) or NUMBER.fullmatch(value.strip()) is not None for value in sample)
    return plain < len(sample) / 2 and len(set(map(str, sample))) > len(sample) / 4


def _pairs(
    table: Table, files: dict[str, Path], sides: tuple[str, str], target: str, given: Sequence[float] | None
) -> Inspection:
    words = Counter(str(value).strip().lower() for value in column(table, target))
    binary = given is None and all(word in BINARY for word in words)
    roles = {"left": sides[0], "right": sides[1], "label" if binary else "score": target}
    if binary:
        same = sum(count for word, count in words.items() if BINARY[word])
        return _described(table, files, "pairs", roles, balance={"same": same, "different": len(table) - same})
    raw = numbers(table, target)
    table.finish(REMEDY)
    observed = (float(raw.min()), float(raw.max()))
    scale = (float(given[0]), float(given[1])) if given else _likely_scale(*observed)
    return _described(table, files, "pairs", roles, scale=scale, observed=observed)


def _likely_scale(low: float, high: float) -> tuple[float, float]:
    """The narrowest usual scale that holds both ends.

    >>> _likely_scale(1.2, 4.9), _likely_scale(0, 0.93)
    ((1, 5), (0, 1))
    """
    top = next((one for one in HIGHS if high <= one), float(np.ceil(high)))
    if low < 0:
        return (-1 if low >= -1 else float(np.floor(low)), top)
    return (1, top) if low >= 1 and top > 1 else (0, top)


def _items(table: Table, files: dict[str, Path]) -> Inspection:
    label = _named(table, CLASSES)
    rest = [name for name in table.columns if name != label and _is_text(table, name)]
    text = _named(table, TEXTS) or (rest[0] if rest else None)
    if label is None or text is None or text == label:
        cause = f"no columns of pairs, labelled texts, tagged words or series were found in {', '.join(table.columns)}"
        remedy = (
            "expected left, right and score or label; or text and label; or sent_id, token and upos; "
            "or series_id, t, ch0, ... and label"
        )
        raise DataError("DATA_UNKNOWN_KIND", cause, place=table.place, remedy=remedy)
    balance = Counter(str(value).strip() for value in column(table, label))
    if len(balance) < 2 or len(balance) > len(table) / 2:
        cause = f"column '{label}' has {len(balance)} different labels in {len(table)} rows"
        remedy = "pairs of labelled texts need two labels or more, with several texts each"
        raise DataError("DATA_LABELS", cause, place=table.place, remedy=remedy)
    return _described(table, files, "items", {"text": text, "label": label}, balance=dict(balance.most_common()))


def _series(table: Table, files: dict[str, Path]) -> Inspection:
    channel_names(table)
    roles = {
        "series": _named(table, IDS) or IDS[0],
        "time": _named(table, TIMES) or TIMES[0],
        "label": _named(table, CLASSES) or CLASSES[0],
    }
    for name in roles.values():
        column(table, name)
    ids, labels = (list(map(str, column(table, roles[role]))) for role in ("series", "label"))
    own = dict(zip(ids, labels, strict=True))
    one_each = len(set(zip(ids, labels, strict=True))) == len(own)
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
        characters=_mean_and_most([len(text) for text in texts]),
        words=_mean_and_most([len(words) for words in sequences.values()]),
        scripts=_scripts(texts[:SAMPLE]),
        duplicates=len(texts) - len(set(texts)),
        sequences=len(sequences),
    )


def _described(
    table: Table,
    files: dict[str, Path],
    kind: str,
    roles: dict[str, str],
    *,
    balance: dict[str, int] | None = None,
    scale: tuple[float, float] | None = None,
    observed: tuple[float, float] | None = None,
) -> Inspection:
    """The inspection with what the texts are like."""
    columns = [column(table, roles[role]) for role in ("left", "right", "text") if role in roles]
    rows = [tuple("" if value is None else str(value) for value in row) for row in zip(*columns, strict=True)]
    texts = [text for row in rows for text in row]
    return Inspection(
        files,
        kind,
        roles,
        len(table),
        scale=scale,
        observed=observed,
        balance=balance or {},
        characters=_mean_and_most([len(text) for text in texts]),
        words=_mean_and_most([len(text.split()) for text in texts]),
        scripts=_scripts(texts[:SAMPLE]),
        duplicates=len(rows) - len({tuple(sorted(row)) for row in rows}),
        empty=sum(any(not text.strip() for text in row) for row in rows),
    )


def _mean_and_most(lengths: Sequence[int]) -> tuple[float, int]:
    return float(np.mean(lengths)), max(lengths)


def _scripts(texts: Sequence[str]) -> dict[str, float]:
    """Share of each script among the letters, the most frequent first.

    >>> _scripts(["Rome", "Рим!"])
    {'latin': 0.571..., 'cyrillic': 0.428...}
    """
    letters = Counter(sign for text in texts for sign in text if sign.isalpha())
    scripts: Counter[str] = Counter()
    for sign, count in letters.items():
        scripts[unicodedata.name(sign, "unknown").split()[0].lower()] += count
    return {script: count / scripts.total() for script, count in scripts.most_common()}
