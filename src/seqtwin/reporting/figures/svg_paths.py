"""The path of an SVG shape, written with relative coordinates, which are shorter."""

import re

_STEP = re.compile(r"([MLCQz])([^MLCQz]*)")


def tight(path: str) -> str:
    """The same path in tenths of a pixel, each step relative to the end of the previous one.

    >>> tight("M 48.3 224.6 L 329.4 224.6 L 330.0 220.1 z"), tight("M 1.0 1.0 L 1.0 1.0")
    ('M48.3 224.6h281.1l.6-4.5z', 'M1 1h0')
    """
    here, start, before, text = (0, 0), (0, 0), "", ""
    for letter, written in _STEP.findall(path):
        numbers = [round(float(number) * 10) for number in written.split()]
        moved = [number - here[i % 2] for i, number in enumerate(numbers)]
        here = (numbers[-2], numbers[-1]) if numbers else start
        start = here if letter == "M" else start
        sign, steps = _step(letter, moved, after=before) if text else ("M", numbers)
        shown = _joined(steps)
        if sign and sign == before and sign not in "mz":
            text += shown if shown.startswith("-") else f" {shown}"
        else:
            text += f"{sign}{shown}"
        before = sign or before
    return text


def _step(letter: str, moved: list[int], *, after: str) -> tuple[str, list[int]]:
    """The command and the numbers of one step; a line of length zero is dropped, except after a move (a dot)."""
    if letter != "L":
        return letter.lower(), moved
    right, down = moved
    if right and down:
        return "l", moved
    if right or (not down and after in "Mm"):
        return "h", [right]
    return ("v", [down]) if down else ("", [])


def _joined(numbers: list[int]) -> str:
    text = ""
    for shown in map(tenths, numbers):
        text += f" {shown}" if text and not shown.startswith("-") else shown
    return text


def tenths(number: int) -> str:
    """A number of tenths as text.

    >>> [tenths(number) for number in (0, -5, 120, 123)]
    ['0', '-.5', '12', '12.3']
    """
    whole, part = divmod(abs(number), 10)
    shown = f"{whole or ''}.{part}" if part else f"{whole}"
    return f"-{shown}" if number < 0 else shown
