"""The outputs of each direction as strips of characters: steps across, hidden units down, h_n in a box, then c_n."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.cells import cell_len, set_cell_size
from rich.text import Text

from seqtwin.anatomy import sentences
from seqtwin.anatomy.records import SHOWN, Anatomy, ends

LEVELS = "▁▂▃▄▅▆▇█"
UNITS = 8  # drawn of a state
LABEL = 11
WAYS = ("forward", "backward")
HEAD, CODE, SOFT = "bold", "cyan", "dim"


def strips(a: Anatomy, width: int) -> Iterator[Text]:
    """A strip for each direction, with as many steps as fit the width."""
    names = [sentences.token(step, 8) for step in a.steps]
    column = max(3, *(cell_len(names[step]) for step in ends(a.time, SHOWN)))
    # c_n takes one more column on the right
    fitting = (width - LABEL - 2 - (column + 5 if a.cell is not None else 0) - 9) // (column + 1)
    steps = ends(a.time, max(2, min(SHOWN, fitting)))
    units = min(UNITS, a.body.width)
    own = "; c_n on its own scale" if a.cell is not None else ""
    end = sentences.number(a.scale)
    yield Text(f"{units} of {a.body.width} units, top to bottom; ▁: −{end} or less, █: {end} or more{own}", SOFT)
    for way in range(a.body.directions):
        yield Text()
        yield from _strip(a, way, steps, [names[step] for step in steps], column)
    if note := sentences.cut(a, len(steps)):
        yield Text(note, SOFT)


def _strip(a: Anatomy, way: int, steps: Sequence[int], names: Sequence[str], column: int) -> Iterator[Text]:
    place = (len(steps) - 1) if way == 0 else 0  # where this direction ends
    row = a.body.directions * (a.body.layers - 1) + way
    cell = None if a.cell is None else a.cell[-1, way]
    title = f"output, {WAYS[way]} half" if a.body.directions == 2 else "output"
    yield Text(title)
    beside = "" if cell is None else "   " + set_cell_size("c_n", column)
    yield Text(_line("", names, column) + beside, SOFT)
    yield Text(_edge(place, column, "┌", "┐"))
    for unit in range(min(UNITS, a.body.width)):
        values = [level(float(a.outputs[step, way, unit]), a.scale) * column for step in steps]
        line = Text(_line(f"unit {unit + 1}", values, column, place))
        line.stylize(CODE, LABEL)
        if cell is not None:
            top = float(np.abs(cell).max()) or 1.0
            line.append("  ┊" + level(float(cell[unit]), top) * column + "┊", SOFT)
        yield line
    yield Text(f"{_edge(place, column, '└', '┘')} h_n[{row - a.body.directions * a.body.layers}]".rstrip(), HEAD)
    read = [str(a.read_at(step, way)) for step in steps]
    yield Text(_line("has read", read, column).rstrip(), SOFT)


def _line(label: str, cells: Sequence[str], column: int, boxed: int | None = None) -> str:
    text = set_cell_size(label, LABEL)
    for place, cell in enumerate(cells):
        text += "│" if boxed is not None and place in (boxed, boxed + 1) else " "
        text += set_cell_size(cell, column)
    return text + ("│" if boxed == len(cells) - 1 else " ")


def _edge(place: int, column: int, left: str, right: str) -> str:
    return " " * (LABEL + place * (column + 1)) + left + "─" * column + right


def level(value: float, most: float) -> str:
    """The block character of a value: one eighth high for -most, full for +most."""
    return LEVELS[round((len(LEVELS) - 1) * (max(-1.0, min(1.0, value / most)) + 1) / 2)]
