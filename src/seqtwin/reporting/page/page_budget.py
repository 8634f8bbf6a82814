"""What of a large study is inside its page: figures in the order of the page up to a limit of bytes, the rest as links.

Every figure is also a file of its own beside the page, so nothing is lost.
"""

from collections.abc import Iterable, Sequence

from seqtwin.reporting.page.chosen_figures import Drawn
from seqtwin.reporting.page.joined_maps import LengthPart
from seqtwin.reporting.page.template_values import FacetPart

FIGURE_BYTES = 120_000
MOST_ROWS = 160  # of the table of every seed


def drawn_here(parts: Sequence[FacetPart], lengths: Sequence[LengthPart]) -> set[str]:
    """The names of the figures that are inside the page; the others are links to their files."""
    names, left = set[str](), FIGURE_BYTES
    for figure in _in_order(parts, lengths):
        left -= len(figure.svg.encode())
        if left >= 0 or not names:
            names.add(figure.name)
    return names


def _in_order(parts: Sequence[FacetPart], lengths: Sequence[LengthPart]) -> Iterable[Drawn]:
    """All figures, those of the first heat map first, then those of the second, and so on."""
    for part in parts:
        yield from part["figures"]
    yield from (part["figure"] for part in lengths if part["figure"])
