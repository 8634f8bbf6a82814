"""Numbers and names as the report prints them, and the colours both page and figures are drawn in."""

import math
import re

METRIC_NAMES = {
    "roc_auc": "ROC-AUC", "average_precision": "average precision", "pearson": "Pearson", "spearman": "Spearman",
    "mse": "MSE", "pearson_iso": "Pearson (isotonic)", "mse_iso": "MSE (isotonic)", "accuracy": "accuracy",
    "precision": "precision", "recall": "recall", "f1": "F1", "mcc": "MCC", "mrr": "MRR",
}  # fmt: skip
MEANINGS = {
    "roc_auc": "of a same and a different pair, the same one scores higher {share} times in 100",
    "spearman": "rank correlation of scores and targets; 1 is perfect order, 0 is none",
}
FLOOR_NAMES = {
    "constant": "constant", "tfidf_char": "character TF-IDF", "tfidf_word": "word TF-IDF",
    "jaro_winkler": "Jaro-Winkler", "mean_vectors": "mean of word vectors", "length": "length only",
}  # fmt: skip
# light and dark values of each colour; figures are drawn in the light ones, the page swaps them for variables
COLOURS = {
    "ink": ("#16242c", "#e6edf1"), "soft": ("#586770", "#9fb0ba"), "line": ("#dfe6ea", "#2a3a43"),
    "paper": ("#fbfcfc", "#10181d"), "card": ("#ffffff", "#162127"), "accent": ("#0f4d6b", "#7cc4e6"),
    "warn": ("#b84e14", "#f0a060"), "pale": ("#c9d6dd", "#41535e"),
    "c1": ("#104e6c", "#7cc4e6"), "c2": ("#157a74", "#5cc4bb"), "c3": ("#57761f", "#a9cf62"),
    "c4": ("#6d4fa3", "#b9a3ea"), "c5": ("#a4407a", "#e995c6"), "c6": ("#5f6b73", "#b4c0c7"),
}  # fmt: skip
SERIES = ("c1", "c2", "c3", "c4", "c5", "c6")
LOSS_SERIES = ("c1", "c5", "c3", "c4", "c2", "c6")


def hue(index: int) -> str:
    """The light value of the colour of the nth representation."""
    return light(SERIES[index % len(SERIES)])


def loss_hue(index: int) -> str:
    """The light value of the colour of the nth loss: neighbours far apart, for thin lines that cross."""
    return light(LOSS_SERIES[index % len(LOSS_SERIES)])


def light(name: str) -> str:
    """The light value of a named colour."""
    return COLOURS[name][0]


def metric_name(name: str) -> str:
    """How a metric is called in running text.

    >>> metric_name("roc_auc"), metric_name("recall@10")
    ('ROC-AUC', 'recall@10')
    """
    return METRIC_NAMES.get(name, name.replace("_", " "))


def digits(value: float | None, places: int = 3) -> str:
    """A share or correlation without its leading zero; a dash where there is none.

    >>> digits(0.9391), digits(-0.05, 2), digits(1.0), digits(None)
    ('.939', '\u2212.05', '1.000', '\u2013')
    """
    if value is None or not math.isfinite(value):
        return "–"
    text = f"{abs(value):.{places}f}"
    shown = text[1:] if text.startswith("0.") else text
    return f"−{shown}" if value < 0 and float(text) else shown


def signed(value: float | None) -> str:
    """`digits` with a plus where it is one.

    >>> signed(0.012)
    '+.012'
    """
    return f"+{digits(value)}" if value is not None and value > 0 else digits(value)


def tiny(value: float | None) -> str:
    """A deviation with one digit and its power of ten.

    >>> tiny(2.13e-7), tiny(0.0)
    ('2e-7', '0')
    """
    if value is None or not math.isfinite(value):
        return "–"
    return re.sub(r"e([-+])0*(\d)", r"e\1\2", f"{value:.0e}") if value else "0"


def count(value: float | None) -> str:
    """A whole number with its thousands apart.

    >>> count(31020.4)
    '31,020'
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:,.0f}"


def plain(value: float | None) -> str:
    """Up to four significant digits, for settings and seconds.

    >>> plain(0.25), plain(10.38)
    ('0.25', '10.38')
    """
    return "–" if value is None or not math.isfinite(value) else f"{value:.4g}"


def listed(names: list[str], last: str = "and") -> str:
    """Names as a sentence has them.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {last} {names[-1]}" if names else ""


def slug(text: str) -> str:
    """A name fit for ids and file names.

    >>> slug("encoder.hidden=64, Länge")
    'encoder-hidden-64-l-nge'
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "all"
