"""Small pieces of HTML for notebooks: a card with facts, a table, a line as inline SVG. They work without scripts."""

import math
from collections.abc import Mapping, Sequence
from html import escape

_STYLE = "border:1px solid #8888;border-radius:6px;padding:.6em .9em;display:inline-block;max-width:60em"
_CELL = "padding:.1em .8em .1em 0;text-align:right"
_WIDTH, _HEIGHT, _EDGE = 260, 90, 6


def card(title: str, parts: Sequence[str], next_steps: Sequence[str] = ()) -> str:
    """A card. `parts`: HTML; `next_steps`: lines of code to try next."""
    steps = "".join(f"<br><code>{escape(step)}</code>" for step in next_steps)
    ending = f'<div style="margin-top:.5em">Next:{steps}</div>' if steps else ""
    return f'<div style="{_STYLE}"><strong>{escape(title)}</strong>{"".join(parts)}{ending}</div>'


def paragraph(text: str) -> str:
    """A text as a paragraph.

    >>> paragraph("a < b")
    '<div>a &lt; b</div>'
    """
    return f"<div>{escape(text)}</div>"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; its first column is to the left, the others to the right."""
    first = _CELL.replace("right", "left")

    def line(tag: str, values: Sequence[str]) -> str:
        cells = (
            f'<{tag} style="{first if place == 0 else _CELL}">{escape(value)}</{tag}>'
            for place, value in enumerate(values)
        )
        return f"<tr>{''.join(cells)}</tr>"

    body = "".join(line("td", row) for row in rows)
    return f'<table style="margin:.4em 0;border-collapse:collapse">{line("th", head)}{body}</table>'


def scores_table(parts: Mapping[str, Mapping[str, float]], most: int = 8) -> str:
    """A table of metrics with one column per split. `most`: rows shown."""
    names = list(dict.fromkeys(name for values in parts.values() for name in values))[:most]
    cells = [[name, *(f"{part[name]:.3f}" if name in part else "" for part in parts.values())] for name in names]
    return table(["", *parts], cells)


def curve_svg(values: Sequence[float | None], label: str) -> str:
    """A line over 0, 1, 2, ... as inline SVG, in the colour of the text around it; empty below two known values.

    >>> curve_svg([0.5], "dev roc_auc")
    ''
    """
    numbers = [math.nan if value is None else float(value) for value in values]
    known = [(place, value) for place, value in enumerate(numbers) if not math.isnan(value)]
    if len(known) < 2:
        return ""
    low, high = min(value for _, value in known), max(value for _, value in known)
    across, up = (_WIDTH - 2 * _EDGE) / known[-1][0], (_HEIGHT - 2 * _EDGE) / ((high - low) or 1.0)
    points = " ".join(f"{_EDGE + across * x:.1f},{_HEIGHT - _EDGE - up * (y - low):.1f}" for x, y in known)
    spoken = escape(f"{label}: {known[0][1]:.3f} at the start, {known[-1][1]:.3f} at the end, {high:.3f} at most")
    line = f'<polyline points="{points}" fill="none" stroke="currentColor" stroke-width="1.6"/>'
    size = f'width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    return f'<div>{escape(label)}<br><svg {size} role="img" aria-label="{spoken}">{line}</svg></div>'
