"""The limits of a page of a large study: figures up to a number of bytes, and no part that would make it too heavy.

Figures that are left out are linked; each is a file of its own. Parts that are left out name the file with the same
numbers. So nothing is lost.
"""

import re
from collections.abc import Iterable, Mapping, Sequence

from seqtwin.reporting.page.chosen_figures import Drawn
from seqtwin.reporting.page.joined_maps import LengthPart
from seqtwin.reporting.page.template_values import FacetPart

FIGURE_BYTES = 120_000
PAGE_BYTES = 390_000
# the parts that a heavy page leaves out, in this order, and the files with their numbers
FILES = {
    "every-seed": "results.csv", "diagnosed": "results.csv", "readings": "reads.csv", "slices": "slices.csv",
    "cost": "pairings.csv", "planned-tables": "analysis.json", "omnibus": "analysis.json", "finding": "pairings.csv",
    "learning": "curves.csv", "scores": "histograms.csv", "worst": "worst.csv",
}  # fmt: skip
_PART = re.compile(r'<details class="part" id="([\w-]+)">.*?(?=<details class="part"|</section>)', re.DOTALL)


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


def left_out(page: str) -> Mapping[str, str]:
    """The parts to leave out of a page, with the files that have their numbers; none if the page is light enough."""
    sizes = {match.group(1): len(match.group(0).encode()) for match in _PART.finditer(page)}
    size, chosen = len(page.encode()), dict[str, str]()
    for name, file in FILES.items():
        if size <= PAGE_BYTES:
            break
        if name in sizes:
            size -= sizes[name]
            chosen[name] = file
    return chosen
