"""ColumnOptions: what a user specifies about a data file. The rest is inferred from the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from seqtwin.data.files.rows import Quoting

Names = tuple[str, ...]
Gaps = Literal["error", "interpolate", "carry"]


@dataclass(frozen=True)
class ColumnOptions:
    """Options for a data file, None where they are inferred from the file.

    `left`, `right`: columns of each side, joined if there are several; `text`: column of texts with a class; `scale`:
    lowest and highest score; `labels`: value of each label word, 1 for same and 0 for different; `quoting`: meaning of
    quotes in .csv and .tsv files; `gaps`: handling of missing values and steps of series.
    """

    left: Names | None = None
    right: Names | None = None
    label: str | None = None
    text: str | None = None
    scale: Sequence[float] | None = None
    labels: Mapping[str, float] | None = None
    quoting: Quoting | None = None
    gaps: Gaps = "error"

    @classmethod
    def of(
        cls,
        left: str | Sequence[str] | None = None,
        right: str | Sequence[str] | None = None,
        label: str | None = None,
        text: str | None = None,
        scale: Sequence[float] | None = None,
        labels: Mapping[str, float] | None = None,
    ) -> "ColumnOptions":
        """The options that a Python function was given; a side is one column or several."""
        sides = [(side,) if isinstance(side, str) else None if side is None else tuple(side) for side in (left, right)]
        return cls(sides[0], sides[1], label, text, scale, labels)

    @property
    def pair(self) -> bool:
        """Whether a side is specified."""
        return self.left is not None or self.right is not None
