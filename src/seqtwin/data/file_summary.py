"""Summary lines for a user to check how a file is interpreted."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from seqtwin.data.label_words import label_value
from seqtwin.data.pairs import SPLITS
from seqtwin.data.reading.score_scales import Target

SHOWN = 6


def columns_line(place: str, rows: int, roles: Mapping[str, str | Sequence[str]], others: Sequence[str] = ()) -> str:
    """The number of rows of a file and the roles of its columns.

    >>> columns_line("pairs.csv", 400, {"left": "name_1", "right": ["name_2", "city_2"]}, ["id"])
    'pairs.csv: 400 rows; left = name_1, right = name_2 + city_2; not used: id'
    """
    unused = f"; not used: {_some(others)}" if others else ""
    return f"{place}: {rows:,} row{'' if rows == 1 else 's'}; {roles_text(roles)}{unused}"


def roles_text(roles: Mapping[str, str | Sequence[str]]) -> str:
    """The roles of columns.

    >>> roles_text({"left": "name_1", "right": ["name_2", "city_2"]})
    'left = name_1, right = name_2 + city_2'
    """
    return ", ".join(
        f"{role} = {names if isinstance(names, str) else ' + '.join(names)}" for role, names in roles.items()
    )


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def target_line(target: Target) -> str:
    """The meaning of each label word, or the scale of the scores and why."""
    if target.scale is None:
        meanings = {1.0: "same", 0.0: "different", None: "?"}
        words = [(word, meanings[label_value(word, target.own)], rows) for word, rows in target.words.items()]
        return "labels: " + _some([f"{word} = {meaning} ({rows:,} rows)" for word, meaning, rows in words])
    low, high = target.scale
    return f"scale: {low:g} to {high:g} ({target.why or 'declared'})"


def counts_of(words: Mapping[str, int]) -> str:
    """The number of rows per label, most frequent first.

    >>> counts_of({"yes": 3, "no": 1})
    'yes 3, no 1'
    """
    return _some([f"{word} {count:,}" for word, count in words.items()])


def pairs_line(frame: pd.DataFrame, cut: float) -> str:
    """The number of pairs per split, and how many of them are the same.

    >>> rows = {"left": ["a", "b"], "right": ["c", "d"], "target": [1.0, 0.0], "split": ["train", "train"]}
    >>> pairs_line(pd.DataFrame(rows), 0.5)
    'train 2 pairs (1 same)'
    """
    same = (frame["target"] >= cut).groupby(frame["split"]).agg(["size", "sum"])
    counts = {name: (int(size), int(total)) for name, size, total in same.itertuples()}
    present = [(name, *counts[name]) for name in SPLITS if name in counts]
    return ", ".join(f"{name} {size:,} pairs ({total:,} same)" for name, size, total in present)


def sequences_line(split: Sequence[str]) -> str:
    """The number of sequences per split.

    >>> sequences_line(["train", "train", "test"])
    'train 2 sequences, test 1 sequences'
    """
    names, counts = np.unique(np.asarray(split), return_counts=True)
    sizes = dict(zip(names.tolist(), counts.tolist(), strict=True))
    return ", ".join(f"{name} {sizes[name]:,} sequences" for name in SPLITS if name in sizes)


def one_class_lines(frame: pd.DataFrame, cut: float) -> list[str]:
    """A warning for each split whose pairs are all the same, or all different."""
    consequences = {
        "train": "there is nothing to learn",
        "dev": "no threshold can be chosen, and metrics of two classes are undefined",
        "test": "metrics of two classes are undefined",
    }
    lines = []
    for split, consequence in consequences.items():
        same = frame.loc[frame["split"] == split, "target"] >= cut
        if len(same) and same.nunique() == 1:
            only_same = split == "train" and bool(same.iloc[0])
            effect = "only losses such as in_batch and triplet learn from them" if only_same else consequence
            lines.append(f"all pairs of {split} are {'the same' if same.iloc[0] else 'different'}: {effect}")
    return lines
