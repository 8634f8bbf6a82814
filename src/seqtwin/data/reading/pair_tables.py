"""Your own files to pairs: pair tables, class-labelled texts, long-format series."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.file_summary import columns_line, one_class_lines
from seqtwin.data.files.columns import check_scale, joined_texts
from seqtwin.data.files.decode import bare_name
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_text_table
from seqtwin.data.label_words import Labels
from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.reading.choose_columns import choose_sides, choose_target, texts_named
from seqtwin.data.reading.column_options import ColumnOptions, Names
from seqtwin.data.reading.join_ids import Tables, read_joined
from seqtwin.data.reading.negatives import with_negatives
from seqtwin.data.reading.score_scales import look_at_target, read_labels, read_scores
from seqtwin.data.splits import check_fractions, leakage, leakage_notes, split_pairs
from seqtwin.errors import ConfigError, DataError

Files = Mapping[str, Path] | Path
EMPTY = ("error", "unk", "drop")
REMEDY_EMPTY = (
    "fix or remove these rows (scores: or declare a wider scale; blank texts: or set tokens.empty to unk or drop); "
    "nothing was read"
)
REMEDY_ROWS = "fix or remove these rows; nothing was read"  # where a blank text is no problem
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
    """Pairs of texts from one file, which is split so that no text stands in two splits, or from a file per split.

    `left`, `right`: the columns of the two sides (by default left and right); several of one side are joined by a
    blank. `score` is mapped by the declared scale to (score - low) / (high - low); `label` is binary, and `labels` says
    what its words mean where they are not the usual ones. With `tables` the files hold ids, and the columns are those
    of the rows that the ids name: left_NAME, right_NAME, or NAME alone; what is not named is chosen as `inspect_data`
    does.

    Raises: DataError with all bad rows of a file; ConfigError for settings that do not fit together.
    """
    if (score is None) == (label is None) and (score or tables is None):
        raise ConfigError("CONFIG_TARGET", "expected one of data.score and data.label", place="data")
    check_settings(scale, fractions, empty)
    asked = ColumnOptions(_tuple(left), _tuple(right), label or score, quoting=quoting)
    if tables is None:
        asked = replace(asked, left=asked.left or ("left",), right=asked.right or ("right",))
    how = _Columns(asked, label is not None or labels is not None, labels, scale, empty)
    parts, lines = {}, []
    for split, path in by_split(files).items():
        part = _read_part(path, tables, how)
        parts[split] = part
        lines += [line for line in part.lines if line not in lines]
    dropped = {split: part.dropped for split, part in parts.items()}
    frame, cut_how = _joined({split: part.frame for split, part in parts.items()}, fractions, seed)
    frame, drawn = with_negatives(frame, negatives, cut=cut, seed=seed)
    columns = next(iter(parts.values())).columns
    facts = {"columns": columns, "scale": list(scale) if scale else None, "dropped_rows": dropped}
    notes = [*cut_how, *drawn, *_dropped_notes(dropped)]
    data = described(frame, cut=cut, name=name or stem(files), facts=facts, notes=notes)
    return replace(data, understood=tuple(lines))


def _tuple(names: str | Names | None) -> Names | None:
    return (names,) if isinstance(names, str) else None if names is None else tuple(names)


@dataclass(frozen=True)
class _Columns:
    """Which columns are read, and how."""

    asked: ColumnOptions
    binary: bool
    labels: Labels | None
    scale: Sequence[float] | None
    empty: str


@dataclass(frozen=True)
class _Part:
    """The pairs of one file, how many rows were dropped, the columns, and what was understood of the file."""

    frame: pd.DataFrame
    dropped: int
    columns: list[str]
    lines: list[str]


def _read_part(path: Path, tables: Tables | None, how: _Columns) -> _Part:
    table = read_joined(path, tables, how.asked.quoting)
    asked = how.asked if tables is None else _sided(table, how.asked)
    target = choose_target(table, asked)
    sides = choose_sides(table, asked, target)
    if sides is None or target is None:
        cause = f"expected two columns of texts and one of labels, found: {', '.join(table.columns)}"
        raise DataError("DATA_COLUMN", cause, place=table.place, remedy="name them: data.left, data.right, data.label")
    for needed in (*sides[0], *sides[1], target):
        column(table, needed)  # a missing column comes before any complaint about rows
    binary = how.binary or (how.scale is None and look_at_target(table, target).scale is None)
    values = read_labels(table, target, how.labels) if binary else read_scores(table, target, how.scale)
    rows = len(table) + len({line for line, _ in table.problems})
    frame, dropped = _kept_pairs(table, *sides, values, how.empty)
    roles = {"left": sides[0], "right": sides[1], "label" if binary else "score": (target,)}
    lines = [columns_line(path.name, rows, roles), *table.notes]
    return _Part(frame, dropped, [*(" + ".join(names) for names in sides), target], lines)


def _sided(table: Table, asked: ColumnOptions) -> ColumnOptions:
    """The columns of joined tables by their full names: `title` on the left is `left_title`."""
    left, right = asked.left, asked.right
    return replace(
        asked,
        left=None if left is None else tuple(_full(table, "left", name) for name in left),
        right=None if right is None else tuple(_full(table, "right", name) for name in right),
    )


def _full(table: Table, side: str, name: str) -> str:
    full = f"{side}_{name}"
    return full if name not in table.columns and full in table.columns else name


def read_columns(path: Path, names: Sequence[str], *, empty: str = "error") -> list[list[str]]:
    """The texts of some columns, for encoding and scoring; blank ones stay where the policy is not `error`.

    Raises: DataError.
    """
    table = read_text_table(path)
    found = [texts_named(table, name, empty="error" if empty == "error" else "unk") for name in names]
    table.finish(REMEDY_ROWS)
    return found


def check_settings(scale: Sequence[float] | None, fractions: Sequence[float], empty: str) -> None:
    """Nothing, for settings that can be.

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
    """The files by split; one file alone stands under "file".

    Raises: ConfigError for an unknown split.
    """
    if isinstance(files, (str, Path)):
        return {"file": Path(files)}
    unknown = [split for split in files if split not in SPLITS]
    if unknown or not files:
        raise ConfigError("CONFIG_DATA", f"expected files for train, dev and test, got {list(files)}", place="data")
    return {split: Path(files[split]) for split in SPLITS if split in files}


def stem(files: Files) -> str:
    """The name a data set has by its first file."""
    return bare_name(next(iter(by_split(files).values())))


def _kept_pairs(table: Table, left: Names, right: Names, target: np.ndarray, empty: str) -> tuple[pd.DataFrame, int]:
    lefts, keep_left = joined_texts(table, left, empty=empty)
    rights, keep_right = joined_texts(table, right, empty=empty)
    table.finish(REMEDY_EMPTY)
    keep = keep_left & keep_right
    if not keep.any():
        raise DataError("DATA_NO_ROWS", "no rows are left: a text of every row is empty", place=table.place)
    frame = pd.DataFrame({"left": lefts, "right": rights, "target": target})
    return frame[keep].reset_index(drop=True), int((~keep).sum())


def _joined(parts: dict[str, pd.DataFrame], fractions: Sequence[float], seed: int) -> tuple[pd.DataFrame, list[str]]:
    if "file" not in parts:
        frame = pd.concat([part.assign(split=split) for split, part in parts.items()], ignore_index=True)
        whole = "dev" in parts or not {"train", "test"} <= set(parts)
        return (frame, []) if whole else _with_dev(frame, fractions[1], seed)
    frame = parts["file"]
    split, how = split_pairs(frame["left"].tolist(), frame["right"].tolist(), fractions, np.random.default_rng(seed))
    return frame.assign(split=split), [how]


def _with_dev(frame: pd.DataFrame, share: float, seed: int) -> tuple[pd.DataFrame, list[str]]:
    """The pairs with a share of the training pairs as dev, cut so that no text stands in both if that can be."""
    train = frame["split"] == "train"
    sides = frame.loc[train, "left"].tolist(), frame.loc[train, "right"].tolist()
    try:
        split, _ = split_pairs(*sides, (1 - share, share / 2, share / 2), np.random.default_rng(seed))
    except DataError:
        return frame, []  # too few to cut: that there is no dev is said where one is needed
    cut = pd.Series(["train" if one == "train" else "dev" for one in split], index=frame.index[train])
    return frame.assign(split=cut.reindex(frame.index).fillna(frame["split"])), [f"dev was cut from train: {share:.0%}"]


def _dropped_notes(dropped: Mapping[str, int]) -> list[str]:
    return [f"{count} rows of {split} dropped: a text is empty" for split, count in dropped.items() if count]


def described(
    frame: pd.DataFrame,
    *,
    cut: float,
    name: str,
    facts: dict[str, Any],
    notes: Sequence[str],
    series: tuple[np.ndarray, ...] | None = None,
) -> PairData:
    """The data with leakage, duplicates and lopsided splits counted and put in words."""
    shared = leakage(frame)
    counts = {"leakage": shared, "identical_sides": _identical(frame), "duplicate_pairs": _duplicates(frame)}
    words = [*notes, *leakage_notes(shared), *_count_notes(counts, len(frame)), *one_class_lines(frame, cut)]
    return PairData(frame[["left", "right", "target", "split"]], series, cut, name, {**facts, **counts}, tuple(words))


def _identical(frame: pd.DataFrame) -> int:
    return int((frame["left"] == frame["right"]).sum())


def _duplicates(frame: pd.DataFrame) -> int:
    sides = np.sort(np.stack([pd.factorize(frame[["left", "right"]].to_numpy().ravel())[0]]).reshape(-1, 2), axis=1)
    return int(pd.DataFrame({"a": sides[:, 0], "b": sides[:, 1], "split": frame["split"]}).duplicated().sum())


def _count_notes(counts: Mapping[str, Any], rows: int) -> list[str]:
    found = []
    if counts["identical_sides"]:
        found.append(f"{counts['identical_sides']} of {rows} pairs have the same text on both sides")
    if counts["duplicate_pairs"]:
        found.append(f"{counts['duplicate_pairs']} of {rows} pairs repeat an earlier pair of their split")
    return found
