"""Further files of labelled training pairs, mixed into a data set. Dev and test stay those of the data set."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from seqtwin.data.file_summary import one_class_lines
from seqtwin.data.pairs import MixedPairs, PairData
from seqtwin.data.split_examples import form
from seqtwin.errors import ConfigError, DataError


@dataclass(frozen=True)
class FurtherPairs:
    """The pairs of one further file.

    `frame`: columns left, right and target, scaled by the scale of the file; `share`: of the pairs of an epoch, None
    for all pairs, once; `lines`: how the file was read.
    """

    file: str
    frame: pd.DataFrame
    share: float | None
    lines: tuple[str, ...] = ()


def with_mixed(data: PairData, further: Sequence[FurtherPairs]) -> PairData:
    """The data with further training pairs. Pairs with a text that occurs in dev or test are left out and counted.

    Texts that differ only in case or white space are the same.

    Raises: ConfigError for series; DataError for a file without pairs left.

    >>> frame = pd.DataFrame({"left": ["a", "b"], "right": ["c", "D"], "target": [1.0, 0.5]})
    >>> own = PairData.of(left=["x", "d"], right=["y", "e"], target=[1.0, 0.0], split=["train", "test"], name="own")
    >>> with_mixed(own, [FurtherPairs("more.csv", frame, None)]).notes
    ('1 further training pairs from more.csv, all in every epoch; 1 left out: a text of theirs occurs in dev or test',)
    """
    if not further:
        return data
    if data.series is not None:
        raise ConfigError("CONFIG_DATA", "only pairs of texts can be mixed, not series", place="data.mix")
    own = data.frame[data.frame["split"] != "train"]
    reserved = {form(text) for side in ("left", "right") for text in own[side]}
    kept = [_without(part, reserved) for part in further]
    mixed = tuple(MixedPairs(part.file, len(part.frame), part.share) for part in kept)
    removed = [len(before.frame) - len(after.frame) for before, after in zip(further, kept, strict=True)]
    facts = [
        {"file": part.file, "pairs": part.pairs, "share": part.share, "left_out": count}
        for part, count in zip(mixed, removed, strict=True)
    ]
    frame = pd.concat([data.frame, *(part.frame.assign(split="train") for part in kept)], ignore_index=True)
    before, after = (one_class_lines(rows, data.cut) for rows in (data.frame, frame))
    notes = [note for note in data.notes if note not in before or note in after]
    return replace(
        data,
        frame=frame,
        facts={**data.facts, "mix": facts},
        notes=(*notes, *(_note(part, count) for part, count in zip(mixed, removed, strict=True))),
        understood=(*data.understood, *(line for part in further for line in part.lines)),
        mixed=mixed,
    )


def _without(part: FurtherPairs, reserved: set[object]) -> FurtherPairs:
    sides = zip(part.frame["left"], part.frame["right"], strict=True)
    keep = [form(left) not in reserved and form(right) not in reserved for left, right in sides]
    if not any(keep):
        cause = f"all {len(keep):,} pairs have a text that occurs in dev or test of the data set"
        raise DataError("DATA_NO_ROWS", cause, place=part.file, remedy="remove the file from data.mix")
    rows = part.frame.loc[keep, ["left", "right", "target"]].reset_index(drop=True)
    return replace(part, frame=rows)


def _note(part: MixedPairs, removed: int) -> str:
    how = "all in every epoch" if part.share is None else f"{part.share:.0%} of the pairs of an epoch, drawn anew"
    left_out = f"; {removed:,} left out: a text of theirs occurs in dev or test" if removed else ""
    return f"{part.pairs:,} further training pairs from {part.file}, {how}{left_out}"
