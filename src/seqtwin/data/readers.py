"""Your own files to pairs: pair tables, class-labelled texts, long-format series."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from seqtwin.data.pairs import SPLITS, PairData
from seqtwin.data.rows import Quoting
from seqtwin.data.sources import bare_name
from seqtwin.data.splits import check_fractions, leakage, leakage_notes, split_pairs
from seqtwin.data.tables import Table, column, read_table, read_text_table
from seqtwin.data.values import check_scale, labels, scores, texts
from seqtwin.errors import ConfigError, DataError

Files = Mapping[str, Path] | Path
EMPTY = ("error", "unk", "drop")
REMEDY_EMPTY = (
    "mend or remove these rows (scores: or declare a wider scale; blank texts: or set tokens.empty to unk or drop); "
    "nothing was read"
)
USUAL_FRACTIONS = (0.7, 0.15, 0.15)


def read_pairs(
    files: Files,
    *,
    left: str = "left",
    right: str = "right",
    score: str | None = None,
    label: str | None = None,
    scale: Sequence[float] | None = None,
    cut: float = 0.5,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> PairData:
    """Pairs of texts from one file, which is split so that no text stands in two splits, or from a file per split.

    `score` is mapped by the declared scale to (score - low) / (high - low); `label` is binary.

    Raises: DataError with all bad rows of a file; ConfigError for settings that do not fit together.
    """
    if (score is None) == (label is None):
        raise ConfigError("CONFIG_TARGET", "expected one of data.score and data.label", place="data")
    check_settings(scale, fractions, empty)
    parts = {}
    dropped = {}
    for split, path in by_split(files).items():
        table = read_table(path, quoting=quoting)
        for needed in (left, right, score or label or ""):
            column(table, needed)  # a missing column comes before any complaint about rows
        target = labels(table, label) if label else scores(table, score or "", scale)
        parts[split], dropped[split] = _kept_pairs(table, left, right, target, empty)
    frame, how = _joined(parts, fractions, seed)
    facts = {"columns": [left, right, score or label], "scale": list(scale) if scale else None, "dropped_rows": dropped}
    return described(frame, cut=cut, name=name or stem(files), facts=facts, notes=[*how, *_dropped_notes(dropped)])


def read_columns(path: Path, names: Sequence[str], *, empty: str = "error") -> list[list[str]]:
    """The texts of some columns, for encoding and scoring; blank ones stay where the policy is not `error`.

    Raises: DataError.
    """
    table = read_text_table(path)
    found = [texts(table, name, empty="error" if empty == "error" else "unk")[0] for name in names]
    table.finish(REMEDY_EMPTY)
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


def _kept_pairs(table: Table, left: str, right: str, target: np.ndarray, empty: str) -> tuple[pd.DataFrame, int]:
    lefts, keep_left = texts(table, left, empty=empty)
    rights, keep_right = texts(table, right, empty=empty)
    table.finish(REMEDY_EMPTY)
    keep = keep_left & keep_right
    if not keep.any():
        raise DataError("DATA_NO_ROWS", "no rows are left: a text of every row is empty", place=table.place)
    frame = pd.DataFrame({"left": lefts, "right": rights, "target": target})
    return frame[keep].reset_index(drop=True), int((~keep).sum())


def _joined(parts: dict[str, pd.DataFrame], fractions: Sequence[float], seed: int) -> tuple[pd.DataFrame, list[str]]:
    if "file" not in parts:
        return pd.concat([part.assign(split=split) for split, part in parts.items()], ignore_index=True), []
    frame = parts["file"]
    split, how = split_pairs(frame["left"].tolist(), frame["right"].tolist(), fractions, np.random.default_rng(seed))
    return frame.assign(split=split), [how]


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
    words = [*notes, *leakage_notes(shared), *_count_notes(counts, len(frame)), *_one_class_notes(frame, cut)]
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


def _one_class_notes(frame: pd.DataFrame, cut: float) -> list[str]:
    same = (frame["target"] >= cut).groupby(frame["split"]).mean()
    words = {0.0: "different", 1.0: "same"}
    return [f"all pairs of {split} are {words[share]}" for split, share in same.items() if share in words]
