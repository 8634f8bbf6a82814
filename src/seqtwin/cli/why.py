"""The command why: the parts of two texts that raise or lower their score."""

from typing import TYPE_CHECKING, Annotated

import typer

from seqtwin.cli import console
from seqtwin.cli.arguments import Encoder, Json

if TYPE_CHECKING:
    from seqtwin.inference.explain_pair import PairParts, Side

WIDTH = 76
LEVELS = " ▁▂▃▄▅▆▇█"


def why(
    encoder: Encoder,
    left: Annotated[str, typer.Argument(help="the first text", metavar="LEFT")],
    right: Annotated[str, typer.Argument(help="the second text", metavar="RIGHT")],
    method: Annotated[
        str,
        typer.Option(
            help="occlusion (leave out one token at a time) or gradient (a faster approximation)", metavar="METHOD"
        ),
    ] = "occlusion",
    as_json: Json = False,
) -> None:
    """Show which parts of two texts raise or lower their score.

    seqtwin why runs/small/encoder Wien Vienna
    """
    from seqtwin.errors import ConfigError
    from seqtwin.inference.trained_encoder import load

    model = load(encoder)
    if model.inputs != "tokens":
        remedy = "seqtwin.load(folder).explain_pair(left, right)"
        cause = "this command needs an encoder of texts; explain series in Python"
        raise ConfigError("ENCODE_INPUTS", cause, place=str(encoder), remedy=remedy)
    parts = model.explain_pair(left, right, method=method)
    if as_json:
        console.print_json(parts.as_dict())
        return
    console.print_line("\n".join(drawn(parts)))


def drawn(parts: "PairParts") -> list[str]:
    """The printed lines: the score and decision, then each text with bars for the effect of its parts.

    Bars above the text raise the score, bars below lower it.
    """
    decision = {True: "the same", False: "not the same", None: "no threshold, so no decision"}[parts.same]
    bound = "" if parts.threshold is None else f" (threshold {parts.threshold:.4f})"
    effects = [abs(c) for side in (parts.left, parts.right) for c in side.contributions if c is not None]
    most = max(effects, default=0.0)
    lines = [f"score {parts.score:.4f}{bound}: {decision}", f"{parts.method}: {parts.meaning}"]
    lines.append(f"a full bar is {most:.4f}; bars above a text raise the score, bars below lower it")
    for side in (parts.left, parts.right):
        lines += ["", *_side(side, most)]
    return lines


def _side(side: "Side", most: float) -> list[str]:
    from rich.cells import cell_len

    values = [0.0] * len(side.text)
    for (start, end), part in zip(side.spans, side.contributions, strict=True):
        for place in range(start, end):
            values[place] += part or 0.0
    signs = [sign if sign.isprintable() else "·" for sign in side.text]
    lines = []
    for row in _rows([cell_len(sign) for sign in signs]):
        bars = ["".join(_bar(way * values[i], most) * cell_len(signs[i]) for i in row) for way in (1, -1)]
        text = "".join(signs[i] for i in row)
        lines += [line.rstrip() for line in (bars[0], text, bars[1]) if line.strip()]
    return lines


def _rows(widths: list[int]) -> list[list[int]]:
    """The positions of the characters of each line."""
    rows: list[list[int]] = [[]]
    used = 0
    for place, width in enumerate(widths):
        if used + width > WIDTH:
            rows.append([])
            used = 0
        rows[-1].append(place)
        used += width
    return rows


def _bar(value: float, most: float) -> str:
    """A block character of 0 to 8 eighths."""
    return LEVELS[round(8 * max(0.0, min(1.0, value / most)))] if most else " "
