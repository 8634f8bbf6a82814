"""Refusal R15: a comparison with a pairing whose metric on dev was still rising when training ended."""

import math
from collections.abc import Iterator, Mapping
from statistics import median
from typing import NamedTuple

from seqtwin.metrics.longer_training import in_words, times_longer
from seqtwin.reporting.analysis.records import FacetAnalysis, VersusBest
from seqtwin.reporting.findings.base_rule import QUARTERS, Known
from seqtwin.reporting.findings.curve_values import with_curve_values
from seqtwin.reporting.findings.diagnose import values_of_row
from seqtwin.reporting.findings.refusals.claim import (
    Claim,
    finished,
    labels_in,
    labels_of,
    named,
    number,
    pairing_of,
    rows_of,
)
from seqtwin.reporting.findings.refusals.refusal import Refusal, RefusalRule, Refused, first_refusal
from seqtwin.reporting.findings.refusals.seeds import still_on_plateau
from seqtwin.reporting.findings.rules import RULES as DIAGNOSES
from seqtwin.reporting.formatting import digits, known, listed, many
from seqtwin.reporting.table.frame_rows import Labels, records
from seqtwin.reporting.table.study_table import StudyTable

AGAIN = 4  # as many epochs again are four quarters; a curve that flattens gains less
_EPOCHS = "fit.epochs"
_SHOWN = 4


class Rise(NamedTuple):
    """The median gain on dev of a pairing in the last quarter of its epochs, and whether it is still rising (D18).

    `epochs`: how many it was trained; with fewer than four, the gain is that of the last one.
    """

    gain: float
    fires: bool
    epochs: int = QUARTERS

    @property
    def shown(self) -> str:
        """The gain in parentheses; empty with fewer than four epochs, which have no last quarter."""
        return f" (+{digits(self.gain)})" if self.epochs >= QUARTERS else ""

    @property
    def when(self) -> str:
        """When it was rising, in words."""
        return "in the last quarter of the epochs" if self.epochs >= QUARTERS else f"after {many(self.epochs, 'epoch')}"


def rise_of(table: StudyTable, labels: Labels) -> Rise:
    """How the curves of a pairing end. It is still rising if at least half of its finished seeds are."""
    rows = with_curve_values(table, finished(rows_of(table, labels)))
    values = [Known(values_of_row(row)) for row in records(rows)]
    rising = sum(DIAGNOSES["D18"].fires(own) for own in values)
    gains = [own["dev_rise"] for own in values if not math.isnan(own["dev_rise"])]
    epochs = min((int(own["dev_epochs"]) for own in values if not math.isnan(own["dev_epochs"])), default=QUARTERS)
    return Rise(median(gains) if gains else 0.0, rising > 0 and len(values) <= 2 * rising, epochs)


def rising_pairings(table: StudyTable) -> dict[str, Rise]:
    """The rise of every pairing that was still rising, by its name."""
    pairings = (labels_of(table, row) for row in records(table.pairings))
    rises = {named(labels): rise_of(table, labels) for labels in pairings}
    return {name: rise for name, rise in rises.items() if rise.fires}


def rising_claim(table: StudyTable, claim: Claim) -> Refused:
    """The losses differ and either side was still rising, or the lower side would catch up at these rates."""
    return first_refusal(_rising_pair(table, claim, left, right) for left, right in claim.sides)


def _rising_pair(table: StudyTable, claim: Claim, left: Labels, right: Labels) -> Refused:
    means = [_mean(table, side) for side in (left, right)]
    lower, upper = (left, right) if means[0] < means[1] else (right, left)
    why = _why(table, lower, upper, abs(means[0] - means[1]), losses=left.get("loss") != right.get("loss"))
    return Refusal("R15", f"Not compared: {claim.name}.", why, claim.where) if why else None


def _mean(table: StudyTable, labels: Labels) -> float:
    row = pairing_of(table, labels)
    return math.nan if row is None else number(row, "mean")


def _why(table: StudyTable, lower: Labels, upper: Labels, gap: float, *, losses: bool) -> str:
    """Why two pairings are not compared; empty where they are. `gap`: of their test means; `losses`: they differ."""
    here, there = rise_of(table, lower), rise_of(table, upper)
    rising = [f"{named(side)}{rise.shown}" for side, rise in ((upper, there), (lower, here)) if rise.fires]
    if losses and rising:
        return f"Still rising on validation data {(here if here.fires else there).when}: {listed(rising)}."
    faster = here.gain - max(there.gain, 0.0)
    if here.fires and gap <= min(AGAIN, here.epochs) * faster:
        when = here.when if here.epochs >= QUARTERS else "in the last epoch"
        return (
            f"{named(lower)} was still rising on validation data: by {digits(here.gain)} {when}, {digits(faster)} more "
            f"than {named(upper)}. At these rates, as many epochs again close the gap of {digits(gap)}."
        )
    return ""


def rising_rival(table: StudyTable, facet: FacetAnalysis) -> Refused:
    """A pairing called worse than the best of a facet was still rising, and differs in the loss only or catches up."""
    return first_refusal(_rival(table, facet, rival) for rival in facet.get("versus_best", []) if rival["apart"])


def _rival(table: StudyTable, facet: FacetAnalysis, rival: VersusBest) -> Refused:
    shared, gap = facet.get("labels", {}), known(rival["difference"])
    best, other = (labels_in(table, {**shared, **labels}) for labels in (facet.get("best") or {}, rival))
    losses = best.get("representation") == other.get("representation") and rise_of(table, other).fires
    why = _why(table, other, best, gap, losses=losses) if gap > 0 else ""
    return Refusal("R15", f"{named(best)} is not called the best.", why, facet.get("dataset", "")) if why else None


def rising_anywhere(table: StudyTable) -> Iterator[Refused]:
    """The pairings that were still rising, and how long to train."""
    rising = rising_pairings(table)
    if rising:
        count = f"{len(rising)} of {len(table.pairings)} pairings"
        verb = "was" if len(rising) == 1 else "were"
        why = f"{_listed(rising)} {verb} still rising on validation data {_when(rising)}. "
        why += f"No comparison of {table.nouns.columns} rests on {'it' if len(rising) == 1 else 'them'}. "
        yield Refusal("R15", f"Not enough steps for {count}.", f"{why}{advice(table)}", str(table.meta.get("name", "")))


def _when(rising: Mapping[str, Rise]) -> str:
    """After how many epochs, if there were fewer than four of them."""
    epochs = {rise.epochs for rise in rising.values()}
    few = len(epochs) == 1 and max(epochs) < QUARTERS
    return f"after {many(max(epochs), 'epoch')}" if few else "when training ended"


def _listed(rising: Mapping[str, Rise]) -> str:
    """The pairings with their gains, largest first."""
    names = sorted(rising, key=lambda name: -rising[name].gain)
    shown = [f"{name}{rising[name].shown.replace(')', ' in the last quarter)')}" for name in names[:1]]
    shown += [f"{name}{rising[name].shown}" for name in names[1:_SHOWN]]
    more = len(names) - _SHOWN
    return f"{', '.join(shown)} and {more} more" if more > 0 else listed(shown)


def rising_line(table: StudyTable) -> str:
    """The pairings that were still rising and how long to train, in one line; empty where there are none."""
    refusal = next(rising_anywhere(table), None)
    return f"note: {refusal.sentence} {refusal.why} (R15)" if refusal else ""


def advice(table: StudyTable) -> str:
    """How long to train, as a number of epochs where all pairings have the same.

    Twice as long; five times, if any pairing is still on its plateau (R14). There is one advice.
    """
    stuck = any(still_on_plateau(table, labels_of(table, row)) for row in records(table.pairings))
    words, times = in_words(stuck=stuck), times_longer(stuck=stuck)
    base = table.meta.get("config", {}).get("base")
    fit = base.get("fit") if isinstance(base, dict) else None
    epochs = fit.get("epochs") if isinstance(fit, dict) else None
    if not isinstance(epochs, int) or _EPOCHS in table.meta.get("extra", ()):
        return f"Train every pairing {words} as long ({_EPOCHS})."
    return f"Train every pairing {words} as long: {_EPOCHS}={times * epochs}."


RULES = (
    RefusalRule(
        "R15",
        "a comparison of losses if one pairing was still rising on dev when training ended, and any other comparison "
        "if the lower pairing would catch up with as many epochs again",
        refuses_of_items="a comparison of heads if one pairing was still rising on dev when training ended, and any "
        "other comparison if the lower pairing would catch up with as many epochs again",
        urgency=0,
        claim=rising_claim,
        facet=rising_rival,
        study=rising_anywhere,
    ),
)
