"""A planned comparison: the row of the analysis, and the same with its verdict."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

from seqtwin.reporting.findings.refusals.check_claims import Refusal


class Comparison(TypedDict):
    """A planned comparison as the analysis has it; its numbers are None where it was not computed."""

    dataset: str
    left: Mapping[str, str]
    right: Mapping[str, str]
    within: Mapping[str, str]
    claim: str
    refused: str
    difference: float | None
    low: float | None
    high: float | None
    p_t: float | None
    p_flip: float | None
    p_holm: float | None
    p_left: float | None
    p_rope: float | None
    p_right: float | None
    p_better: float | None
    seeds: float | None
    per: Sequence[Mapping[str, float | None]]


class Verdict(Comparison):
    """A planned comparison with its refusals, the verdict in words, and its short name."""

    blocks: list[Refusal]
    claimed: bool
    verdict: str
    short: str
