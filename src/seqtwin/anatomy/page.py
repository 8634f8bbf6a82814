"""An anatomy as one HTML page that asks nothing of anywhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from seqtwin.anatomy import sentences, svg
from seqtwin.anatomy.records import SHOWN, Anatomy, Companion, Reading, ends
from seqtwin.anatomy.statements import TOLERANCE, preamble

TEMPLATES = Path(__file__).parent / "templates"
UNITS = 32  # of a state, drawn
FEWER = 16  # in the small strips
BESIDE_PADS = 8  # real steps drawn beside pads
WAYS = ("forward", "backward")


def page(a: Anatomy) -> str:
    """The text of the page: style and figures inside, no script, no request."""
    loader = FileSystemLoader(TEMPLATES, encoding="utf-8")
    house = Environment(autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    house.filters["coded"] = _coded
    house.filters["number"] = sentences.number
    house.filters["sizes"] = sentences.sizes
    style = Markup((TEMPLATES / "page.css").read_text(encoding="utf-8"))
    return house.get_template("page.html.j2").render(_context(a), style=style).rstrip("\n") + "\n"


def _coded(text: str) -> Markup:
    """Code as code, and each quoted token in the direction of its own script."""
    marked = re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(text)))
    return Markup(re.sub("“([^”]*)”", r"“<bdi>\1</bdi>”", marked))


def _context(a: Anatomy) -> dict[str, Any]:
    return {
        "a": a, "words": sentences, "levels": svg.LEVELS, "title": sentences.headline(a).replace("`", ""),
        "panels": [_panel(a, way) for way in range(a.body.directions)], "numbers": _numbers(a),
        "most": sentences.number(a.scale), "units": min(UNITS, a.body.width), "rows": list(_rows(a)),
        "preamble": "\n".join(preamble(a.body)), "statements": a.statements,
        "pads": [_padded(a, way) for way in a.companions[1:]], "readings": [_reading(a, one) for one in a.readings],
    }  # fmt: skip


def _half(a: Anatomy, way: int) -> str:
    return f"output, {WAYS[way]} half" if a.body.directions == 2 else "output"


def _place(a: Anatomy, way: int) -> str:
    """How PyTorch names the last state of a direction of the top layer."""
    return f"h_n[{way - a.body.directions}]"


def _panel(a: Anatomy, way: int) -> dict[str, Any]:
    steps, units = a.shown, min(UNITS, a.body.width)
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
    beside = "; c_n stands beside it, in no column" if cell else ""
    label = f"{title}: {a.time} steps, {units} of {a.body.width} units. {where}{beside}."
    return {"title": title, "svg": svg.drawn(strip, label), "says": f"`{_place(a, way)}` {_ends(a, way)}"}


def _ends(a: Anatomy, way: int) -> str:
    step = sentences.shown(a, a.time - 1 if way == 0 else 0)
    end = "last" if way == 0 else "first"
    return f"is the column of the {end} step, {step}: there this direction ends."


def _numbers(a: Anatomy) -> list[dict[str, Any]]:
    """The values of what is drawn, a table a direction."""
    units = min(UNITS, a.body.width)
    heads = [f"{step + 1} {sentences.token(a.steps[step])}" for step in a.shown]
    return [
        {"title": _half(a, way), "heads": heads,
         "rows": [[f"{a.outputs[step, way, unit]:.3f}" for step in a.shown] for unit in range(units)]}
        for way in range(a.body.directions)
    ]  # fmt: skip


def _rows(a: Anatomy) -> Iterator[dict[str, Any]]:
    """h_n and c_n as PyTorch orders them, and where each row is found in the outputs."""
    for name, states in (("h_n", a.hidden), ("c_n", a.cell)):
        if states is None:
            continue
        most = float(np.abs(states).max()) or 1.0
        for layer in range(a.body.layers):
            for way in range(a.body.directions):
                state, found = states[layer, way], _found(a, states[layer, way], way)
                place = f"{name}[{layer * a.body.directions + way}]"
                whose = f"layer {layer + 1}" + (f", {WAYS[way]}" if a.body.directions == 2 else "")
                bar = svg.bar(state[:UNITS], most, f"{place}, {whose}: {min(UNITS, len(state))} of {len(state)} units")
                yield {"name": place, "whose": whose, "svg": bar, "found": found}


def _found(a: Anatomy, state: np.ndarray, way: int) -> str:
    """The step whose output holds a state, looked for in all of them; empty where none does."""
    if len(state) != a.body.width:
        return ""
    apart = np.abs(a.outputs[:, way] - state).max(1)
    step = int(apart.argmin())
    if apart[step] > TOLERANCE * max(1.0, float(np.abs(state).max())):
        return ""
    index = "-1" if step == a.time - 1 and way == 0 else str(step)
    half = (", :H", ", H:")[way] if a.body.directions == 2 else ""
    return f"output[{index}{half}]"


# --- padding and readings ------------------------------------------------------------------------------------------


def _padded(a: Anatomy, companion: Companion) -> dict[str, Any]:
    strips = [(_half(a, way), _padded_strip(a, companion, way)) for way in range(a.body.directions)]
    return {"companion": companion, "strips": strips}


def _padded_strip(a: Anatomy, companion: Companion, way: int) -> Markup:
    packed = companion.key == "packed"
    real, pads = ends(a.time, BESIDE_PADS), range(a.time, len(companion.outputs))
    units = min(FEWER, a.body.width)
    read: list[np.ndarray | None] = [companion.outputs[step, way, :units] for step in (*real, *pads)]
    ended = len(real) - 1 if packed else len(read) - 1
    strip = svg.Strip(
        values=[*read[: len(real)], *(None for _ in pads)] if packed else read,
        names=[*(sentences.token(a.steps[step], 8) for step in real), *("pad" for _ in pads)],
        most=a.scale,
        box=svg.Box(0 if way == 1 else ended, _place(a, way)),
        gap=len(real) // 2 if len(real) < a.time else None,
        pads=len(pads),
        row=6,
    )
    says = "pads hold zeros" if packed else "pads are read like tokens"
    label = f"{companion.name}, {_half(a, way)}: {a.time} steps and {len(pads)} pads; {says}; {_place(a, way)} is boxed"
    return svg.drawn(strip, label)


def _reading(a: Anatomy, one: Reading) -> dict[str, Any]:
    steps = list(ends(a.time, SHOWN // 2))
    hidden, cell = (np.atleast_1d(states.any(0)).tolist() for states in (one.hidden, one.cell))
    label = f"{one.name} reads {one.words}"
    first = " ".join(sentences.number(value) for value in one.first)
    apart = (
        f"{one.width} wide" if one.difference is None else "the same" if one.equal else sentences.number(one.difference)
    )
    return {"one": one, "svg": svg.marks(one.outputs[steps], hidden, cell, label), "first": first, "apart": apart}
