"""The planned comparisons as rows of a forest plot in HTML: places on a common scale, in per cent of its width."""

from collections.abc import Sequence

from seqtwin.reporting.formatting import digits, known, settled, signed
from seqtwin.reporting.page.comparison import Verdict
from seqtwin.reporting.page.template_values import Context

MOST_SHOWN = 8
REASONS = {
    "R01": "too few seeds", "R02": "not planned", "R03": "not under every loss", "R04": "unequal conditions",
    "R05": "no rank metric", "R06": "some seeds failed", "R07": "undefined", "R08": "no clear difference",
    "R13": "test and training share items", "R14": "not trained yet", "R15": "still rising", "R17": "at the ceiling",
    "R18": "tiny test",
}  # fmt: skip


def forest_rows(rows: Sequence[Verdict], rope: float) -> Context:
    """The rows that were measured, claims first, and the scale they share.

    `everywhere`: the reasons to withhold a claim that are common to all rows. `zero`, `rope_left`, `rope_width`: places
    of no difference and of the region of practical equality.
    """
    shown = [row for row in rows if row["difference"] is not None]
    shown.sort(key=lambda row: not row["claimed"])
    ends = [known(row[end]) for row in shown for end in ("low", "high", "difference") if row[end] is not None]
    low, high = min([-rope, *ends]), max([rope, *ends])
    room = 0.04 * (high - low)
    scale = (low - room, high + room)
    common = set.intersection(*(_codes(row) for row in shown)) if shown else set()
    drawn = [_row(row, scale, common) for row in shown]
    return {
        "shown": drawn[:MOST_SHOWN], "more": drawn[MOST_SHOWN:], "zero": _place(0.0, scale),
        "rope": digits(rope, 2), "rope_left": _place(-rope, scale),
        "rope_width": round(_place(rope, scale) - _place(-rope, scale), 1),
        "everywhere": _reasons(sorted(common)),
    }  # fmt: skip


def _row(row: Verdict, scale: tuple[float, float], common: set[str]) -> Context:
    difference = known(row["difference"])
    low, high = (known(row[end]) if row[end] is not None else difference for end in ("low", "high"))
    left, right = _place(low, scale), _place(high, scale)
    interval = f"{signed(row['low'])} to {signed(row['high'])}" if row["low"] is not None else "no interval"
    return {
        "name": row["short"], "verdict": _verdict(row, common), "claimed": row["claimed"],
        "difference": signed(difference), "interval": interval,
        "point": _place(difference, scale), "left": left, "width": round(right - left, 1),
    }  # fmt: skip


def _codes(row: Verdict) -> set[str]:
    return {refusal.code for refusal in row["blocks"]}


def _verdict(row: Verdict, common: set[str]) -> str:
    """The verdict with the reasons of its refusals in words, without those common to all rows."""
    if row["claimed"] or not row["blocks"]:
        return row["verdict"]
    own = _reasons(sorted(_codes(row) - common))
    return f"no claim: {own}" if own and not common else own


def _reasons(codes: Sequence[str]) -> str:
    return ", ".join(REASONS.get(code, code) for code in codes)


def _place(value: float, scale: tuple[float, float]) -> float:
    low, high = scale
    return round(settled(100 * (value - low) / (high - low)), 1)
