"""The names and numbers that a report prints: representations, slices; digits, intervals, lists."""

import math
import re

FAMILIES = {
    "pooling over all steps": ("mean_output", "sqrt_mean_output", "max_output", "attention_output"),
    "the final state": ("final_hidden", "all_hidden", "final_cell"),
    "the output of one step": ("last_output", "first_output"),
}
GLOSS = {
    "final_hidden": "the last state of each direction", "all_hidden": "the last state of every layer and direction",
    "final_cell": "the memory cell after the last step", "last_output": "the output at the last step",
    "first_output": "the output at the first step", "mean_output": "the mean of the outputs of all steps",
    "sqrt_mean_output": "the sum of the outputs over the root of their number",
    "max_output": "the largest value of each output over all steps",
    "attention_output": "a learned weighted mean of the outputs",
}  # fmt: skip
SLICES = {
    "length": ("By length", "Quartiles of the mean length of the two sides, shortest first."),
    "pad_share": ("By share of padding", "Quartiles of the share of padding; a slope means that padding matters."),
    "overlap": ("By shared tokens", "Jaccard overlap of the token sets of both sides; a small overlap is hardest."),
    "seen": ("By how many of the two items occur in training", "Pairs of two new items are the honest test."),
    "target": ("By target", "Quartiles of the target, lowest first."),
}


def short_key(key: str) -> str:
    """The last part of a dotted name, as running text calls the factor.

    >>> short_key("encoder.padding")
    'padding'
    """
    return key.rsplit(".", 1)[-1]


def settled(value: float) -> float:
    """The number without its last digits, in which processors differ. Rounded further, it prints alike on all of them.

    >>> settled(0.0058471249999999998), settled(0.0058471250000000007)
    (0.005847125, 0.005847125)
    """
    return float(f"{value:.12g}")


def digits(value: float | None, places: int = 3) -> str:
    """A share or correlation without its leading zero; a dash where there is none.

    >>> digits(0.9391), digits(-0.05, 2), digits(1.0), digits(None)
    ('.939', '\u2212.05', '1.000', '\u2013')
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{settled(abs(value)):.{places}f}"
    shown = text[1:] if text.startswith("0.") else text
    return f"−{shown}" if value < 0 and float(text) else shown


def signed(value: float | None) -> str:
    """`digits`, with a plus sign before positive numbers.

    >>> signed(0.012), signed(0.0003)
    ('+.012', '.000')
    """
    return f"+{digits(value)}" if value is not None and math.isfinite(value) and value >= 0.0005 else digits(value)


def known(value: float | None) -> float:
    """The number, or nan for None; the analysis has None where a value is undefined."""
    return float("nan") if value is None else float(value)


def p_value(value: float | None) -> str:
    """A p value as text.

    >>> p_value(0.0004), p_value(0.0312), p_value(None)
    ('< .001', '.031', '\u2013')
    """
    return "< .001" if value is not None and value < 0.0005 else digits(value)


def percent(value: float | None) -> str:
    """A share as an integer percentage.

    >>> percent(0.236)
    '24 %'
    """
    return "–" if value is None or not math.isfinite(value) else f"{settled(100 * value):.0f} %"


def span(low: float | None, high: float | None) -> str:
    """An interval with the signs of its ends.

    >>> span(-0.012, 0.03)
    '\u2212.012 to +.030'
    """
    return f"{signed(low)} to {signed(high)}" if math.isfinite(known(low)) else "–"


def tiny(value: float | None) -> str:
    """A deviation with one digit and its power of ten.

    >>> tiny(2.13e-7), tiny(0.0)
    ('2e-7', '0')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return re.sub(r"e([-+])0*(\d)", r"e\1\2", f"{settled(value):.0e}") if value else "0"


def count(value: float | None) -> str:
    """A number rounded to an integer, with commas between the thousands.

    >>> count(31020.4)
    '31,020'
    """
    return "–" if value is None or not math.isfinite(value) else f"{settled(value):,.0f}"


def plain(value: float | None) -> str:
    """Up to four significant digits, for settings and seconds.

    >>> plain(0.25), plain(10.38)
    ('0.25', '10.38')
    """
    return "–" if value is None or not math.isfinite(value) else f"{settled(value):.4g}"


def listed(names: list[str], last: str = "and") -> str:
    """Names as a list in a sentence.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def many(number: int, noun: str) -> str:
    """A number and its noun.

    >>> many(1, "seed"), many(3, "seed")
    ('1 seed', '3 seeds')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def slug(text: str) -> str:
    """A name that is valid in ids and file names.

    >>> slug("encoder.hidden=64, Länge")
    'encoder-hidden-64-l-nge'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "all"
