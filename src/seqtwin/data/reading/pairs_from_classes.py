"""Pairs of texts with a class: two texts of the same class are the same."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from seqtwin.data.files.columns import classes, texts
from seqtwin.data.files.rows import Quoting
from seqtwin.data.files.tables import Table, column, read_table
from seqtwin.data.pairs import LabelledItems, PairData, Retrieval
from seqtwin.data.reading.pair_tables import (
    REMEDY_EMPTY,
    USUAL_FRACTIONS,
    Files,
    by_split,
    check_settings,
    described,
    stem,
)
from seqtwin.data.sample_pairs import (
    dev_from_train,
    dev_note,
    lacks_dev,
    pairs_by_split,
    search_among,
    split_items,
    split_of,
)
from seqtwin.errors import ConfigError, DataError

MOST_PAIRS = 20_000
PAIRS_PER_ITEM = 5


def read_items(
    files: Files,
    *,
    text: str = "text",
    label: str = "label",
    pairs: int | None = None,
    fractions: Sequence[float] = USUAL_FRACTIONS,
    seed: int = 0,
    empty: str = "error",
    name: str | None = None,
    quoting: Quoting | None = None,
) -> PairData:
    """Balanced pairs of texts with a class, target 1 for the same class. All texts are used about equally often.

    `pairs`: number of training pairs, by default five per training text, at most 20,000; dev and test get a fifth each.
    One file is split within each class; no text is in two splits.

    Raises: DataError with all bad rows of a file, or if no pairs can be drawn.
    """
    check_settings(None, fractions, empty)
    tables = {split: read_table(path, quoting=quoting) for split, path in by_split(files).items()}
    parts = {split: _items_of(table, text, label, empty) for split, table in tables.items()}
    items = pd.concat([part.assign(split=split) for split, part in parts.items()], ignore_index=True)
    rows = len(items)
    items = items.drop_duplicates(["text", "split"], ignore_index=True)
    groups = np.asarray(pd.factorize(items["label"], sort=True)[0])
    drawn = sampled(groups, items["split"].to_numpy(), pairs, fractions, seed, place=stem(files))
    words = items["text"].tolist()
    frame = drawn.frame
    frame = frame.assign(left=[words[i] for i in frame["left"]], right=[words[i] for i in frame["right"]])
    facts = {"columns": [text, label], "items": rows, "classes": int(groups.max()) + 1, "seed": seed}
    notes = [*drawn.notes, *([f"{rows - len(items)} repeated texts left out"] if rows > len(items) else [])]
    reading_notes = [note for table in tables.values() for note in table.notes]
    data = described(frame, cut=0.5, name=name or stem(files), facts=facts, notes=[*reading_notes, *notes])
    search = drawn.search and _with_texts(drawn.search, words)
    return replace(data, retrieval=search, labelled=LabelledItems(words, groups, drawn.split))


def _with_texts(task: Retrieval, words: Sequence[str]) -> Retrieval:
    return replace(task, queries=[words[i] for i in task.queries], corpus=[words[i] for i in task.corpus])


def _items_of(table: Table, text: str, label: str, empty: str) -> pd.DataFrame:
    column(table, label)
    values, keep = texts(table, text, empty=empty)
    names = classes(table, label)
    table.finish(REMEDY_EMPTY)  # before pandas gets the texts: it refuses half a character
    items = pd.DataFrame({"text": values, "label": names})
    rows: pd.DataFrame = items[keep].reset_index(drop=True)
    return rows


@dataclass(frozen=True)
class Sampled:
    """Pairs drawn from items.

    `frame`: item indices with target and split; `notes`: decisions; `search`: a search task among the test items;
    `split`: the split of every item.
    """

    frame: pd.DataFrame
    notes: list[str]
    search: Retrieval | None
    split: np.ndarray


def sampled(
    groups: np.ndarray,
    split: np.ndarray,
    pairs: int | None,
    fractions: Sequence[float],
    seed: int,
    *,
    place: str,
) -> Sampled:
    """Pairs drawn from items with a group. Items with the split "file" are split first.

    A missing dev is split off train.

    Raises: DataError if a split has no pairs; ConfigError for an invalid number of pairs.
    """
    if pairs is not None and pairs < 20:
        raise ConfigError("CONFIG_DATA", f"pairs: expected 20 or more, got {pairs}", place="data.pairs")
    rng = np.random.default_rng(seed)
    members, notes = _members(groups, split, fractions, rng)
    wanted = pairs or min(MOST_PAIRS, PAIRS_PER_ITEM * len(next(iter(members.values()))))
    try:
        frame = pairs_by_split(members, groups, max(wanted, 20), rng)
    except ValueError as error:
        remedy = "every split needs two items of the same class and items of two classes"
        raise DataError("DATA_TOO_FEW", str(error), place=place, remedy=remedy) from error
    got = int((frame["split"] == "train").sum())
    if pairs and "train" in members and got < pairs - pairs % 2:
        notes.append(f"{got} training pairs instead of {pairs}: no more balanced pairs can be drawn from these items")
    test = members.get("test", np.zeros(0, dtype=np.int64))
    return Sampled(frame, notes, search_among(test, groups[test], seed), split_of(members, len(groups)))


def _members(
    groups: np.ndarray, split: np.ndarray, fractions: Sequence[float], rng: np.random.Generator
) -> tuple[dict[str, np.ndarray], list[str]]:
    """The item indices of each split, and a note on how they were split."""
    members = {str(name): np.flatnonzero(split == name) for name in pd.unique(split)}
    if "file" in members:
        note = "split " + " / ".join(f"{share:.0%}" for share in fractions) + " within each class"
        return split_items(groups, fractions, rng), [note]
    if not lacks_dev(members):
        return members, []
    train = members["train"]
    cut = split_items(groups[train], dev_from_train(fractions), rng)
    return {"train": train[cut["train"]], "dev": train[cut["dev"]], "test": members["test"]}, [dev_note(fractions)]
