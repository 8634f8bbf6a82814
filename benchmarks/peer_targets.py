"""What was asked of SeqTwin's speed, what peers.py measured, and the most that its kernels allow."""

import statistics
from collections.abc import Mapping
from typing import Any

from peer_profile import DIAGNOSTICS, KERNEL, PRODUCTS

NEEDED = ("training", "encoding", "steps", "encode_parts", "diagnostics")
PRECISIONS = {"fp32": "SeqTwin, fp32", "bf16": "SeqTwin, bf16"}
TRAINING, ENCODING = {"fp32": 3.0, "bf16": 5.0}, {"fp32": 2.5, "bf16": 5.0}
ONE_TEXT, DIAGNOSED = 0.35, 0.02


def targets_page(results: Mapping[str, Any], peer: str) -> str:
    """The table as Markdown; empty where a part is not measured. `peer`: whose speed is 1."""
    if not all(name in results for name in NEEDED):
        return ""
    found = {name: results[name]["figures"] for name in NEEDED}
    if peer not in found["training"]:
        return ""
    head = """
## Asked, measured, and the most

*the most*: the measured figure if SeqTwin did nothing but the matrix products of the recurrence and of the words (one
text: nothing but PyTorch's LSTM), by the tables of where the time goes, with the library that SeqTwin uses.

| | asked | measured | the most |
| --- | ---: | ---: | ---: |
"""
    ratios = [
        *(_ratio_row("training", found["training"], found["steps"], name, peer, TRAINING) for name in PRECISIONS),
        *(_ratio_row("encoding", _rates(found), found["encode_parts"], name, peer, ENCODING) for name in PRECISIONS),
    ]
    return head + "".join(ratios) + _one_text_row(found) + _diagnostics_row(found["diagnostics"])


def _rates(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {"rate": rates} for name, rates in found["encoding"]["many"].items()}


def _ratio_row(
    what: str, rates: Mapping[str, Any], parts: Mapping[str, Any], precision: str, peer: str, asked: Mapping[str, float]
) -> str:
    own, reference = rates[PRECISIONS[precision]]["rate"], rates[peer]["rate"]
    ratio = statistics.median(a / b for a, b in zip(own, reference, strict=True))
    most = ratio / _share(parts[precision], PRODUCTS)
    return f"| {what}, {precision} | ≥ {asked[precision]:.1f} x | {ratio:.2f} x | {most:.1f} x |\n"


def _share(parts: Mapping[str, float], label: str) -> float:
    return parts[label] / sum(value for name, value in parts.items() if name != PRODUCTS)


def _one_text_row(found: Mapping[str, Any]) -> str:
    measured = statistics.median(found["encoding"]["one"][PRECISIONS["fp32"]])
    least = measured * _share(found["encode_parts"]["one text, fp32"], KERNEL)
    return f"| one text, fp32, CPU milliseconds | ≤ {ONE_TEXT} | {measured:.2f} | {least:.2f} |\n"


def _diagnostics_row(found: Mapping[str, Any]) -> str:
    labels = {label for _, _, label in DIAGNOSTICS}
    shares = [sum(own[label] for label in labels) / sum(own.values()) for own in found["rounds"]]
    share = statistics.median(shares)
    return f"| diagnostics, share of ten epochs | < {DIAGNOSED:.0%} | {share:.1%} | |\n"
