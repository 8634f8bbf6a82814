"""Long-format series (one row per step) to pairs: two series of one label are the same."""

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd

from seqtwin.data.items import sampled
from seqtwin.data.pairs import PairData
from seqtwin.data.readers import USUAL_FRACTIONS, Files, by_split, check_settings, described, stem
from seqtwin.data.tables import Table, column, read_table
from seqtwin.data.values import classes, numbers
from seqtwin.errors import DataError

REMEDY = "mend or remove these rows; nothing was read"
CHANNEL = re.compile(r"ch(\d+)")


def read_series(
    files: Files,
    *,
    series: str = "series_id",
    time: str = "t",
    label: str = "label",
    channels: Sequence[str] | None = None,
    pairs: int | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    name: str | None = None,
) -> PairData:
    """Balanced pairs of labelled series: target 1 = one label. `left` and `right` are positions in `series`.

    Channels are the columns ch0, ch1, ... unless named. `pairs` as for labelled texts; values are taken as they are.

    Raises: DataError with all bad rows of a file: values that are not finite, time that does not rise, two labels.
    """
    check_settings(None, fractions, "error")
    found: list[np.ndarray] = []
    label_of: list[str] = []
    split_of: list[str] = []
    names: list[str] | None = list(channels) if channels else None
    for split, path in by_split(files).items():
        table = read_table(path)
        names = names or channel_names(table)
        some, theirs = _series_of(table, series, time, label, names)
        found += some
        label_of += theirs
        split_of += [split] * len(some)
    groups = np.asarray(pd.factorize(np.asarray(label_of), sort=True)[0])
    drawn = sampled(groups, np.asarray(split_of), pairs, fractions, seed, place=stem(files))
    facts = {"channels": names, "items": len(found), "classes": int(groups.max()) + 1, "seed": seed}
    frame, called = drawn.frame, name or stem(files)
    data = described(frame, cut=0.5, name=called, facts=facts, notes=drawn.notes, series=tuple(found))
    return replace(data, retrieval=drawn.search)


def channel_names(table: Table) -> list[str]:
    """The columns ch0, ch1, ... in the order of their numbers.

    Raises: DataError when there is none.
    """
    numbered = [(int(match.group(1)), name) for name in table.columns if (match := CHANNEL.fullmatch(name))]
    if not numbered:
        cause = f"no channel columns (ch0, ch1, ...); found: {', '.join(table.columns)}"
        raise DataError("DATA_COLUMN", cause, place=table.place, remedy="name the columns of values ch0, ch1, ...")
    return [name for _, name in sorted(numbered)]


def _series_of(
    table: Table, series: str, time: str, label: str, channels: Sequence[str]
) -> tuple[list[np.ndarray], list[str]]:
    ids = [str(value) for value in column(table, series)]
    for needed in (time, label, *channels):
        column(table, needed)
    steps = numbers(table, time)
    values = np.stack([numbers(table, name) for name in channels], axis=1).astype(np.float32)
    names = classes(table, label)
    rows = {one: np.asarray(own) for one, own in pd.Series(range(len(ids))).groupby(ids, sort=False).indices.items()}
    for own in rows.values():
        _check_time(table, time, steps, own)
        _check_label(table, label, names, own)
    table.finish(REMEDY)
    order = sorted(rows, key=lambda one: int(rows[one][0]))
    return [values[rows[one]] for one in order], [names[int(rows[one][0])] for one in order]


def _check_time(table: Table, time: str, steps: np.ndarray, own: np.ndarray) -> None:
    for before, row in pairwise(own):
        if steps[row] <= steps[before]:
            table.report(int(row), time, f"time must rise within a series; {steps[row]:g} follows {steps[before]:g}")


def _check_label(table: Table, label: str, names: Sequence[str], own: np.ndarray) -> None:
    for row in own[1:]:
        if names[row] != names[own[0]]:
            table.report(int(row), label, f"'{names[row]}', but the series began with '{names[own[0]]}'")
