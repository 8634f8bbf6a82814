"""The command that shows what decided about one pair: why."""

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
    left: Annotated[str, typer.Argument(help="a text")],
    right: Annotated[str, typer.Argument(help="another text")],
    method: Annotated[str, typer.Option(help="occlusion (each token left out) or gradient (a hint)")] = "occlusion",
    as_json: Json = False,
) -> None:
    """Show which parts of two texts raise and lower their score.

    seqtwin why runs/small/encoder Wien Vienna
    """
    from seqtwin.errors import ConfigError
    from seqtwin.inference.trained_encoder import load

    found = load(encoder)
    if found.inputs != "tokens":
        remedy = "seqtwin.load(folder).explain_pair(left, right)"
        raise ConfigError("ENCODE_INPUTS", "an encoder of series explains no texts", place=str(encoder), remedy=remedy)
    parts = found.explain_pair(left, right, method=method)
    if as_json:
        console.say_json(parts.as_dict())
        return
    console.say("\n".join(drawn(parts)))


def drawn(parts: "PairParts") -> list[str]:
    """The pair as lines: the decision, each text with bars of what raises (above) and lowers (below) the score."""
    decision = {True: "the same", False: "not the same", None: "no threshold, so no decision"}[parts.same]
    bound = "" if parts.threshold is None else f" (threshold {parts.threshold:.4f})"
    known = [abs(c) for side in (parts.left, parts.right) for c in side.contributions if c is not None]
    most = max(known, default=0.0)
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
    """Places of the signs of each line."""
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
    """One eighth for the least that can be seen, eight for the most."""
    return LEVELS[round(8 * max(0.0, min(1.0, value / most)))] if most else " "
