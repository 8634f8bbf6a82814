"""Pairs of a file read as its inspection found them, for commands that are given data instead of a config."""

from seqtwin.data.inspect import Inspection
from seqtwin.data.pairs import PairData
from seqtwin.data.reading.pair_tables import read_pairs


def read_inspected_pairs(found: Inspection, *, split: str = "test", cut: float = 0.5) -> PairData:
    """The pairs of the file itself, or of one file of a folder, all of them as one split; rows with a blank text are
    left out.

    Raises: DataError with all bad rows.
    """
    target = found.target
    assert target is not None
    return read_pairs(
        {split: found.files.get(split, found.judged_file)},
        left=found.names("left"),
        right=found.names("right"),
        score=target.name if target.role == "score" else None,
        label=target.name if target.role == "label" else None,
        labels=target.own,
        scale=target.scale,
        tables=found.tables,
        cut=cut,
        empty="drop",
        quoting=found.quoting,
    )
