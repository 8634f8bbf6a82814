"""A planned comparison with its verdict, as the page shows it."""

from seqtwin.reporting.analysis.records import Planned
from seqtwin.reporting.findings.refusals.check_claims import Refusal


class Verdict(Planned):
    """A planned comparison with its refusals, the verdict in words, and its short name."""

    blocks: list[Refusal]
    claimed: bool
    verdict: str
    short: str
