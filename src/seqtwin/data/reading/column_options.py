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
    quotes in .csv and .tsv files; `gaps`: handling of missing values and steps of series; `any_classes`: accept a
    column with one class, or with hardly more rows than classes, for an encoder that knows its classes already.
    """

    left: Names | None = None
    right: Names | None = None
    label: str | None = None
    text: str | None = None
    scale: Sequence[float] | None = None
    labels: Mapping[str, float] | None = None
    quoting: Quoting | None = None
    gaps: Gaps = "error"
    any_classes: bool = False

    @classmethod
    def of(
        cls,
        left: str | int | Sequence[str] | None = None,
        right: str | int | Sequence[str] | None = None,
        label: str | int | None = None,
        text: str | int | None = None,
        scale: Sequence[float] | None = None,
        labels: Mapping[str, float] | None = None,
    ) -> "ColumnOptions":
        """The options that a Python function was given; a side is one column or several.

        The columns of a frame without names are numbers: they are named by these, as in its rows.
        """
        names = [None if name is None else str(name) for name in (label, text)]
        return cls(_side(left), _side(right), names[0], names[1], scale, labels)

    @property
    def pair(self) -> bool:
        """Whether a side is specified."""
        return self.left is not None or self.right is not None


def _side(side: str | int | Sequence[str] | None) -> Names | None:
    if side is None:
        return None
    return (str(side),) if isinstance(side, (str, int)) else tuple(map(str, side))
