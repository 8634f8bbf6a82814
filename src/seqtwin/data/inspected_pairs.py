"""The pairs of an inspected file, for commands that get data instead of a config."""

from seqtwin.data.inspect_file import Inspection
from seqtwin.data.pairs import PairData
from seqtwin.data.reading.pair_tables import read_pairs


def read_inspected_pairs(inspection: Inspection, *, split: str = "test", cut: float = 0.5) -> PairData:
    """The pairs of a file, or of the file of a split in a folder, as one split. Rows with a blank text are left out.

    Raises: DataError with all bad rows.
    """
    target = inspection.target
    assert target is not None
    return read_pairs(
        {split: inspection.files.get(split, inspection.judged_file)},
        left=inspection.names("left"),
        right=inspection.names("right"),
        score=target.name if target.role == "score" else None,
        label=target.name if target.role == "label" else None,
        labels=target.own,
        scale=target.scale,
        tables=inspection.tables,
        cut=cut,
        empty="drop",
        quoting=inspection.quoting,
    )
