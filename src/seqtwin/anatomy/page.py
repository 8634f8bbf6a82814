"""An anatomy as one self-contained HTML page."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seqtwin.anatomy import sentences, svg
from seqtwin.anatomy.records import SHOWN, Anatomy, Companion, Reading, ends
from seqtwin.anatomy.statements import TOLERANCE, preamble

TEMPLATES = Path(__file__).parent / "templates"
Context: TypeAlias = dict[str, object]  # values that only the template reads

UNITS = 8  # drawn of a state
MOST_UNITS = 32  # drawn where a reader unfolds more of them
BESIDE_PADS = 8  # real steps drawn next to pads
WAYS = ("forward", "backward")


def page(a: Anatomy) -> str:
    """The text of the page, with style and figures inside; it has no script and makes no request."""
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    house.filters["coded"] = _coded
    house.filters["number"] = sentences.number
    house.filters["sizes"] = sentences.sizes
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return house.get_template("page.html.j2").render(_context(a), style=style).rstrip("\n") + "\n"


def _coded(text: str) -> Markup:
    """Code marked as code, and each quoted token isolated, since scripts run in different directions."""
    marked = re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub("“([^”]*)”", r"“<bdi>\1</bdi>”", marked))


def _context(a: Anatomy) -> Context:
    return {
        "a": a, "words": sentences, "levels": svg.LEVELS, "title": sentences.headline(a).replace("`", ""),
        "panels": _panels(a, UNITS), "more": _panels(a, MOST_UNITS) if a.body.width > UNITS else [],
        "numbers": _numbers(a), "most": sentences.number(a.scale), "units": min(UNITS, a.body.width),
        "most_units": min(MOST_UNITS, a.body.width), "rows": list(_rows(a)),
        "preamble": "\n".join(preamble(a.body)), "statements": a.statements,
        "pads": [_padded(a, way) for way in a.companions[1:]],
        "readings": [_reading(a, reading) for reading in a.readings],
    }  # fmt: skip


def _half(a: Anatomy, way: int) -> str:
    return f"output, {WAYS[way]} half" if a.body.directions == 2 else "output"


def _place(a: Anatomy, way: int) -> str:
    """The PyTorch expression for the final state of a direction of the top layer."""
    return f"h_n[{way - a.body.directions}]"


def _panels(a: Anatomy, most: int) -> list[Context]:
    return [_panel(a, way, min(most, a.body.width)) for way in range(a.body.directions)]


def _panel(a: Anatomy, way: int, units: int) -> Context:
    steps = a.shown
    place = len(steps) - 1 if way == 0 else 0
    cell = None if a.cell is None else ("c_n", a.cell[-1, way, :units])
    strip = svg.Strip(
        values=[a.outputs[step, way, :units] for step in steps],
        names=[sentences.token(a.steps[step]) for step in steps],
        most=a.scale,
        read=[str(a.read_at(step, way)) for step in steps],
        box=svg.Box(place, _place(a, way)),
        apart=cell,
        gap=len(steps) // 2 if len(steps) < a.time else None,
    )
    title = _half(a, way)
    where = f"{_place(a, way)} is the column of step {steps[place] + 1}, {sentences.shown(a, steps[place])}"
    beside = "; c_n, on the right, is in no column" if cell else ""
    label = f"{title}: {a.time} steps, {units} of {a.body.width} units. {where}{beside}."
    return {"title": title, "svg": svg.drawn(strip, label), "caption": f"`{_place(a, way)}` {_ends(a, way)}"}


def _ends(a: Anatomy, way: int) -> str:
    step = sentences.shown(a, a.time - 1 if way == 0 else 0)
    end = "last" if way == 0 else "first"
    return f"is the column of the {end} step, {step}, where this direction ends."


def _numbers(a: Anatomy) -> list[Context]:
    """The values of the unfolded strips, one table per direction."""
    units = min(MOST_UNITS, a.body.width)
    heads = [f"{step + 1} {sentences.token(a.steps[step])}" for step in a.shown]
    return [
        {"title": _half(a, way), "heads": heads,
         "rows": [[f"{a.outputs[step, way, unit]:.3f}" for step in a.shown] for unit in range(units)]}
        for way in range(a.body.directions)
    ]  # fmt: skip


def _rows(a: Anatomy) -> Iterator[Context]:
    """h_n and c_n in the order of PyTorch, and the output that each row is in."""
    for name, states in (("h_n", a.hidden), ("c_n", a.cell)):
        if states is None:
            continue
        most = float(np.abs(states).max()) or 1.0
        for layer in range(a.body.layers):
            for way in range(a.body.directions):
                state, place_in = states[layer, way], _output_of(a, states[layer, way], way)
                place = f"{name}[{layer * a.body.directions + way}]"
                whose = f"layer {layer + 1}" + (f", {WAYS[way]}" if a.body.directions == 2 else "")
                bar = svg.bar(state[:UNITS], most, f"{place}, {whose}: {min(UNITS, len(state))} of {len(state)} units")
                yield {"name": place, "whose": whose, "svg": bar, "found": place_in}


def _output_of(a: Anatomy, state: np.ndarray, way: int) -> str:
    """The output, among all steps, that equals a state; empty if there is none."""
    if len(state) != a.body.width:
        return ""
    differences = np.abs(a.outputs[:, way] - state).max(1)
    step = int(differences.argmin())
    if differences[step] > TOLERANCE * max(1.0, float(np.abs(state).max())):
        return ""
    index = "-1" if step == a.time - 1 and way == 0 else str(step)
    half = (", :H", ", H:")[way] if a.body.directions == 2 else ""
    return f"output[{index}{half}]"


# --- padding and readings ------------------------------------------------------------------------------------------


def _padded(a: Anatomy, companion: Companion) -> Context:
    strips = [(_half(a, way), _padded_strip(a, companion, way)) for way in range(a.body.directions)]
    return {"companion": companion, "strips": strips}


def _padded_strip(a: Anatomy, companion: Companion, way: int) -> Markup:
    packed = companion.key == "packed"
    real, pads = ends(a.time, BESIDE_PADS), range(a.time, len(companion.outputs))
    units = min(UNITS, a.body.width)
    values: list[np.ndarray | None] = [companion.outputs[step, way, :units] for step in (*real, *pads)]
    ended = len(real) - 1 if packed else len(values) - 1
    strip = svg.Strip(
        values=[*values[: len(real)], *(None for _ in pads)] if packed else values,
        names=[*(sentences.token(a.steps[step], 8) for step in real), *("pad" for _ in pads)],
        most=a.scale,
        box=svg.Box(0 if way == 1 else ended, _place(a, way)),
        gap=len(real) // 2 if len(real) < a.time else None,
        pads=len(pads),
        row=6,
    )
    note = "pads are zeros" if packed else "pads are read like tokens"
    label = f"{companion.name}, {_half(a, way)}: {a.time} steps and {len(pads)} pads; {note}; {_place(a, way)} is boxed"
    return svg.drawn(strip, label)


def _reading(a: Anatomy, reading: Reading) -> Context:
    steps = list(ends(a.time, SHOWN // 2))
    hidden, cell = (np.atleast_1d(states.any(0)).tolist() for states in (reading.hidden, reading.cell))
    label = f"{reading.name} uses {reading.words}"
    first = " ".join(sentences.number(value) for value in reading.first)
    same = "equal" if reading.equal else sentences.number(reading.difference)
    difference = f"{reading.width} wide" if reading.difference is None else same
    marks = svg.marks(reading.outputs[steps], hidden, cell, label)
    return {"one": reading, "svg": marks, "first": first, "difference": difference}
