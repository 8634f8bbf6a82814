"""What a user said of a data file on the command line or in Python; the rest is told by the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from seqtwin.data.files.rows import Quoting

Names = tuple[str, ...]
Gaps = Literal["error", "interpolate", "carry"]


@dataclass(frozen=True)
class ColumnOptions:
    """What a user said of a file; None where the file is to tell. Several columns of one side are joined.

    `scale`: lowest and highest score; `labels`: what the words of the label mean, 1 for same and 0 for different;
    `quoting`: what quotes in a .csv or .tsv mean; `gaps`: what happens to missing values and steps of series.
    """

    left: Names | None = None
    right: Names | None = None
    label: str | None = None
    text: str | None = None
    scale: Sequence[float] | None = None
    labels: Mapping[str, float] | None = None
    quoting: Quoting | None = None
    gaps: Gaps = "error"

    @property
    def pair(self) -> bool:
        """Whether a side was named."""
        return self.left is not None or self.right is not None
