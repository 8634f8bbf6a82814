"""Strips as SVG: steps across, hidden units down, a box around the state that is h_n. The page sets the colours."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup, escape
from rich.cells import cell_len

LEVELS = 13  # shades from -most to +most, one CSS class each
GAP = 2
LABEL = 58  # left of the steps
ABOVE, BELOW = 24, 42
ROOM = 330  # width that the steps of a short text fill
LETTER = 7.3  # width of a character in the small font


@dataclass(frozen=True)
class Box:
    """A frame around the column of a step, with its label."""

    place: int
    label: str


@dataclass(frozen=True)
class Strip:
    """The contents of one panel. `values`: Float[steps units], None for an empty step.

    `read`: a number under each step. `apart`: label and values of a separate column on the right, with its own scale.
    `gap`: the place before which steps are omitted.
    """

    values: Sequence[np.ndarray | None]
    names: Sequence[str]
    most: float
    read: Sequence[str] = ()
    box: Box | None = None
    apart: tuple[str, np.ndarray] | None = None
    gap: int | None = None
    pads: int = 0
    row: int = 9

    @property
    def column(self) -> float:
        """Width of a step, wide enough for its name."""
        roomy = min(54.0, ROOM / len(self.names))
        return max(30.0, roomy, *(LETTER * cell_len(name) + 8 for name in self.names))

    def left(self, place: int) -> float:
        """The x coordinate at which a step begins."""
        skipped = 18 if self.gap is not None and place >= self.gap else 0
        return LABEL + place * (self.column + GAP) + skipped

    @property
    def units(self) -> int:
        """The number of units drawn."""
        return max((len(values) for values in self.values if values is not None), default=0)


def drawn(strip: Strip, label: str) -> Markup:
    """The strip as one `svg` element; `label`: its text alternative."""
    foot = ABOVE + strip.units * strip.row
    width = strip.left(len(strip.values)) + (26 + strip.column if strip.apart else 6)
    height = foot + (BELOW if strip.read else BELOW - 18)
    parts = [*_cells(strip), *_names(strip, foot), *_frames(strip, foot)]
    # on a narrow screen it shrinks a little, then scrolls
    limits = f"width:{width:.0f}px;max-width:100%;min-width:{0.74 * width:.0f}px"
    size = f'viewBox="0 0 {width:.0f} {height}" style="{limits}"'
    return Markup(f'<svg {size} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>')


def _cells(strip: Strip) -> Iterator[str]:
    by_level: dict[int, list[str]] = {}
    for place, values in enumerate(strip.values):
        x = strip.left(place)
        if values is None:
            yield _rect(x + 1, ABOVE, strip.column - 2, strip.units * strip.row, "void")
        else:
            _column(by_level, values, x, strip, strip.most)
    if strip.apart is not None:
        values = strip.apart[1]
        _column(by_level, values, _apart(strip), strip, float(np.abs(values).max()) or 1.0)
    for level in sorted(by_level):
        yield f'<path class="k{level}" d="{"".join(by_level[level])}"/>'


def _column(by_level: dict[int, list[str]], values: np.ndarray, x: float, strip: Strip, most: float) -> None:
    for unit, value in enumerate(values):
        move = f"M{x:.0f} {ABOVE + unit * strip.row}h{strip.column:.0f}v{strip.row}h-{strip.column:.0f}z"
        by_level.setdefault(level(float(value), most), []).append(move)


def level(value: float, most: float) -> int:
    """The shade of a value: 0 for -most, LEVELS - 1 for +most.

    >>> level(-1, 1), level(0, 1), level(2, 1)
    (0, 6, 12)
    """
    return round((LEVELS - 1) * (max(-1.0, min(1.0, value / most)) + 1) / 2)


def _names(strip: Strip, foot: int) -> Iterator[str]:
    for place, name in enumerate(strip.names):
        middle = strip.left(place) + strip.column / 2
        pad = place >= len(strip.names) - strip.pads
        yield _text(middle, foot + 16, name, "pad" if pad else "step")
        if strip.read:
            yield _text(middle, foot + 35, strip.read[place], "read")
    if strip.read:
        yield _text(LABEL - 8, foot + 35, "has read", "side")
    if strip.gap is not None:
        yield _text(strip.left(strip.gap) - 10, ABOVE + strip.units * strip.row / 2 + 4, "⋯", "step")


def _frames(strip: Strip, foot: int) -> Iterator[str]:
    if strip.box is not None:
        x = strip.left(strip.box.place)
        yield _rect(x - 1.5, ABOVE - 1.5, strip.column + 3, foot - ABOVE + 3, "box")
        yield _text(x + strip.column / 2, ABOVE - 8, strip.box.label, "boxed")
    if strip.apart is not None:
        x = _apart(strip)
        yield _rect(x - 1.5, ABOVE - 1.5, strip.column + 3, foot - ABOVE + 3, "apart")
        yield _text(x + strip.column / 2, ABOVE - 8, strip.apart[0], "beside")


def _apart(strip: Strip) -> float:
    return strip.left(len(strip.values)) + 20


def _rect(x: float, y: float, width: float, height: float, kind: str) -> str:
    return f'<rect class="{kind}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="2"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def bar(values: np.ndarray, most: float, label: str) -> Markup:
    """One state as a bar with its units across."""
    cell, height = 8, 16
    rects = "".join(
        f'<rect class="k{level(float(value), most)}" x="{unit * cell}" y="0" width="{cell}" height="{height}"/>'
        for unit, value in enumerate(values)
    )
    width = len(values) * cell
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return Markup(f'<svg {size} role="img" aria-label="{escape(label)}">{rects}</svg>')


def marks(shares: np.ndarray, hidden: Sequence[bool], cell: Sequence[bool], label: str) -> Markup:
    """The outputs a representation uses: Float[steps directions], one row per direction; stronger colour: larger share.

    `hidden`, `cell`: whether h_n or c_n of each direction is used; shown as a frame (dashed for c_n) at the end of
    that direction.
    """
    size, gap = 15, 2
    most = float(shares.max()) or 1.0
    steps, ways = shares.shape
    parts = []
    for way in range(ways):
        end = steps - 1 if way == 0 else 0
        for step in range(steps):
            x, y = 3 + step * (size + gap), 3 + way * (size + gap + 4)
            share = float(shares[step, way])
            kind = "none" if share == 0 else f"k{max(3, round((LEVELS - 1) * share / most))}"
            parts.append(_rect(x, y, size, size, kind))
            if step == end and (hidden[way] or cell[way]):
                parts.append(_rect(x - 0.5, y - 0.5, size + 1, size + 1, "box" if hidden[way] else "apart"))
    width, height = 6 + steps * (size + gap), 6 + ways * (size + gap + 4)
    view = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    return Markup(f'<svg {view} role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>')
