"""Pairs of texts from tables, and steps that all readers of pairs share: splits, leakage, notes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from seqtwin.data.file_summary import columns_line, one_class_lines
from seqtwin.data.files.columns import check_scale, joined_texts, values
from seqtwin.data.files.read_text import bare_name
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_text_table
from seqtwin.data.label_words import Labels
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.reading.choose_columns import choose_sides, choose_target, texts_named
from seqtwin.data.reading.column_options import ColumnOptions, Names
from seqtwin.data.reading.join_ids import Tables, read_joined
from seqtwin.data.reading.negatives import with_negatives
from seqtwin.data.reading.score_scales import look_at_target, read_labels, read_scores
from seqtwin.data.sample_pairs import dev_note, lacks_dev
from seqtwin.data.splits import check_fractions, leakage, leakage_notes, split_pairs
from seqtwin.errors import ConfigError, DataError

Files = Mapping[str, Path] | Path
EMPTY = ("error", "unk", "drop")
REMEDY_EMPTY = (
    "fix or remove these rows (or declare a wider scale for scores, or set tokens.empty to unk or drop for blank "
    "texts); nothing was read"
)
REMEDY_ROWS = "fix or remove these rows; nothing was read"  # for readers that allow blank texts
USUAL_FRACTIONS = (0.7, 0.15, 0.15)


def read_pairs(
    files: Files,
    *,
    left: str | Names | None = None,
    right: str | Names | None = None,
    score: str | None = None,
    label: str | None = None,
    labels: Labels | None = None,
    scale: Sequence[float] | None = None,
    cut: float = 0.5,
    tables: Tables | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    negatives: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> PairData:
    """Pairs of texts from one file or from one file per split. One file is split; no text is in two splits.

    `left`, `right`: columns of the two sides, joined with blanks if there are several; by default left and right.
    `score`: column of scores, which are mapped to (score - low) / (high - low) with the `scale`. `label`: column of
    binary labels; `labels`: the values of its words, by default those of the usual words. `tables`: the tables that ids
    in the files refer to; the columns are then left_NAME and right_NAME, or NAME for short, and unnamed columns are
    chosen as in `inspect_data`. `negatives`: random different pairs added per same pair.

    Raises: DataError with all bad rows of a file; ConfigError for contradictory settings.
    """
    if (score is None) == (label is None) and (score or tables is None):
        raise ConfigError("CONFIG_TARGET", "expected one of data.score and data.label", place="data")
    check_settings(scale, fractions, empty)
    options = ColumnOptions(_tuple(left), _tuple(right), label or score, quoting=quoting)
    if tables is None:
        options = replace(options, left=options.left or ("left",), right=options.right or ("right",))
    how = _Reading(options, label is not None or labels is not None, labels, scale, empty)
    parts, lines = {}, []
    for split, path in by_split(files).items():
        part = _read_part(path, tables, how)
        parts[split] = part
        lines += [line for line in part.lines if line not in lines]
    dropped = {split: part.dropped for split, part in parts.items()}
    frame, split_notes = _joined({split: part.frame for split, part in parts.items()}, fractions, seed)
    frame, drawn = with_negatives(frame, negatives, cut=cut, seed=seed)
    columns = next(iter(parts.values())).columns
    facts = {"columns": columns, "scale": list(scale) if scale else None, "dropped_rows": dropped}
    notes = [*split_notes, *drawn, *_dropped_notes(dropped)]
    data = described(frame, cut=cut, name=name or stem(files), facts=facts, notes=notes)
    return replace(data, understood=tuple(lines))


def _tuple(names: str | Names | None) -> Names | None:
    return (names,) if isinstance(names, str) else None if names is None else tuple(names)


@dataclass(frozen=True)
class _Reading:
    """The columns of a table and how to read them. `binary`: the target is a label, not a score."""

    options: ColumnOptions
    binary: bool
    labels: Labels | None
    scale: Sequence[float] | None
    empty: str


@dataclass(frozen=True)
class _Part:
    """The pairs of one file, the number of dropped rows, the columns, and summary lines."""

    frame: pd.DataFrame
    dropped: int
    columns: list[str]
    lines: list[str]


def _read_part(path: Path, tables: Tables | None, how: _Reading) -> _Part:
    table = read_joined(path, tables, how.options.quoting)
    options = how.options if tables is None else _with_sides(table, how.options)
    target = choose_target(table, options)
    sides = choose_sides(table, options, target)
    if sides is None or target is None:
        cause = f"expected two columns of texts and one of labels, found: {', '.join(table.columns)}"
        remedy = "set data.left, data.right and data.label"
        raise DataError("DATA_COLUMN", cause, place=table.place, remedy=remedy)
    for name in (*sides[0], *sides[1], target):
        column(table, name)  # report a missing column before problems of rows
    binary = how.binary or (how.scale is None and look_at_target(table, target).scale is None)
    values = read_labels(table, target, how.labels) if binary else read_scores(table, target, how.scale)
    rows = len(table) + len({line for line, _ in table.problems})
    frame, dropped = _kept_pairs(table, *sides, values, how.empty)
    roles = {"left": sides[0], "right": sides[1], "label" if binary else "score": (target,)}
    lines = [columns_line(path.name, rows, roles), *table.notes]
    return _Part(frame, dropped, [*(" + ".join(names) for names in sides), target], lines)


def _with_sides(table: Table, options: ColumnOptions) -> ColumnOptions:
    """The options with the full names of joined columns: `title` on the left becomes `left_title`."""
    left, right = options.left, options.right
    return replace(
        options,
        left=None if left is None else tuple(_full_name(table, "left", name) for name in left),
        right=None if right is None else tuple(_full_name(table, "right", name) for name in right),
    )


def _full_name(table: Table, side: str, name: str) -> str:
    full = f"{side}_{name}"
    return full if name not in table.columns and full in table.columns else name


def read_columns(path: Path, names: Sequence[str], *, empty: str = "error") -> list[list[str]]:
    """The texts of some columns, for encoding and scoring. Blank texts are kept unless `empty` is `error`.

    Raises: DataError.
    """
    table = read_text_table(path)
    columns = [texts_named(table, name, empty="error" if empty == "error" else "unk") for name in names]
    table.finish(REMEDY_ROWS)
    return columns


def read_values(path: Path, names: Sequence[str]) -> list[list[str]]:
    """The values of some columns as text, also of numbers: for ids, and for columns that are only kept.

    Raises: DataError.
    """
    table = read_text_table(path)
    columns = [values(table, name) for name in names]
    table.finish(REMEDY_ROWS)
    return columns


def check_settings(scale: Sequence[float] | None, fractions: Sequence[float], empty: str) -> None:
    """Check the scale, the split fractions and the policy for blank texts.

    Raises: ConfigError.
    """
    try:
        check_scale(scale)
        check_fractions(fractions)
    except ValueError as error:
        raise ConfigError("CONFIG_DATA", str(error), place="data") from error
    if empty not in EMPTY:
        raise ConfigError("CONFIG_DATA", f"empty: expected one of {', '.join(EMPTY)}, got '{empty}'", place="tokens")


def by_split(files: Files) -> dict[str, Path]:
    """The files by split. A single file has the key "file".

    Raises: ConfigError for an unknown split.
    """
    if isinstance(files, (str, Path)):
        return {"file": Path(files)}
    unknown = [split for split in files if split not in SPLITS]
    if unknown or not files:
        raise ConfigError("CONFIG_DATA", f"expected files for train, dev and test, got {list(files)}", place="data")
    return {split: Path(files[split]) for split in SPLITS if split in files}


def stem(files: Files) -> str:
    """The name of a data set: that of its first file."""
    return bare_name(next(iter(by_split(files).values())))


def _kept_pairs(table: Table, left: Names, right: Names, target: np.ndarray, empty: str) -> tuple[pd.DataFrame, int]:
    lefts, keep_left = joined_texts(table, left, empty=empty)
    rights, keep_right = joined_texts(table, right, empty=empty)
    table.finish(REMEDY_EMPTY)
    keep = keep_left & keep_right
    if not keep.any():
        raise DataError("DATA_NO_ROWS", "no rows are left: every row has an empty text", place=table.place)
    frame = pd.DataFrame({"left": lefts, "right": rights, "target": target})
    return frame[keep].reset_index(drop=True), int((~keep).sum())


def _joined(parts: dict[str, pd.DataFrame], fractions: Sequence[float], seed: int) -> tuple[pd.DataFrame, list[str]]:
    if "file" not in parts:
        frame = pd.concat([part.assign(split=split) for split, part in parts.items()], ignore_index=True)
        return _with_dev(frame, fractions, seed) if lacks_dev(parts) else (frame, [])
    frame = parts["file"]
    split, note = split_pairs(frame["left"].tolist(), frame["right"].tolist(), fractions, np.random.default_rng(seed))
    return frame.assign(split=split), [note]


def _with_dev(frame: pd.DataFrame, fractions: Sequence[float], seed: int) -> tuple[pd.DataFrame, list[str]]:
    """The pairs, with a share of the training pairs moved to dev. If possible, train and dev share no text."""
    train, share = frame["split"] == "train", fractions[1]
    sides = frame.loc[train, "left"].tolist(), frame.loc[train, "right"].tolist()
    try:
        split, _ = split_pairs(*sides, (1 - share, share / 2, share / 2), np.random.default_rng(seed))
    except DataError:
        return frame, []  # too few pairs to split; a missing dev is reported where it is needed
    cut = pd.Series(["train" if part == "train" else "dev" for part in split], index=frame.index[train])
    return frame.assign(split=cut.reindex(frame.index).fillna(frame["split"])), [dev_note(fractions)]


def _dropped_notes(dropped: Mapping[str, int]) -> list[str]:
    return [f"{count} rows of {split} with an empty text left out" for split, count in dropped.items() if count]


def described(
    frame: pd.DataFrame,
    *,
    cut: float,
    name: str,
    facts: Mapping[str, object],
    notes: Sequence[str],
    series: tuple[np.ndarray, ...] | None = None,
) -> PairData:
    """The pairs as `PairData`, with leakage, duplicates and one-sided splits counted and described in notes."""
    shared = leakage(frame)
    counts = {"leakage": shared, "identical_sides": _identical(frame), "duplicate_pairs": _duplicates(frame)}
    words = [*notes, *leakage_notes(shared), *_count_notes(counts, len(frame)), *one_class_lines(frame, cut)]
    return PairData(frame[["left", "right", "target", "split"]], series, cut, name, {**facts, **counts}, tuple(words))


def _identical(frame: pd.DataFrame) -> int:
    return int((frame["left"] == frame["right"]).sum())


def _duplicates(frame: pd.DataFrame) -> int:
    sides = np.sort(np.stack([pd.factorize(frame[["left", "right"]].to_numpy().ravel())[0]]).reshape(-1, 2), axis=1)
    return int(pd.DataFrame({"a": sides[:, 0], "b": sides[:, 1], "split": frame["split"]}).duplicated().sum())


def _count_notes(counts: Mapping[str, object], rows: int) -> list[str]:
    notes = []
    if counts["identical_sides"]:
        notes.append(f"{counts['identical_sides']} of {rows} pairs have the same text on both sides")
    if counts["duplicate_pairs"]:
        notes.append(f"{counts['duplicate_pairs']} of {rows} pairs repeat an earlier pair of their split")
    return notes
